"""Derivatives of collectives: over mapped axes, in every order with vmap, and between devices."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from stablelift import functional
from stablelift.errors import LiftError
from stablelift.passes.pipeline import run_text
from tests.passes.derivatives import device_cases
from tests.passes.derivatives.witness import differentiated
from tests.support import assert_close

X = jnp.asarray(np.random.default_rng(3).uniform(-1, 1, (4, 2, 8)), jnp.float32)

FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "psum": lambda x: lax.psum(x * x, "i") * x,
    "psum of several": lambda x: sum(jnp.sum(y) for y in lax.psum((x, 2, jnp.sin(x)), "i")) * x,
    "psum of what is the same for all": lambda x: lax.psum(2.0, "i") * x,
    "pmean": lambda x: (x - lax.pmean(x, "i")) ** 2,
    "all_gather": lambda x: lax.all_gather(jnp.sin(x), "i", axis=1)[:, 2] * x,
    "all_gather, tiled": lambda x: lax.all_gather(jnp.sin(x), "i", axis=1, tiled=True)[:, 5:13] * x,
    "ppermute": lambda x: lax.ppermute(x * x, "i", [(0, 2), (2, 1), (1, 3), (3, 0)]) * x,
    "pshuffle": lambda x: lax.pshuffle(x * x, "i", [2, 0, 3, 1]) * x,
    "all_to_all": lambda x: (
        lax.all_to_all(jnp.sin(x.reshape(2, 4, 2)), "i", split_axis=1, concat_axis=0).sum() * x
    ),
    "all_to_all, tiled": lambda x: lax.all_to_all(x * x, "i", split_axis=1, concat_axis=0, tiled=True) ** 2,
    "psum_scatter": lambda x: lax.psum_scatter(x * x, "i", scatter_dimension=1, tiled=True) ** 2,
    "axis_index": lambda x: lax.axis_index("i") * x * x,
}


def loss(function: Callable) -> Callable:
    return lambda x: jnp.sum(jnp.sin(function(x)))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradients_in_a_map(name):
    """Each position's own gradient: the sum over what all of them return, as in JAX."""
    function = loss(FUNCTIONS[name])
    ours = functional.jit(functional.vmap(functional.grad(function), axis_name="i"))(X)
    expected = jax.grad(lambda x: jax.vmap(function, axis_name="i")(x).sum())(X)
    assert_close(ours, expected, rtol=1e-4)
    if name != "all_to_all":  # whose transpose in jax has the axes of another shape
        assert_close(jax.vmap(jax.grad(function), axis_name="i")(X), expected, rtol=1e-4)


def test_positions_that_are_no_target_get_nothing_and_no_source_gives_nothing():
    """JAX refuses a permutation that is not whole in a map."""

    def moved(x):
        return jnp.sum(lax.ppermute(x, "i", [(0, 2), (2, 1)]) * jnp.arange(8.0))

    ours = functional.jit(functional.vmap(functional.grad(moved), axis_name="i"))(X)
    given = jnp.array([1.0, 0.0, 1.0, 0.0])[:, None, None]
    assert_close(ours, jnp.broadcast_to(jnp.arange(8.0) * given, X.shape))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradients_of_a_map(name):
    function = loss(FUNCTIONS[name])

    def total(vmap):
        return lambda x: jnp.sum(vmap(function, axis_name="i")(x) * jnp.arange(4.0))

    ours = functional.jit(functional.grad(total(functional.vmap)))(X)
    assert_close(ours, jax.grad(total(jax.vmap))(X), rtol=1e-4)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_tangents_in_a_map(name):
    function = FUNCTIONS[name]

    def moved(jvp):
        return lambda x: jvp(function, (x,), (jnp.cos(x),))

    ours = functional.jit(functional.vmap(moved(functional.jvp), axis_name="i"))(X)
    assert_close(ours, jax.vmap(moved(jax.jvp), axis_name="i")(X), rtol=1e-4)


@pytest.mark.parametrize("name", ["psum", "all_gather", "ppermute", "all_to_all, tiled"])
def test_second_order_in_a_map(name):
    function = loss(FUNCTIONS[name])

    def second(grad):
        return grad(lambda x: jnp.sum(jnp.cos(grad(function)(x))))

    ours = functional.jit(functional.vmap(second(functional.grad), axis_name="i"))(X)
    assert_close(ours, jax.vmap(second(jax.grad), axis_name="i")(X), rtol=1e-3)


@pytest.mark.parametrize(("over", "reduce"), [(lax.pmax, jnp.max), (lax.pmin, jnp.min)])
def test_positions_of_a_choice_share_evenly(over, reduce):
    """JAX has no rule: the same choice along an axis is the reference."""
    x = (2 * X).round()
    ours = functional.jit(
        functional.grad(lambda x: functional.vmap(lambda x: over(x, "i"), axis_name="i")(x).sum())
    )
    each = functional.jit(functional.vmap(functional.grad(lambda x: over(x, "i").sum()), axis_name="i"))
    expected = jax.grad(lambda x: 4 * reduce(x, 0).sum())(x)
    assert_close(ours(x), expected)
    assert_close(each(x), expected)
    move = functional.jit(
        functional.vmap(lambda x, t: functional.jvp(lambda x: over(x, "i"), (x,), (t,))[1], axis_name="i")
    )
    tangent = jax.jvp(lambda x: reduce(x, 0), (x,), (jnp.cos(X),))[1]
    assert_close(move(x, jnp.cos(X)), jnp.broadcast_to(tangent, x.shape))


@pytest.fixture(scope="module")
def on_devices() -> dict[str, float]:
    """How far each collective's derivatives are from JAX's, on devices of their own."""
    command = [sys.executable, "-m", device_cases.__name__]
    environment = os.environ | {"XLA_FLAGS": device_cases.FLAGS, "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return dict(map(json.loads, done.stdout.splitlines()))


@pytest.mark.parametrize("name", device_cases.CASES)
def test_between_devices(on_devices, name):
    assert on_devices[name] < 1e-12


def test_a_product_over_devices_is_refused():
    source = device_cases.module("all_reduce").replace("%c = stablehlo.add", "%c = stablehlo.multiply")
    with pytest.raises(LiftError) as caught:
        run_text(differentiated(source), filename="model.mlir")
    assert str(caught.value).split(": ", 1)[1] == (
        "error: no derivative rule for a `stablehlo.all_reduce` with this region\n"
        "  op: stablehlo.all_reduce : (tensor<4x3xf64>) -> (tensor<4x3xf64>)\n"
        "  hint: known are `stablehlo.add`, `stablehlo.maximum`, `stablehlo.minimum`"
    )
