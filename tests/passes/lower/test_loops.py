"""Loops and branches lowered to StableHLO, against `jax.lax`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from stablelift.lowering.trace import trace
from tests.support import assert_close, random, run_module

DTYPES = ("float32", "bfloat16", "complex64", "int32", "uint8", "bool")


def compare(function: Callable, *args: Any) -> None:
    """A traced function through our passes against JAX's own lowering of it."""
    found = run_module(trace(function, *args).bytecode, args)
    assert_close(found, jax.tree.leaves(jax.jit(function)(*args)))


@pytest.mark.parametrize("length", [0, 1, 2, 5])
@pytest.mark.parametrize("unroll", [1, 2, 5, 7])
@pytest.mark.parametrize("reverse", [False, True])
def test_scan(length: int, unroll: int, reverse: bool):
    """Constants, two carries, two scanned operands, three stacked results."""
    rng = np.random.default_rng(0)
    weights, carry = random(rng, (3, 3), np.float32), random(rng, (3,), np.float32)
    xs = {"a": random(rng, (length, 3), np.float32), "b": random(rng, (length,), np.int32)}

    def function(weights: jax.Array, carry: jax.Array, xs: Any) -> Any:
        def step(carry: Any, x: Any) -> Any:
            state, total = carry
            state = jnp.tanh(weights @ state + x["a"])
            return (state, total - 2 * x["b"]), (state, total, x["b"] % 3 == 0)

        return lax.scan(step, (carry, 1), xs, reverse=reverse, unroll=unroll)

    leaves, tree = jax.tree.flatten(xs)
    compare(lambda w, c, *leaves: function(w, c, jax.tree.unflatten(tree, leaves)), weights, carry, *leaves)


@pytest.mark.parametrize("dtype", DTYPES)
def test_scan_of_any_dtype(dtype: str):
    rng = np.random.default_rng(0)
    xs, carry = random(rng, (4, 2), dtype), random(rng, (2,), dtype)
    compare(lambda carry, xs: lax.scan(lambda c, x: (jnp.where(c == x, c, x), c), carry, xs), carry, xs)


SCAN = """
func.func public @main(%carry: tensor<2xf32>, %xs: tensor<2x5x3xf32>, %ys: tensor<5xf32>)
    -> (tensor<2xf32>, tensor<2x3x5xf32>, tensor<5x2xf32>) {{
  %0:3 = "lift.scan"(%carry, %xs, %ys) {{callee = @step, num_consts = 0 : i64, num_carry = 1 : i64,
      length = 5 : i64, reverse = {reverse}, unroll = {unroll} : i64, in_axes = [1, 0], out_axes = [2, 0]}}
    : (tensor<2xf32>, tensor<2x5x3xf32>, tensor<5xf32>) -> (tensor<2xf32>, tensor<2x3x5xf32>, tensor<5x2xf32>)
  return %0#0, %0#1, %0#2 : tensor<2xf32>, tensor<2x3x5xf32>, tensor<5x2xf32>
}}
func.func private @step(%carry: tensor<2xf32>, %x: tensor<2x3xf32>, %y: tensor<f32>)
    -> (tensor<2xf32>, tensor<2x3xf32>, tensor<2xf32>) {{
  %0 = stablehlo.broadcast_in_dim %y, dims = [] : (tensor<f32>) -> tensor<2xf32>
  %1 = stablehlo.add %carry, %0 : tensor<2xf32>
  %2 = stablehlo.broadcast_in_dim %1, dims = [0] : (tensor<2xf32>) -> tensor<2x3xf32>
  %3 = stablehlo.multiply %x, %2 : tensor<2x3xf32>
  return %1, %3, %0 : tensor<2xf32>, tensor<2x3xf32>, tensor<2xf32>
}}
"""


@pytest.mark.parametrize("unroll", [1, 3, 5])
@pytest.mark.parametrize("reverse", [False, True])
def test_scan_over_other_axes(unroll: int, reverse: bool):
    rng = np.random.default_rng(0)
    carry, xs, ys = (
        random(rng, (2,), np.float32),
        random(rng, (2, 5, 3), np.float32),
        random(rng, (5,), np.float32),
    )
    found = run_module(SCAN.format(reverse=str(reverse).lower(), unroll=unroll), [carry, xs, ys])

    def step(carry: jax.Array, x: Any) -> Any:
        carry = carry + x[1]
        return carry, (x[0] * carry[:, None], jnp.full(2, x[1]))

    final, (first, second) = lax.scan(step, carry, (np.moveaxis(xs, 1, 0), ys), reverse=reverse)
    assert_close(found, [final, np.moveaxis(first, 0, 2), second])


@pytest.mark.parametrize("start", [-1, 0, 3])
def test_while(start: int):
    """Constants in the condition and the body; a loop that does not run at all."""
    bound, rate = np.float32(9), np.full(2, 1.5, np.float32)

    def function(start: jax.Array, bound: jax.Array, rate: jax.Array) -> Any:
        return lax.while_loop(
            lambda state: (state[0] < 5) & (state[1].sum() < bound),
            lambda state: (state[0] + 1, state[1] * rate),
            (start, rate),
        )

    compare(function, np.int32(start), bound, rate)


def test_loops_in_loops():
    def function(x: jax.Array, count: jax.Array) -> Any:
        def outer(carry: jax.Array, _: None) -> Any:
            inner = lax.fori_loop(0, count, lambda i, c: c * 0.5 + i, carry)
            return lax.cond(inner.sum() > 4, lambda c: c - 1, jnp.sin, inner), inner.max()

        return lax.scan(outer, x, None, length=4)

    compare(function, np.arange(3, dtype=np.float32), np.int32(3))


@pytest.mark.parametrize("index", [-7, -1, 0, 1, 2, 3, 9])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_switch(index: int, count: int):
    """An index out of range takes the first branch or the last."""
    branches = [lambda x, y: (x, y), lambda x, y: (x * 2, y + 1), lambda x, y: (jnp.sin(x), -y)][:count]
    compare(
        lambda i, x, y: lax.switch(i, branches, x, y), np.int32(index), np.ones(2, np.float32), np.int32(4)
    )
