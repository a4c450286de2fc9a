"""What holds of every program: maps against loops, reverse against forward against differences, files.

Each check draws a program and arrays for it, and raises an AssertionError where the passes are wrong. The
suite asks each of them a few times, `make exam-programs` often.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np
from hypothesis import strategies as st

from stablelift import Program
from tests.programs.body import Type
from tests.programs.strategy import DOUBLE, LOOSE, MIXED, SMOOTH, RandomProgram, array, programs

Draw = Callable[[Any], Any]


def vmap_against_loop(draw: Draw) -> None:
    """`vmap` over some arguments, any axes in and out, is a loop over the examples."""
    program, random = _draw(draw, st.sampled_from(MIXED).flatmap(programs))
    axes = _axes(draw, program)
    outs = [draw(st.integers(0, type.rank)) for type in program.outputs]
    size = draw(st.integers(1, 3))
    args = [_stacked(type, axis, size, random) for type, axis in zip(program.inputs, axes, strict=True)]
    loaded = program.load()
    mapped = loaded.vmap(tuple(axes), outs[0] if len(outs) == 1 else tuple(outs), size)(*args)
    each = [jax.tree.leaves(loaded(*_example(args, axes, index))) for index in range(size)]
    expected = [
        np.stack([np.asarray(x) for x in column], axis)
        for column, axis in zip(zip(*each, strict=True), outs, strict=True)
    ]
    agree(jax.tree.leaves(mapped), expected, program.tolerance)


def reverse_against_forward(draw: Draw) -> None:
    """⟨ct, jvp(dx)⟩ = ⟨vjp(ct), dx⟩."""
    program, random = _draw(draw, programs(DOUBLE))
    loaded = program.load()
    args = tuple(array(type, random) for type in program.inputs)
    moves = _directions(program.inputs, random)
    cotangents = _directions(program.outputs, random)
    values, moved = loaded.jvp()(args, moves)
    same, gradients = loaded.vjp()(args, cotangents if len(cotangents) > 1 else cotangents[0])
    agree(jax.tree.leaves(same), jax.tree.leaves(values), 1e-10)
    balance(inner(cotangents, moved), inner(gradients, moves), 1e-9)


def jvp_against_differences(draw: Draw) -> None:
    """The tangents are central differences of the values, where the program is smooth."""
    program, random = _draw(draw, programs(SMOOTH))
    loaded = program.load()
    args = tuple(array(type, random) for type in program.inputs)
    moves = _directions(program.inputs, random)
    _, moved = loaded.jvp()(args, moves)
    step = 1e-5
    ahead, behind = (jax.tree.leaves(loaded(*_along(args, moves, sign * step))) for sign in (1, -1))
    slopes = [
        (np.asarray(x) - np.asarray(y)) / (2 * step)
        for x, y, type in zip(ahead, behind, program.outputs, strict=True)
        if type.is_inexact
    ]
    agree(jax.tree.leaves(moved), slopes, 1e-5)


def vmap_of_vjp(draw: Draw) -> None:
    """The gradients of a map are those of a loop."""
    program, random = _draw(draw, programs(DOUBLE, steps=8))
    axes, size = _axes(draw, program), draw(st.integers(1, 2))
    args = tuple(_stacked(type, axis, size, random) for type, axis in zip(program.inputs, axes, strict=True))
    cotangents = _directions(program.outputs, random)
    given = cotangents if len(cotangents) > 1 else cotangents[0]
    pulled = program.load().vjp()
    mapped = pulled.vmap((tuple(axes), None), 0, size)(args, given)
    each = [jax.tree.leaves(pulled(tuple(_example(args, axes, index)), given)) for index in range(size)]
    expected = [np.stack([np.asarray(x) for x in column]) for column in zip(*each, strict=True)]
    agree(jax.tree.leaves(mapped), expected, LOOSE["f64"])


def symmetric_hessian(draw: Draw) -> None:
    """⟨w, H v⟩ = ⟨v, H w⟩, by forward mode over reverse mode."""
    program, random = _draw(draw, programs(SMOOTH, steps=8, scalar=True))
    args = tuple(array(type, random) for type in program.inputs)
    one, zero = np.float64(1), np.float64(0)
    second = program.load().vjp().jvp()

    def curved(direction: Any) -> Any:
        (_, _), (_, gradients) = second((args, one), (direction, zero))
        return gradients

    v, w = (_directions(program.inputs, random) for _ in range(2))
    balance(inner(w, curved(v)), inner(v, curved(w)), 1e-8)


def saved_and_loaded(draw: Draw) -> None:
    """A program that has been to a file gives the same values."""
    program, random = _draw(draw, st.sampled_from(MIXED).flatmap(programs))
    loaded = program.load()
    args = [array(type, random) for type in program.inputs]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"program{draw(st.sampled_from(['.mlir', '.bc', '.stablehlo']))}"
        loaded.save(path)
        again = Program.load(path)
    agree(jax.tree.leaves(again(*args)), jax.tree.leaves(loaded(*args)), program.tolerance)


POLICIES = (
    None,
    "everything_saveable",
    "dots_saveable",
    "dots_with_no_batch_dims_saveable",
    "auto",
    "min_cut",
    "budget(0.0)",
    "budget(0.5)",
    "price(4.0, 0.5)",
    'offload_dot_with_no_batch_dims("device", "pinned_host")',
)


def gradients_under_a_policy(draw: Draw) -> None:
    """What the reverse keeps does not change gradients: of one region, of one in another, mapped, twice."""
    program, random = _draw(draw, programs(DOUBLE))
    loaded = program.load()
    args = tuple(array(type, random) for type in program.inputs)
    cotangents = _directions(program.outputs, random)
    given: Any = args, cotangents if len(cotangents) > 1 else cotangents[0]
    policy, prevent_cse = draw(st.sampled_from(POLICIES)), draw(st.booleans())
    kept, forms = loaded.remat(policy, prevent_cse), ["alone", "nested", "mapped"]
    if all(type.is_inexact for type in (*program.inputs, *program.outputs)):
        forms.append("twice")
    form = draw(st.sampled_from(forms))
    if form == "nested":
        kept = kept.remat(draw(st.sampled_from(POLICIES)))
    if form == "mapped":
        kept, loaded = kept.vmap(0, 0, 2), loaded.vmap(0, 0, 2)
        given = jax.tree.map(lambda x: np.stack([x, x]), given)
    found, expected = kept.vjp(), loaded.vjp()
    if form == "twice":
        found, expected = found.jvp(), expected.jvp()
        given = given, (_directions(program.inputs, random), given[1])
    agree(jax.tree.leaves(found(*given)), jax.tree.leaves(expected(*given)), 1e-10)


CHECKS = (
    gradients_under_a_policy,
    vmap_against_loop,
    reverse_against_forward,
    jvp_against_differences,
    vmap_of_vjp,
    symmetric_hessian,
    saved_and_loaded,
)


def _draw(draw: Draw, strategy: Any) -> tuple[RandomProgram, np.random.Generator]:
    return draw(strategy), np.random.default_rng(draw(st.integers(0, 99)))


# Arrays of a program


def _axes(draw: Draw, program: RandomProgram) -> list[int | None]:
    """A mapped axis for some of the arguments, and for one at least."""
    axes = [draw(st.none() | st.integers(0, type.rank)) for type in program.inputs]
    return axes if any(axis is not None for axis in axes) else [0, *axes[1:]]


def _stacked(type: Type, axis: int | None, size: int, random: np.random.Generator) -> np.ndarray:
    shape = list(type.shape)
    if axis is not None:
        shape.insert(axis, size)
    return array(type, random, tuple(shape))


def _example(args: Sequence[np.ndarray], axes: Sequence[int | None], index: int) -> list[np.ndarray]:
    return [x if axis is None else x.take(index, axis) for x, axis in zip(args, axes, strict=True)]


def _directions(types: Sequence[Type], random: np.random.Generator) -> tuple[Any, ...]:
    """A random tangent for each type that can carry one, else None."""
    return tuple(array(type, random) if type.is_inexact else None for type in types)


def _along(args: Sequence[Any], moves: Sequence[Any], step: float) -> list[Any]:
    return [x if dx is None else x + step * dx for x, dx in zip(args, moves, strict=True)]


# What is compared


def inner(x: Any, y: Any) -> tuple[float, float]:
    """The sum of products of two trees, and of their magnitudes. As in JAX, nothing is conjugated."""
    products = [
        np.asarray(a) * np.asarray(b) for a, b in zip(jax.tree.leaves(x), jax.tree.leaves(y), strict=True)
    ]
    return sum(float(np.real(p).sum()) for p in products), sum(float(abs(p).sum()) for p in products)


def balance(x: tuple[float, float], y: tuple[float, float], tolerance: float) -> None:
    """Both sums of products are equal, as far as their terms' magnitudes let them."""
    allowed = tolerance * (1 + x[1] + y[1])
    assert abs(x[0] - y[0]) <= allowed, f"{x[0]!r} on one side, {y[0]!r} on the other"


def agree(found: Sequence[Any], expected: Sequence[Any], tolerance: float) -> None:
    """The same shapes and types; integers are equal, other numbers within `tolerance`."""
    assert len(found) == len(expected), f"{len(found)} results, expected {len(expected)}"
    for index, (x, y) in enumerate(zip(map(np.asarray, found), map(np.asarray, expected), strict=True)):
        assert (x.shape, x.dtype) == (y.shape, y.dtype), (
            f"result {index}: {x.dtype}{x.shape}, not {y.dtype}{y.shape}"
        )
        if x.dtype == bool or x.dtype.kind == "i":
            np.testing.assert_array_equal(x, y, f"result {index}")
            continue
        wide = np.complex128 if x.dtype.kind == "c" else np.float64
        where = f"result {index}"
        np.testing.assert_allclose(x.astype(wide), y.astype(wide), tolerance, tolerance, err_msg=where)
