"""Loops of JAX, lowered by plain JAX, are raised to scans again: with their stacked inputs and results, equal
values and equal gradients.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stablelift import Program
from stablelift.passes.pipeline import run_text
from tests.support import assert_close

RAISE = "lift-raise,symbol-dce,lift-inline,canonicalize,cse,lift-tidy,symbol-dce,lift-verify"


class Case(NamedTuple):
    """A function, the shapes of its arguments, and its loops: (length, stacked inputs, stacked results).

    `reference` is the same function in a form that JAX differentiates.
    """

    function: Callable
    shapes: Sequence[Any]
    loops: list[tuple[int, int, int]]
    reference: Callable | None = None


def affine(w: Any, c: Any, xs: Any, **options: Any) -> Any:
    return jax.lax.scan(lambda c, x: (jnp.tanh(w @ c + x), c * x), c, xs, **options)


def several_carries(c: Any, xs: Any) -> Any:
    def step(carry: Any, x: Any) -> Any:
        a, (b, n) = carry
        return (b, (a * x, n + 1)), a + n

    return jax.lax.scan(step, (c, (c + 1, jnp.float32(0))), xs)


def nested(c: Any, xs: Any) -> Any:
    def outer(c: Any, x: Any) -> Any:
        c, ys = jax.lax.scan(lambda d, y: (jnp.sin(d * y), d), c, jnp.stack([x, 2 * x, x - 1]))
        return c, ys.sum(0)

    return jax.lax.scan(outer, c, xs)


def tree_of_inputs(c: Any, xs: Any, zs: Any) -> Any:
    def step(c: Any, each: Any) -> Any:
        return c * each["x"] + each["more"][0].sum(), {"a": c, "b": (each["x"],)}

    return jax.lax.scan(step, c, {"x": xs, "more": [zs]})


def closed_over_weights(w: Any, v: Any, xs: Any) -> Any:
    return jax.lax.scan(lambda c, x: (jnp.tanh(w @ c) + v * x, c @ v), jnp.ones_like(v), xs)


def filled_in_place(xs: Any) -> Any:
    return jax.lax.fori_loop(0, 5, lambda i, b: b.at[i].set(jnp.sin(xs[4 - i])), jnp.zeros((5, 3)))


def added_in_place(xs: Any) -> Any:
    return jax.lax.fori_loop(1, 4, lambda i, b: b.at[i].add(b[i] * xs[i - 1]), 2 * xs)


def copied(xs: Any, ys: Any) -> Any:
    """Rows that are written as they were read: to where they stood, and to another array."""

    def step(i: Any, state: Any) -> Any:
        rows = [jax.lax.dynamic_slice(array, (i, 0), (1, 3)) for array in (state[0], ys)]
        update = jax.lax.dynamic_update_slice
        return update(state[0], rows[0], (i, 0)), update(state[1], rows[1], (i, 0))

    return jax.lax.fori_loop(0, 5, step, (xs, 2 * xs))


def read_at_twice_the_counter(c: Any, xs: Any) -> Any:
    return jax.lax.fori_loop(0, 3, lambda i, c: jnp.sin(c) * xs[2 * i], c)


def along_another_axis(c: Any, xs: Any) -> Any:
    def step(i: Any, c: Any) -> Any:
        return jnp.cos(c + jax.lax.dynamic_index_in_dim(xs, i, axis=1, keepdims=False))

    return jax.lax.fori_loop(0, 4, step, c)


def with_keys(c: Any) -> Any:
    keys = jax.random.split(jax.random.key(0), 5)
    return jax.lax.scan(lambda c, key: (c + jax.random.normal(key, (3,)), c), c, keys)


def cumulative(xs: Any) -> Any:
    return jax.lax.scan(lambda total, x: (total + x, total + x), jnp.zeros(3), xs)[1]


def counting_down(c: Any, xs: Any) -> Any:
    def step(state: Any) -> Any:
        i, c = state
        return i - 1, jnp.tanh(c * xs[i])

    return jax.lax.while_loop(lambda state: state[0] >= 0, step, (4, c))[1]


def unsigned_counter(c: Any, xs: Any) -> Any:
    def step(state: Any) -> Any:
        i, c = state
        return i + jnp.uint32(2), jnp.tanh(c * xs[i])

    return jax.lax.while_loop(lambda state: state[0] != 4, step, (jnp.uint32(0), c))[1]


def taking(*positions: int) -> Callable:
    """What the two loops above compute, without a loop."""

    def unrolled(c: Any, xs: Any) -> Any:
        for position in positions:
            c = jnp.tanh(c * xs[position])
        return c

    return unrolled


C, XS, W = (3,), (5, 3), (3, 3)
CASES = {
    "plain": Case(affine, [W, C, XS], [(5, 1, 1)]),
    "reverse": Case(lambda *args: affine(*args, reverse=True), [W, C, XS], [(5, 1, 1)]),
    "unroll": Case(lambda *args: affine(*args, unroll=2), [W, C, (6, 3)], [(3, 1, 1)]),
    "unroll with a remainder": Case(lambda *args: affine(*args, unroll=2), [W, C, (7, 3)], [(3, 1, 1)]),
    "reverse, unroll": Case(lambda *a: affine(*a, unroll=2, reverse=True), [W, C, (6, 3)], [(3, 1, 1)]),
    "several carries": Case(several_carries, [C, XS], [(5, 1, 1)]),
    "no xs": Case(
        lambda c: jax.lax.scan(lambda c, _: (jnp.sin(c), c), c, None, length=6), [C], [(6, 0, 1)]
    ),
    "no ys": Case(lambda c, xs: jax.lax.scan(lambda c, x: (c * x, None), c, xs)[0], [C, XS], [(5, 1, 0)]),
    "nested": Case(nested, [C, XS], [(3, 1, 1), (5, 1, 1)]),
    "tree of inputs": Case(tree_of_inputs, [C, XS, (5, 2, 4)], [(5, 2, 1)]),
    "closed-over weights": Case(closed_over_weights, [W, C, XS], [(5, 1, 1)]),
    "fori_loop": Case(lambda w, c: jax.lax.fori_loop(2, 6, lambda i, c: w @ c * i, c), [W, C], [(4, 0, 0)]),
    "map": Case(lambda xs: jax.lax.map(lambda x: jnp.sin(x).sum(), xs), [XS], [(5, 1, 1)]),
    "cumulative": Case(cumulative, [XS], [(5, 1, 1)]),
    "length 1": Case(affine, [W, C, (1, 3)], []),
    "keys": Case(with_keys, [C], [(5, 1, 1)]),
    "filled in place": Case(filled_in_place, [XS], [(5, 1, 1)]),
    "added in place": Case(added_in_place, [XS], [(3, 2, 1)]),
    "copied": Case(copied, [XS, XS], [(5, 0, 0)]),
    "twice the counter": Case(read_at_twice_the_counter, [C, XS], [(3, 1, 0)]),
    "another axis": Case(along_another_axis, [C, (3, 4)], [(4, 1, 0)]),
    "counting down": Case(counting_down, [C, XS], [(5, 1, 0)], taking(4, 3, 2, 1, 0)),
    "unsigned counter": Case(unsigned_counter, [C, XS], [(2, 1, 0)], taking(0, 2)),
}


def arguments(case: Case, dtype: Any) -> list[jax.Array]:
    rng = np.random.default_rng(0)
    return [jnp.asarray(rng.normal(size=shape), dtype) for shape in case.shapes]


def raised(text: str) -> str:
    return run_text(text, RAISE)[0]


def loops(text: str) -> list[tuple[int, int, int]]:
    """Length, stacked inputs and stacked results of the scans of a module, sorted."""
    found = re.findall(r'"lift.scan".*in_axes = (\[.*?\]), length = (\d+).*out_axes = (\[.*?\])', text)
    counted = [(int(length), xs.count("0") + xs.count("1"), ys.count("0")) for xs, length, ys in found]
    return sorted(counted)


@pytest.mark.parametrize("name", CASES)
def test_loops_are_raised_with_what_they_stack(name):
    case = CASES[name]
    found = raised(jax.jit(case.function).lower(*arguments(case, jnp.float32)).as_text())
    expected = sorted(case.loops + ([(5, 0, 0)] * 2 if name == "keys" else []))  # threefry's rounds
    assert loops(found) == expected
    assert "lift.while" not in found
    assert "dynamic_slice" not in found


@pytest.mark.parametrize("name", CASES)
def test_raised_loops_have_equal_values_and_gradients(name, tmp_path):
    check(CASES[name], jnp.float32, tmp_path)


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float64])
@pytest.mark.parametrize("name", ["plain", "reverse", "closed-over weights"])
def test_other_precisions(name, dtype, tmp_path):
    with jax.enable_x64(True):
        check(CASES[name], dtype, tmp_path)


def check(case: Case, dtype: Any, folder: Any) -> None:
    args = arguments(case, dtype)
    path = folder / "loop.mlir"
    path.write_text(jax.jit(case.function).lower(*args).as_text())
    program = Program.load(path)
    expected, pullback = jax.vjp(case.reference or case.function, *args)
    leaves = jax.tree.leaves(expected)
    cotangents = [jnp.cos(jnp.arange(leaf.size, dtype=leaf.dtype)).reshape(leaf.shape) for leaf in leaves]
    assert_close(jax.tree.leaves(program(*args)), leaves, what="values")
    _, found = program.vjp()(tuple(args), jax.tree.unflatten(program.out_tree, cotangents))
    gradients = pullback(jax.tree.unflatten(jax.tree.structure(expected), cotangents))
    assert_close(jax.tree.leaves(found), jax.tree.leaves(gradients), what="gradients", rtol=_looser(dtype))


def _looser(dtype: Any) -> float:
    return {"bfloat16": 1e-1, "float32": 1e-4, "float64": 1e-11}[jnp.dtype(dtype).name]


INDICES = {
    "from the end": (lambda i: 4 - i, None),
    "clamped": (lambda i: jnp.clip(i, -3, 9), None),
    "wrapped around": (lambda i: i - 5, None),
    "chosen": (lambda i: jnp.where(i < 7, i, 0), None),
    "of another type": (lambda i: (i.astype(jnp.int8) * 3 - 2 * i.astype(jnp.int8)), None),
    "repeated": (lambda i: jnp.minimum(i, 3), "its index does not move evenly from step to step"),
    "divided": (lambda i: i // 2, "its index depends on more than counters and constants"),
}


@pytest.mark.parametrize("name", INDICES)
def test_indices(name):
    """What is read at a progression is stacked; a remark says why anything else is not."""
    index, why = INDICES[name]

    def function(c, xs):
        return jax.lax.fori_loop(0, 5, lambda i, c: jnp.sin(c) * xs[index(i)], c)

    text = jax.jit(function).lower(jnp.ones(3), jnp.ones((5, 3))).as_text()
    found, timing = run_text(text, RAISE)
    kept = [remark.why for remark in timing.remarks if remark.what == "kept an access in a loop"]
    assert kept == ([] if why is None else [why])
    assert ("dynamic_slice" in found) == bool(kept)
