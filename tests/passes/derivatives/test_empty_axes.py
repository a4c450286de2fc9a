"""Derivatives on empty axes: nothing to move, and no op that needs an element."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stablelift import functional

EMPTY = jnp.zeros((0, 3))


def windows(x):
    return jax.lax.reduce_window(x, 0.0, jax.lax.add, (2, 1), (1, 1), ((2, 2), (0, 0)), base_dilation=(2, 1))


FUNCTIONS = {
    "sort": lambda x: jnp.sort(x, axis=0),
    "sort of pairs": lambda x: jax.lax.sort((x, x * 2), dimension=0),
    "scatter": lambda x: x.at[jnp.zeros((0,), int)].set(1.0, mode="drop"),
    "scatter_add": lambda x: jnp.ones((4, 3)).at[jnp.zeros((0,), int)].add(x),
    "gather": lambda x: x[jnp.zeros((0,), int)],
    "windows": windows,
    "sum": lambda x: x.sum(axis=0),
    "product": lambda x: x.prod(axis=0),
    "matmul": lambda x: x @ x.T,
    "concatenate": lambda x: jnp.concatenate([x, x]),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_both_modes(name):
    function = FUNCTIONS[name]
    expected, pullback = jax.vjp(function, EMPTY)
    found = functional.jit(lambda x: functional.jvp(function, (x,), (x,)))(EMPTY)
    for x, y in zip(
        jax.tree.leaves(found), jax.tree.leaves(jax.jvp(function, (EMPTY,), (EMPTY,))), strict=True
    ):
        np.testing.assert_array_equal(x, y)
    gradients = functional.jit(lambda x, ct: functional.vjp(function, x)[1](ct))(EMPTY, expected)
    assert gradients[0].shape == pullback(expected)[0].shape == EMPTY.shape
