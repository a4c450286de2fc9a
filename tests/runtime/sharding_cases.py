"""How lifts divide arrays over several devices, against JAX: run as a program of its own, a line for each
case: its name, how far values are from JAX's, how ours are divided, and how JAX's.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
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
    **{name: getattr(functional, name) for name in ("scan", "checkpoint", "vmap", "cond", "jit", "grad")},
    nn=stablelift,
)
JAX = SimpleNamespace(
    **{name: getattr(jax, name) for name in ("checkpoint", "vmap", "jit", "grad")},
    **{name: getattr(lax, name) for name in ("scan", "cond")},
    nn=linen,
)

X = jnp.linspace(-1.0, 1.0, 8 * 6 * 4).reshape(8, 6, 4)


def mesh(*types: AxisType) -> jax.sharding.Mesh:
    return jax.make_mesh((2, 2), ("data", "model"), axis_types=types or (AxisType.Auto,) * 2)


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


PARTS: dict[str, Callable[[jax.Array, jax.Array], Any]] = {
    "a product": lambda x, w: (x * jnp.sin(w), w * w),
    "a sum over devices": lambda x, w: lax.psum((x * jnp.sin(w)).sum(), "model") * jnp.tanh(x + w),
    "a loop": lambda x, w: lax.scan(lambda c, _: (jnp.tanh(c * x), c), x, None, length=3)[1] + w,
}
"""What each device does with its parts of one example, and of what examples share."""


def total(function: Any) -> Any:
    return lambda x, w: sum(jnp.sin(leaf).sum() for leaf in jax.tree.leaves(function(x, w)))


MAPPED: dict[str, Callable[[Any, Any, Any], Any]] = {
    "results": lambda lib, of_all, f: of_all(f),
    "gradient": lambda lib, of_all, f: lib.grad(total(of_all(f)), (0, 1)),
    "gradient by jax": lambda lib, of_all, f: jax.grad(total(of_all(f)), (0, 1)),
    "gradient of one": lambda lib, of_all, f: of_all(lib.grad(total(f), (0, 1))),
    "gradient of the gradient": lambda lib, of_all, f: lib.grad(
        total(lib.grad(total(of_all(f)), (0, 1))), (0, 1)
    ),
}


def of_devices(name: str, way: str, checks: bool) -> list[tuple[Any, Any]]:
    """The leaves of ours and of JAX's of `shard_map` in a map that divides examples."""
    in_specs = P(None, "model"), P(None, "model")
    out_specs = P(None, None, "model") if name == "a loop" else P(None, "model")
    options = {"in_specs": in_specs, "out_specs": out_specs, "check_vma": checks}
    function = jax.shard_map(PARTS[name], mesh=mesh(), **options)

    def leaves(lib: Any) -> Any:
        def of_all(f: Any) -> Any:
            return lib.vmap(f, (0, None), spmd_axis_name="data")

        return jax.tree.leaves(jax.jit(MAPPED[way](lib, of_all, function))(X, X[0]))

    return list(zip(leaves(OURS), leaves(JAX), strict=True))


def layer(c: jax.Array, x: jax.Array) -> tuple[jax.Array, jax.Array]:
    return jax.nn.silu(c @ jnp.full((4, 4), 0.2) + x), c.sum(0)


def among(x: jax.Array) -> jax.Array:
    """One example, whole along the axis of the mesh that is in no type."""
    return lax.with_sharding_constraint(jnp.sin(x), P(P.UNCONSTRAINED)) * 2


