"""Collectives over a mapped axis, against `jax.vmap` of the same function."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from stablelift import functional
from stablelift.errors import LiftError
from tests.passes.batching.mapping import vmap_text
from tests.support import assert_close, random, run_module

SIZE = 3

COLLECTIVES: dict[str, Callable] = {
    "psum": lambda x: lax.psum(x, "i"),
    "psum of a constant": lambda x: x * lax.psum(2, "i"),
    "pmean": lambda x: lax.pmean(x, "i"),
    "pmax": lambda x: lax.pmax(x, "i"),
    "pmin": lambda x: x - lax.pmin(x, "i"),
    "axis_index": lambda x: x * lax.axis_index("i"),
    "all_gather": lambda x: lax.all_gather(x, "i", axis=1),
    "all_gather, tiled": lambda x: lax.all_gather(x, "i", axis=1, tiled=True),
    "ppermute": lambda x: lax.ppermute(x, "i", [(0, 2), (2, 1), (1, 0)]),
    "all_to_all": lambda x: lax.all_to_all(x, "i", 0, 1),
    "all_to_all, one axis": lambda x: lax.all_to_all(x, "i", 0, 0),
    "all_to_all, tiled": lambda x: lax.all_to_all(x, "i", 1, 0, tiled=True),
    "all_to_all, tiled, one axis": lambda x: lax.all_to_all(x, "i", 1, 1, tiled=True),
    "psum_scatter": lambda x: lax.psum_scatter(x, "i"),
    "psum_scatter, tiled": lambda x: lax.psum_scatter(x, "i", scatter_dimension=1, tiled=True),
    "in a called function": lambda x: (
        jax.jit(lambda: lax.axis_index("i"))() + jax.jit(lambda x: lax.psum(x, "i"))(x)
    ),
    "in a loop": lambda x: lax.scan(
        lambda c, _: (lax.pmean(c, "i") + c, lax.axis_index("i")), x, None, length=2
    ),
}


@pytest.mark.parametrize("name", COLLECTIVES)
@pytest.mark.parametrize("size_below", [None, 2])
def test_over_the_mapped_axis(name: str, size_below: int | None):
    """`size_below`: another axis is mapped inside, of which the collective says nothing."""
    if name == "psum_scatter" and size_below is not None:
        pytest.skip("the oracle cannot: test_a_scattered_sum_under_another_axis")
    function = COLLECTIVES[name]
    shape = (SIZE, SIZE, 2 * SIZE) if size_below is None else (SIZE, SIZE, size_below, 2 * SIZE)
    x = random(np.random.default_rng(0), shape, np.float32)

    def mapped(vmap: Callable) -> Callable:
        inner = function if size_below is None else vmap(function, in_axes=1, out_axes=0, axis_name="j")
        return vmap(inner, in_axes=1, axis_name="i")

    assert_close(jax.jit(mapped(functional.vmap))(x), jax.jit(mapped(jax.vmap))(x))


@pytest.mark.parametrize(
    "function",
    [
        lambda x: lax.psum(x, ("i", "j")),
        lambda x: lax.pmax(lax.psum(x, "j"), "i"),
        lambda x: x * lax.axis_index(("j", "i")),
        lambda x: lax.ppermute(lax.all_gather(x, "j"), "i", [(0, 1), (1, 0)]),
        lambda x: lax.all_to_all(x, "i", 0, 1, tiled=True),
    ],
)
def test_over_two_mapped_axes(function: Callable):
    x = random(np.random.default_rng(1), (2, 3, 4, 5), np.float32)

    def mapped(vmap: Callable) -> Callable:
        return vmap(vmap(function, axis_name="j"), axis_name="i")

    assert_close(jax.jit(mapped(functional.vmap))(x), jax.jit(mapped(jax.vmap))(x))


def arrived(x: np.ndarray) -> np.ndarray:
    """What the permutation 0 to 4, 4 to 5, 5 to 1 makes of six values; zeros where nothing arrives."""
    return np.stack([x[0] * 0, x[5], x[0] * 0, x[0] * 0, x[0], x[4]])


SEVERAL: dict[str, tuple[Callable, Callable]] = {
    "all_gather": (
        lambda x: lax.all_gather(x, ("i", "j"), axis=1),
        lambda x: np.broadcast_to(np.moveaxis(x.reshape(6, 12, 5), 0, 1), (2, 3, 12, 6, 5)),
    ),
    "all_gather, the other order, tiled": (
        lambda x: lax.all_gather(x, ("j", "i"), axis=0, tiled=True),
        lambda x: np.broadcast_to(x.swapaxes(0, 1).reshape(72, 5), (2, 3, 72, 5)),
    ),
    "ppermute": (
        lambda x: lax.ppermute(x, ("i", "j"), [(0, 4), (4, 5), (5, 1)]),
        lambda x: arrived(x.reshape(6, 12, 5)).reshape(x.shape),
    ),
    "all_to_all, tiled": (
        lambda x: lax.all_to_all(x, ("i", "j"), 0, 1, tiled=True),
        # at position p: from q its piece p of axis 0
        lambda x: np.einsum("qpwe->pwqe", x.reshape(6, 6, 2, 5)).reshape(2, 3, 2, 30),
    ),
    "psum_scatter, tiled": (
        lambda x: lax.psum_scatter(x, ("j", "i"), scatter_dimension=0, tiled=True),
        lambda x: x.sum((0, 1)).reshape(3, 2, 2, 5).swapaxes(0, 1),
    ),
    "axis_index": (
        lambda x: x[0, 0] * 0 + lax.axis_index(("i", "j")),
        lambda x: np.arange(6).reshape(2, 3) + 0 * x[:, :, 0, 0],
    ),
}
"""Collectives over two axes, and what they make of all values, by NumPy: `jax.vmap` takes one axis only."""


@pytest.mark.parametrize("name", SEVERAL)
def test_over_two_axes_at_once(name: str):
    function, expected = SEVERAL[name]
    x = random(np.random.default_rng(7), (2, 3, 12, 5), np.float32)
    inner = functional.vmap(function, axis_name="j")
    found = jax.jit(functional.vmap(inner, axis_name="i"))(x)
    assert_close(found, np.asarray(expected(x), np.float32))


def test_what_no_example_sends_arrives_as_zeros():
    """JAX's own `vmap` takes whole permutations only."""
    x = random(np.random.default_rng(5), (3, 2), np.float32)
    found = jax.jit(functional.vmap(lambda x: lax.ppermute(x, "i", [(0, 2)]), axis_name="i"))(x)
    assert_close(found, np.stack([np.zeros(2, np.float32), np.zeros(2, np.float32), x[0]]))


