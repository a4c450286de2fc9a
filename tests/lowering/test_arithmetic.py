"""Arithmetic whose lowering by JAX would have a worse derivative."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from stablelift import functional

pytestmark = pytest.mark.smoke

TINY = jnp.array([1e-25, -1e-25, 0.5, 2.0, 0.0])


@pytest.mark.skipif(not hasattr(lax, "one_minus_square"), reason="jax 0.12 has this primitive")
@pytest.mark.parametrize("x", [TINY, TINY + 0.25j * TINY])
def test_one_minus_square_of_small_numbers(x):
    function = lax.one_minus_square
    found = functional.jvp(function, (x,), (jnp.ones_like(x),))
    np.testing.assert_array_equal(found, jax.jvp(function, (x,), (jnp.ones_like(x),)))
    np.testing.assert_array_equal(found[1], -2 * x)
    whole = jnp.arange(3)
    np.testing.assert_array_equal(functional.jit(function)(whole), function(whole))


def test_negative_powers_of_small_numbers():
    x = jnp.array([1e-10, -1e-10, 0.5, 2.0])
    found = functional.jvp(lambda x: lax.integer_pow(x, -2), (x,), (jnp.ones(4),))
    np.testing.assert_allclose(found[0], x**-2.0, rtol=1e-6)
    np.testing.assert_allclose(found[1], -2 / np.float64(x) ** 3, rtol=1e-6)
