"""Maps as a whole: axes, nesting, shared results, edge cases, random shapes and random functions of JAX."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stablelift import functional
from stablelift.errors import LiftError
from stablelift.passes.pipeline import run_text
from tests.passes.batching.mapping import vmap_text
from tests.support import assert_close, random

DTYPES = ("float32", "bfloat16", "complex64", "int32", "uint8", "bool")


def compare(function: Callable, *args: Any, **options: Any) -> None:
    """Our map of a function against JAX's."""
    found = jax.jit(functional.vmap(function, **options))(*args)
    assert_close(found, jax.jit(jax.vmap(function, **options))(*args))


@settings(max_examples=15, deadline=None)
@given(
    shape=st.lists(st.integers(0, 4), max_size=3),
    size=st.integers(1, 4),
    dtype=st.sampled_from(DTYPES),
    axes=st.tuples(st.integers(-4, 3), st.integers(-4, 3), st.integers(-4, 3)),
)
def test_any_shape_on_any_axis(shape: list[int], size: int, dtype: str, axes: tuple[int, int, int]):
    """Axes count from either end; shapes may be empty, and of rank 0."""
    rank = len(shape) + 1
    first, second, out = (axis % rank if axis >= 0 else -1 - (-axis % rank) for axis in axes)
    rng = np.random.default_rng(0)

    def array(axis: int) -> np.ndarray:
        whole = list(shape)
        whole.insert(axis % rank, size)
        return random(rng, whole, dtype)

    def function(x: jax.Array, y: jax.Array, z: jax.Array) -> Any:
        both = jnp.concatenate([x[None], y[None]])
        return {"moved": jnp.swapaxes(both, 0, -1)[..., 0], "chosen": jnp.where(x == y, x, z)}

    whole = {"moved": out if -rank <= out < rank else 0, "chosen": 0}
    args = [array(first), array(second), random(rng, shape, dtype)]
    compare(function, *args, in_axes=(first, second, None), out_axes=whole)


@pytest.mark.parametrize("size", [0, 1])
def test_no_examples_and_one(size: int):
    x, y = np.zeros((size, 3, 4), np.float32), np.ones((4, 2), np.float32)
    compare(lambda x, y: (jnp.tanh(x @ y).sum(0), x.max(), x[1]), x, y, in_axes=(0, None))
    compare(lambda x: jax.lax.while_loop(lambda x: x.sum() < 9, lambda x: x + 1, x), x)


def test_an_axis_without_elements():
    x = np.zeros((3, 0, 4), np.float32)
    compare(lambda x: (x.sum(0), jnp.sort(x, 0), x[:, ::2]), x)


@pytest.mark.parametrize("inner", [(0, None), (None, 0), (2, 1)])
@pytest.mark.parametrize("outer", [(0, None), (None, 0), (1, 0)])
def test_a_map_of_a_map(inner: Any, outer: Any):
    """Of two arrays, each with both axes, with one, or with none."""
    rng = np.random.default_rng(0)

    def array(position: int, *shape: int) -> np.ndarray:
        whole = list(shape)
        for axes, size in ((inner, 3), (outer, 4)):
            if axes[position] is not None:
                whole.insert(axes[position], size)
        return random(rng, whole, np.float32)

    def mapped(vmap: Callable) -> Callable:
        return vmap(vmap(lambda x, y: (x @ y, jnp.cumsum(x * y, 0)), in_axes=inner), in_axes=outer)

    x, y = array(0, 5, 2), array(1, 2)
    assert_close(jax.jit(mapped(functional.vmap))(x, y), jax.jit(mapped(jax.vmap))(x, y))


def test_what_is_shared_is_returned_once():
    x, y = np.ones((3, 2), np.float32), np.arange(2, dtype=np.float32)
    compare(lambda x, y: (x + y, y * 2, y), x, y, in_axes=(0, None), out_axes=(0, None, 0))


def test_what_is_mapped_cannot_be_returned_once():
    callee = "func.func private @f(%x: tensor<f32>) -> tensor<f32> {\n  return %x : tensor<f32>\n}"
    attributes = "axis_size = 3 : i64, in_axes = [0], out_axes = [unit]"
    with pytest.raises(LiftError) as caught:
        run_text(vmap_text(callee, ["tensor<3xf32>"], ["tensor<f32>"], attributes), filename="a.mlir")
    assert str(caught.value) == (
        "a.mlir:2:10: error: out_axes is None for result 0, which depends on a mapped argument\n"
        "  op: lift.vmap : (tensor<3xf32>) -> (tensor<f32>)\n"
        "  hint: give it an axis in out_axes, or make it independent of the mapped arguments"
    )


def test_what_cannot_be_returned_once_is_named():
    def function(x: jax.Array) -> Any:
        return {"mean": x, "loss": (1.0, x.sum())}

    mapped = functional.vmap(function, out_axes={"mean": 0, "loss": None})
    with pytest.raises(LiftError) as caught:
        jax.jit(mapped)(np.ones((3, 2), np.float32))
    assert str(caught.value).splitlines()[0].endswith(
        "error: out_axes is None for `result['loss'][1]`, which depends on a mapped argument"
    )


