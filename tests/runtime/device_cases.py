"""Lifts on several devices, against JAX: run as a program of its own, a line for each case.

`python -m tests.runtime.device_cases` prints the cases of the suite, with `all` every form of every function.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any

import flax.linen as linen
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.sharding import AxisType, NamedSharding
from jax.sharding import PartitionSpec as P

import stablelift
from stablelift import functional

DEVICES = 4
FLAGS = f"--xla_force_host_platform_device_count={DEVICES}"
"""What XLA_FLAGS must hold before the program starts."""

OURS = SimpleNamespace(
    grad=functional.grad,
    jvp=functional.jvp,
    vmap=functional.vmap,
    checkpoint=functional.checkpoint,
    scan=functional.scan,
    jit=functional.jit,
)
JAX = SimpleNamespace(
    grad=jax.grad, jvp=jax.jvp, vmap=jax.vmap, checkpoint=jax.checkpoint, scan=lax.scan, jit=jax.jit
)

Function = Callable[[Any, Any], Any]

FUNCTIONS: dict[str, Function] = {
    "no collective": lambda x, w: jax.nn.silu(x @ w),
    "a rule of a user": lambda x, w: jax.nn.logsumexp(x @ w, -1, keepdims=True) * jax.nn.relu(x),
    "psum": lambda x, w: lax.psum(jnp.sin(x @ w), "data") * x,
    "psum over both": lambda x, w: lax.psum(jnp.sin(x @ w), ("data", "model")) * x,
    "pmean": lambda x, w: x - lax.pmean(x @ w, "model"),
    "all_gather": lambda x, w: lax.all_gather(jnp.sin(x @ w), "data").sum(0),
    "all_gather, tiled": lambda x, w: lax.all_gather(jnp.sin(x @ w), "model", axis=1, tiled=True)[:, :4],
    "all_gather over both": lambda x, w: lax.all_gather(jnp.sin(x @ w), ("data", "model")).sum(0),
    "ppermute": lambda x, w: lax.ppermute(x @ w, "data", [(0, 1), (1, 0)]) * x,
    "ppermute, not to all": lambda x, w: lax.ppermute(x @ w, "model", [(0, 1)]) * x,
    "all_to_all": lambda x, w: lax.all_to_all(x @ w, "model", 2, 1, tiled=True).sum() * x,
    "psum_scatter": lambda x, w: lax.psum_scatter(x @ w, "data", scatter_dimension=1, tiled=True).sum() * x,
    "in groups": lambda x, w: sum(
        (
            lax.psum(jnp.sin(x @ w), ("data", "model"), axis_index_groups=[[0, 3], [1, 2]]) * x,
            lax.all_gather(x @ w, "model", axis_index_groups=[[1, 0]])[0],
            lax.psum_scatter(x @ w, "data", axis_index_groups=[[1, 0]])[0],
        )
    ),
    "axis_index": lambda x, w: x * lax.axis_index("data") + (x @ w) * lax.axis_index(("data", "model")),
    "in a loop": lambda x, w: lax.scan(
        lambda c, _: (lax.psum(jnp.tanh(c @ w), "model") * 0.1 + c, None), x, None, length=3
    )[0],
    "in a branch": lambda x, w: lax.cond(w.sum() > 0, lambda x: x @ w, lambda x: lax.psum(x, "data") * x, x),
    "over an axis of jax.vmap too": lambda x, w: jax.vmap(
        lambda r: lax.psum(r @ w, "i") * r + lax.psum(r, "data"), axis_name="i"
    )(x),
}
"""Functions that each device of a mesh with the axes `data` and `model` runs on its part of `x`."""

UNCHECKED = ("over an axis of jax.vmap too", "in groups")
"""Those that JAX cannot keep account of."""

Form = Callable[[Any, Function], Function]


def loss(function: Function) -> Function:
    return lambda x, w: jnp.sum(jnp.sin(function(x, w)))


def of_two(library: Any, function: Function) -> Function:
    return lambda x, w: library.vmap(function, in_axes=(0, None))(jnp.stack([x, x + 1]), w)


INSIDE: dict[str, Form] = {
    "remat": lambda lib, f: lib.checkpoint(f),
    "remat, gradient by jax": lambda lib, f: jax.grad(loss(lib.checkpoint(f)), (0, 1)),
    "remat, gradient": lambda lib, f: lib.grad(loss(lib.checkpoint(f)), (0, 1)),
    "jit, gradient": lambda lib, f: lib.grad(loss(lib.jit(f)), (0, 1)),
    "map": of_two,
}
"""Lifts in what each device runs."""

AROUND: dict[str, Form] = {
    "remat": lambda lib, f: lib.checkpoint(f),
    "gradient": lambda lib, f: lib.grad(loss(f), (0, 1)),
    "remat, gradient": lambda lib, f: lib.grad(loss(lib.checkpoint(f)), (0, 1)),
    "tangents": lambda lib, f: lambda x, w: lib.jvp(f, (x, w), (x, w)),
    "map": of_two,
    "map of the gradient": lambda lib, f: of_two(lib, lib.grad(loss(f), (0, 1))),
    "gradient of the gradient": lambda lib, f: lib.grad(loss(lib.grad(loss(f), 1)), (0, 1)),
    "gradient of a loop": lambda lib, f: lib.grad(
        loss(
            lambda x, w: lib.scan(lambda c, _: (jnp.tanh(c + jnp.mean(f(c, w))), None), x, None, length=2)[0]
        ),
        (0, 1),
    ),
}
"""Lifts around what each device runs."""


def mesh() -> jax.sharding.Mesh:
    return jax.make_mesh((2, 2), ("data", "model"), axis_types=(AxisType.Auto,) * 2)


def shard_map(function: Function, checks: bool) -> Function:
    """`function` on parts of `x`; everything it returns is put together along new axes.

    With `checks` JAX keeps account of what is the same on all devices.
    """

    def of_each(x: Any, w: Any) -> Any:
        def part(y: Any) -> Any:
            same = tuple(axis for axis in ("data", "model") if axis not in jax.typeof(y).mat.varying)
            return (lax.pcast(y, same, to="varying") if checks and same else y)[None, None]

        return jax.tree.map(part, function(x, w))

    specs = (P("data", "model"), P())
    return jax.shard_map(of_each, mesh=mesh(), in_specs=specs, out_specs=P("data", "model"), check_vma=checks)


def case(place: str, name: str, form: str, checks: bool) -> tuple[Function, Function]:
    """The same by Stablelift and by JAX."""
    function = FUNCTIONS[name]
    if place == "inside":
        return tuple(shard_map(INSIDE[form](lib, function), checks) for lib in (OURS, JAX))
    return tuple(AROUND[form](lib, shard_map(function, checks)) for lib in (OURS, JAX))


def cases() -> Iterator[tuple[str, str, str, bool]]:
    """Every form of every function."""
    for place, forms in (("inside", INSIDE), ("around", AROUND)):
        for name in FUNCTIONS:
            for checks in (False,) if name in UNCHECKED else (False, True):
                yield from ((place, name, form, checks) for form in forms)


SUITE = [
    *(("inside", name, "remat, gradient", name not in UNCHECKED) for name in FUNCTIONS),
    *(("around", name, "remat, gradient", False) for name in list(FUNCTIONS)[::2]),
    *(("around", "psum", form, True) for form in AROUND),
]
"""The cases of the suite."""


def difference(ours: Any, expected: Any) -> float:
    """The largest error of a leaf, relative to its largest element."""
    pairs = zip(jax.tree.leaves(ours), jax.tree.leaves(expected), strict=True)
    return max(float(np.abs(np.asarray(x) - y).max() / (1 + np.abs(y).max())) for x, y in pairs)


def error_of(place: str, name: str, form: str, checks: bool) -> float:
    rng = np.random.default_rng(2)
    x, w = rng.normal(size=(4, 4, 8)).astype("f"), 0.3 * rng.normal(size=(8, 8)).astype("f")
    ours, expected = (jax.jit(function)(x, w) for function in case(place, name, form, checks))
    return difference(ours, expected)


# Modules


def model(nn: Any, axis_name: str | None = None) -> Any:
    """Layers in a loop, and layers that are the same one after another; with an axis each has the moments of
    two parts of what is along it.
    """
    groups = axis_name and [[0, 2], [3, 1]]

    class Layer(nn.Module):
        @nn.compact
        def __call__(self, x, _=None):
            x = nn.Dense(8)(x)
            moments = {"axis_name": axis_name, "axis_index_groups": groups}
            return nn.tanh(nn.BatchNorm(use_running_average=False, **moments)(x)), None

    class Model(nn.Module):
        @nn.compact
        def __call__(self, x):
            x = nn.remat(nn.Dense)(8)(x)
            axes = {"variable_axes": {"params": 0, "batch_stats": 0}, "split_rngs": {"params": True}}
            x, _ = nn.scan(nn.remat(Layer), **axes, length=2)()(x, None)
            for _ in range(3):
                x, _ = Layer()(x)
            return x

    return Model()


def step(model: Any, value_and_grad: Any, variables: Any, x: Any) -> Any:
    def loss(variables: Any) -> Any:
        y, moments = model.apply(variables, x, mutable=["batch_stats"])
        return jnp.mean(y**2), moments

    (value, _), gradient = value_and_grad(loss, has_aux=True)(variables)
    return jax.tree.map(lambda v, g: v - 0.1 * g, variables, gradient), value


def steps() -> Iterator[tuple[str, float]]:
    """A training step on variables and data that are spread over devices, compiled as a whole; and one that
    each device takes with its own data, by moments of two.
    """
    x = np.random.default_rng(3).normal(size=(8, 8)).astype("f")
    variables = model(linen).init(jax.random.key(0), x)
    expected = jax.jit(partial(step, model(linen), jax.value_and_grad))(variables, x)
    devices = mesh()
    data = jax.device_put(x, NamedSharding(devices, P("data")))
    spread = jax.tree.map(
        lambda v: jax.device_put(v, NamedSharding(devices, P(*[None] * (v.ndim - 1), "model"))), variables
    )
    for layers in ("inline", "outline", "roll"):
        one = partial(step, model(stablelift), functional.value_and_grad)
        updated, value = stablelift.compile(one, layers=layers, carry=1)(spread, data)
        assert all(len(leaf.sharding.device_set) == DEVICES for leaf in jax.tree.leaves(updated))
        yield f"a step, {layers}", difference((updated, value), expected)
    ours, theirs = (
        jax.pmap(partial(step, model(nn, "i"), jax.value_and_grad), axis_name="i", in_axes=(None, 0))
        for nn in (stablelift, linen)
    )
    each = x.reshape(DEVICES, 2, 8)
    yield "a step of each device", difference(ours(variables, each), theirs(variables, each))


STEPS = ("a step, inline", "a step, outline", "a step, roll", "a step of each device")


def label(case: tuple[str, str, str, bool]) -> str:
    place, name, form, checks = case
    return f"{name}, {place}: {form}{', checked' if checks else ''}"


def main() -> None:
    chosen = list(cases()) if sys.argv[1:] == ["all"] else SUITE
    for one in chosen:
        print(json.dumps([label(one), error_of(*one)]), flush=True)
    for name, error in steps():
        print(json.dumps([name, error]), flush=True)


if __name__ == "__main__":
    main()
