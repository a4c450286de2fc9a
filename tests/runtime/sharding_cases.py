"""How lifts divide arrays over several devices, against JAX: run as a program of its own, a line for each
case: its name, how far values are from JAX's, how ours are divided, and how JAX's.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import flax.linen as linen
import jax
import jax.numpy as jnp
from jax import lax
from jax.sharding import AxisType, NamedSharding
from jax.sharding import PartitionSpec as P

import stablelift
from stablelift import functional
from tests.runtime.device_cases import difference

OURS = SimpleNamespace(
    scan=functional.scan, checkpoint=functional.checkpoint, vmap=functional.vmap, nn=stablelift
)
JAX = SimpleNamespace(scan=lax.scan, checkpoint=jax.checkpoint, vmap=jax.vmap, nn=linen)

X = jnp.linspace(-1.0, 1.0, 8 * 6 * 4).reshape(8, 6, 4)


def mesh() -> jax.sharding.Mesh:
    return jax.make_mesh((2, 2), ("data", "model"), axis_types=(AxisType.Auto,) * 2)


def constrained(x: jax.Array) -> jax.Array:
    """One example, divided along its last axis."""
    return lax.with_sharding_constraint(x, NamedSharding(mesh(), P(*[None] * (x.ndim - 1), "model")))


def of_linen(nn: Any, x: jax.Array) -> jax.Array:
    class Layer(nn.Module):
        @nn.compact
        def __call__(self, carry, _):
            return constrained(nn.tanh(nn.Dense(4, kernel_init=nn.initializers.ones)(carry))), None

    layers = nn.scan(Layer, variable_axes={"params": 0}, split_rngs={"params": True}, length=2)()
    variables = layers.init(jax.random.key(0), x, None)
    return layers.apply(variables, x, None)[0]


LIFTS: dict[str, Callable[[Any, jax.Array], jax.Array]] = {
    "a scan": lambda lib, x: lib.scan(lambda c, x: (constrained(jnp.tanh(c * x)),) * 2, x[0], x)[1],
    "a checkpoint": lambda lib, x: lib.checkpoint(lambda x: constrained(jnp.sin(x)))(x),
    "a map": lambda lib, x: lib.vmap(lambda x: constrained(jnp.sin(x)), spmd_axis_name=None)(x),
    "a scan of layers": lambda lib, x: of_linen(lib.nn, x),
    "no constraint": lambda lib, x: lib.scan(lambda c, x: (jnp.tanh(c * x),) * 2, x[0], x)[1],
}
"""Lifts that `jax.vmap` maps, whose examples it divides along axes of a mesh."""

NAMES = {"one axis": "data", "axes": ("data",), "no axis": None}


def of_maps(name: str, axis: str) -> list[tuple[Any, Any]]:
    """Values, and gradients, of ours and of JAX's."""

    def pair(lib: Any) -> Any:
        mapped = jax.vmap(lambda x: LIFTS[name](lib, x), spmd_axis_name=NAMES[axis])
        return jax.jit(mapped)(X), jax.jit(jax.grad(lambda x: (mapped(x) ** 2).sum()))(X)

    return list(zip(pair(OURS), pair(JAX), strict=True))


def cases() -> Iterator[tuple[str, list[tuple[Any, Any]]]]:
    for name in LIFTS:
        for axis in NAMES:
            yield f"{name}, {axis}", of_maps(name, axis)


CASES = [f"{name}, {axis}" for name in LIFTS for axis in NAMES]


def described(x: jax.Array) -> str:
    return f"{jax.typeof(x)} {getattr(x.sharding, 'spec', 'on one device')}"


def main() -> None:
    for name, pairs in cases():
        error = max(difference(ours, expected) for ours, expected in pairs)
        of_ours, of_jax = ([described(pair[which]) for pair in pairs] for which in (0, 1))
        print(json.dumps([name, error, of_ours, of_jax]), flush=True)


if __name__ == "__main__":
    main()