def test_a_scattered_sum_under_another_axis():
    """JAX's own `vmap` cannot."""
    x = random(np.random.default_rng(6), (3, 5, 3), np.float32)
    inner = functional.vmap(lambda x: lax.psum_scatter(x, "i"), axis_name="j")
    found = jax.jit(functional.vmap(inner, axis_name="i"))(x)
    assert_close(found, np.moveaxis(x.sum(0), 1, 0))


def test_an_inner_axis_hides_an_outer_one_of_its_name():
    x = random(np.random.default_rng(2), (4, 6, 12), np.float32)

    def function(vmap: Callable) -> Callable:
        inner = vmap(lambda x: lax.psum(lax.all_to_all(x, "i", 0, 0, tiled=True), "i"), axis_name="i")
        return vmap(lambda x: lax.all_to_all(inner(x)[:4], "i", 1, 1, tiled=True), axis_name="i")

    assert_close(jax.jit(function(functional.vmap))(x), jax.jit(function(jax.vmap))(x))


def test_a_result_shared_by_all_examples_may_be_returned_once():
    x = random(np.random.default_rng(3), (4, 3), np.float32)
    total = functional.vmap(lambda x: lax.psum(x, "i"), out_axes=None, axis_name="i")
    assert_close(jax.jit(total)(x), x.sum(0))


def test_gradient_through_a_collective():
    x = random(np.random.default_rng(4), (4, 3), np.float32)

    def loss(vmap: Callable) -> Callable:
        centred = vmap(lambda x: jnp.sin(x - lax.pmean(x, "i")), axis_name="i")
        return lambda x: (centred(x) ** 2).sum()

    found = jax.jit(functional.grad(loss(functional.vmap)))(x)
    assert_close(found, jax.jit(jax.grad(loss(jax.vmap)))(x))


BOTH = "`i` of size 2, `j` of size 3"


@pytest.mark.parametrize(
    ("lift", "scope"),
    [
        (lambda f: functional.vmap(functional.vmap(f, axis_name="j"), axis_name="i"), BOTH),
        (lambda f: functional.vmap(functional.vmap(f), axis_name="i"), "`i` of size 2"),
        (lambda f: jax.vmap(functional.vmap(f, axis_name="j"), axis_name="i"), BOTH),
        (lambda f: functional.vmap(functional.jit(f)), "none"),
    ],
)
def test_a_name_that_is_in_no_scope(lift: Callable, scope: str):
    def function(x: jax.Array) -> jax.Array:
        return lax.pmean(x, "k")

    line = function.__code__.co_firstlineno + 1
    with pytest.raises(LiftError) as caught:
        lift(function)(np.ones((2, 3), np.float32))
    assert str(caught.value) == (
        f"tests/passes/batching/test_collectives.py:{line}: "
        "error: a collective over the axis `k`, which no enclosing map names\n"
        f"  axes in scope: {scope}\n"
        '  hint: name the axis of a map around it, axis_name="k", or use the name of one in scope'
    )


def test_an_axis_that_no_map_names():
    callee = """
      func.func private @f(%x: tensor<f32>) -> tensor<f32> {
        %0 = "lift.psum"(%x) {axis_name = ["other"]} : (tensor<f32>) -> tensor<f32>
        return %0 : tensor<f32>
      }"""
    attributes = 'axis_size = 3 : i64, in_axes = [0], out_axes = [0], axis_name = "i"'
    text = vmap_text(callee, ["tensor<3xf32>"], ["tensor<3xf32>"], attributes)
    with pytest.raises(LiftError, match="`lift.psum` over `other`, which no enclosing map names"):
        run_module(text, [np.zeros(3, np.float32)])


def test_groups_of_positions_are_for_devices():
    def function(x: jax.Array) -> jax.Array:
        return lax.psum(x, "i", axis_index_groups=[[0, 2], [1]])

    with pytest.raises(LiftError, match="error: `lift.psum` over a mapped axis, `i`, in groups\n"):
        functional.vmap(function, axis_name="i")(np.ones(3, np.float32))