def test_a_map_of_a_directional_derivative():
    rng = np.random.default_rng(0)
    x, dx = random(rng, (4, 3), np.float32), random(rng, (4, 3), np.float32)

    def mapped(module: Any, axes: Any) -> Callable:
        function = lambda x: jnp.sin(x) * x.sum()  # noqa: E731
        return module.vmap(lambda x, dx: module.jvp(function, (x,), (dx,)), in_axes=axes)

    for axes, args in (((0, 0), (x, dx)), ((None, 0), (x[0], dx)), ((0, None), (x, dx[0]))):
        assert_close(jax.jit(mapped(functional, axes))(*args), jax.jit(mapped(jax, axes))(*args))


def test_an_op_without_a_rule_is_named_with_its_line():
    callee = """func.func private @f(%x: tensor<f32>) -> tensor<f32> {
      %0 = "field.unknown"(%x) : (tensor<f32>) -> tensor<f32>
      return %0 : tensor<f32>
    }"""
    attributes = "axis_size = 3 : i64, in_axes = [0], out_axes = [0]"
    with pytest.raises(LiftError) as caught:
        run_text(vmap_text(callee, ["tensor<3xf32>"], ["tensor<3xf32>"], attributes), filename="a.mlir")
    assert str(caught.value) == (
        "a.mlir:6:12: error: no batching rule for `field.unknown`\n"
        "  op: field.unknown : (tensor<f32>) -> (tensor<f32>)\n"
        "  hint: rules stand in stablelift/passes/batching/, one file per op family"
    )


RANDOM: dict[str, Callable] = {
    "normal": lambda key: jax.random.normal(key, (4,)),
    "uniform": lambda key: jax.random.uniform(key, (2, 3)),
    "bernoulli": lambda key: jax.random.bernoulli(key, 0.3, (4,)),
    "randint": lambda key: jax.random.randint(key, (5,), 0, 7),
    "truncated_normal": lambda key: jax.random.truncated_normal(key, -1.0, 1.0, (4,)),
    "categorical": lambda key: jax.random.categorical(key, jnp.arange(3.0)),
    "permutation": lambda key: jax.random.permutation(key, 5),
    "gamma": lambda key: jax.random.gamma(key, 2.0, (3,)),
    "split": lambda key: jax.random.key_data(jax.random.split(key, 3)),
    "fold_in": lambda key: jax.random.key_data(jax.random.fold_in(key, 3)),
}


@pytest.mark.parametrize("name", RANDOM)
def test_random_keys(name: str):
    """Bits are the same for every example as without the map."""
    keys = jax.random.key_data(jax.random.split(jax.random.key(0), 3))
    compare(lambda key: RANDOM[name](jax.random.wrap_key_data(key)), keys)


@jax.custom_vjp
def product(x: jax.Array, w: jax.Array) -> tuple[jax.Array, jax.Array]:
    return x @ w, w.sum()


product.defvjp(
    lambda x, w: (product(x, w), (x, w)),
    lambda saved, cts: (cts[0] @ saved[1].T + cts[1], 3 * jnp.outer(saved[0], cts[0])),
)


@jax.custom_jvp
def ramp(x: jax.Array, slope: jax.Array) -> jax.Array:
    return jnp.maximum(x * slope, 0)


@ramp.defjvp
def ramp_jvp(primals: Any, tangents: Any) -> Any:
    x, slope = primals
    y = ramp(x, slope)
    return y, jnp.where(y > 0, slope * tangents[0] + 2 * x * tangents[1], 0)


@pytest.mark.parametrize("in_axes", [(0, 0), (0, None), (None, 0)])
@pytest.mark.parametrize("function", [product, lambda x, w: ramp(x, w[:, 0])])
def test_gradients_of_mapped_user_rules(function: Callable, in_axes: Any):
    """A shared input's gradient is the sum over the examples.

    The oracle is a loop: where a user's rule lets a gradient pass that its function does not depend on, as
    the rules here do, `jax.vmap` gives each example the cotangents of all.
    """
    rng = np.random.default_rng(0)
    x, w = random(rng, (4, 3), np.float32), random(rng, (4, 3, 2), np.float32)
    args = [array if axis == 0 else array[0] for array, axis in zip((x, w), in_axes, strict=True)]

    def loss(vmap: Callable) -> Callable:
        def total(*args: jax.Array) -> jax.Array:
            return sum(jnp.sin(y).sum() for y in jax.tree.leaves(vmap(function)(*args)))

        return total

    def loop(function: Callable) -> Callable:
        def looped(*args: jax.Array) -> Any:
            one = lambda i: [a[i] if axis == 0 else a for a, axis in zip(args, in_axes, strict=True)]  # noqa: E731
            return [function(*one(index)) for index in range(4)]

        return looped

    found = jax.jit(functional.grad(loss(partial(functional.vmap, in_axes=in_axes)), argnums=(0, 1)))(*args)
    assert_close(found, jax.jit(jax.grad(loss(loop), argnums=(0, 1)))(*args))


def test_a_map_of_a_gradient():
    rng = np.random.default_rng(0)
    x, w = random(rng, (4, 3), np.float32), random(rng, (3, 2), np.float32)

    def loss(x: jax.Array, w: jax.Array) -> jax.Array:
        def step(carry: jax.Array, _: None) -> Any:
            return jnp.tanh(carry @ w @ w.T), carry.sum()

        carry, sums = jax.lax.scan(step, x, None, length=3)
        return carry.sum() + (sums**2).sum()

    def mapped(vmap: Callable, grad: Callable) -> Callable:
        return vmap(grad(loss, argnums=(0, 1)), in_axes=(0, None))

    found = jax.jit(mapped(functional.vmap, functional.grad))(x, w)
    assert_close(found, jax.jit(mapped(jax.vmap, jax.grad))(x, w))