TYPED: dict[str, Callable[[Any, jax.Array, jax.Array], Any]] = {
    "a carry": lambda lib, c, xs: lib.scan(layer, c, xs),
    "steps of a divided axis": lambda lib, c, xs: lib.scan(
        lambda c, x: (c + x.sum(), x), jnp.float32(0), jnp.swapaxes(xs, 0, 2)
    ),
    "recomputed": lambda lib, c, xs: lib.checkpoint(lambda c: layer(c, xs[0]))(c),
    "a call": lambda lib, c, xs: lib.jit(lambda c: c.reshape(8, 4, 1) + jnp.zeros((8, 1, 2)))(c),
    "divided anew": lambda lib, c, xs: lib.checkpoint(
        lambda c: jax.sharding.reshard(jnp.sin(c), P(None, "model"))
    )(c),
    "a map of a divided axis": lambda lib, c, xs: lib.vmap(lambda c, x: jnp.sin(c) * x, (0, 1), 1)(c, xs),
    "a map of a divided axis that is named": lambda lib, c, xs: lib.vmap(jnp.sin, spmd_axis_name="data")(c),
    "a map that names the axis of its examples": lambda lib, c, xs: lib.vmap(
        lambda c: jnp.sin(c) * 2, 1, spmd_axis_name="data"
    )(c),
    "a map that names an axis of no type": lambda lib, c, xs: lib.vmap(
        lambda c: jnp.sin(c) * 2, 1, 1, spmd_axis_name="model"
    )(c),
    "maps that name axes": lambda lib, c, xs: lib.vmap(
        lib.vmap(jnp.sin, spmd_axis_name="data"), spmd_axis_name="model"
    )(xs),
    "a map of a loop that names the axis of its examples": lambda lib, c, xs: jax.vmap(
        lambda c, xs: lib.scan(layer, c, xs), (1, 2), spmd_axis_name="data"
    )(c[:, None], xs[:, :, None]),
    "a map of another axis": lambda lib, c, xs: lib.vmap(lambda x: jnp.sin(x) * c)(xs),
    "a map of a loop": lambda lib, c, xs: jax.vmap(lambda c, xs: lib.scan(layer, c, xs), (0, 2))(
        c[:, None], xs[:, None]
    ),
    "a branch": lambda lib, c, xs: lib.cond(xs.sum() > 0, jnp.sin, jnp.cos, c),
    "a gradient": lambda lib, c, xs: lib.grad(lambda c: (lib.scan(layer, c, xs)[0] ** 2).sum())(c),
}
"""Lifts of arrays whose types say that they are divided, along axis 0 of `c` and axis 1 of `xs`."""

IN_PART: dict[str, Callable[[Any, jax.Array, jax.Array], Any]] = {
    "a constraint": lambda lib, c, xs: lib.vmap(among, 1, spmd_axis_name="model")(c),
    "a constraint by name": lambda lib, c, xs: lib.vmap(among, 1, 1)(c),
    "a constraint of a divided axis": lambda lib, c, xs: lib.vmap(among, spmd_axis_name="data")(c),
}
"""The same, on a mesh of which some axes are in no types."""

WAYS: dict[str, Callable[[Any, Any], Any]] = {
    "op by op": lambda lib, f: f,
    "jit": lambda lib, f: jax.jit(f),
    "gradient": lambda lib, f: jax.grad(summed(f), (0, 1)),
    "gradient, jit": lambda lib, f: jax.jit(lib.grad(summed(f), (0, 1))),
}


def summed(function: Any) -> Any:
    return lambda *args: sum(jnp.sin(leaf).sum() for leaf in jax.tree.leaves(function(*args)))


def of_types(name: str, way: str, second: AxisType = AxisType.Explicit) -> list[tuple[Any, Any]]:
    """The leaves of ours and of JAX's, where types say how arrays are divided, at least along one axis."""
    with jax.set_mesh(mesh(AxisType.Explicit, second)):
        c, xs = jax.device_put(X[:, 0], P("data")), jax.device_put(X.swapaxes(0, 1), P(None, "data"))
        function = (TYPED | IN_PART)[name]
        found = [WAYS[way](lib, partial(function, lib))(c, xs) for lib in (OURS, JAX)]
        return list(zip(*map(jax.tree.leaves, found), strict=True))


def cases() -> Iterator[tuple[str, Callable[[], list[tuple[Any, Any]]]]]:
    """What there is to compare, by name."""
    for name in LIFTS:
        for axis in NAMES:
            yield f"{name}, {axis}", partial(of_maps, name, axis)
    for name in TYPED:
        for way in WAYS:
            yield f"{name}, typed: {way}", partial(of_types, name, way)
    for name in (*(name for name in TYPED if "map" in name), "a carry", *IN_PART):
        for way in ("jit", "gradient"):
            yield f"{name}, typed in part: {way}", partial(of_types, name, way, second=AxisType.Auto)
    for name in PARTS:
        for way in MAPPED if name != "a loop" else ():  # of which JAX loses account
            yield f"{name} of each device: {way}", partial(of_devices, name, way, True)
        for way in ("results", "gradient", "gradient by jax"):
            yield f"{name} of each device, unchecked: {way}", partial(of_devices, name, way, False)


CASES = [name for name, _ in cases()]


def described(x: jax.Array) -> str:
    """Its type, and how it is divided: an axis that is not may be left out of a spec."""
    spec = tuple(getattr(x.sharding, "spec", ()))
    return f"{jax.typeof(x)} {spec + (None,) * (x.ndim - len(spec))}"


def main() -> None:
    for name, run in cases():
        pairs = run()
        error = max(difference(ours, expected) for ours, expected in pairs)
        of_ours, of_jax = ([described(pair[which]) for pair in pairs] for which in (0, 1))
        print(json.dumps([name, error, of_ours, of_jax]), flush=True)


if __name__ == "__main__":
    main()
