"""What JAX expands before it lowers it: `searchsorted` by jax 0.12, and primitives of users' own."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import jax.scipy.linalg
import numpy as np
import pytest
from jax.experimental import hijax

from stablelift import functional
from tests.support import assert_close

X = jnp.array([0.3, 2.2, 4.9])
PLACES = jnp.arange(6.0)


@pytest.mark.smoke
def test_searching_and_what_searches():
    found = functional.vmap(lambda x: jnp.searchsorted(PLACES, x))(X)
    np.testing.assert_array_equal(found, jnp.searchsorted(PLACES, X))
    np.testing.assert_array_equal(functional.jit(jnp.digitize)(X, PLACES), jnp.digitize(X, PLACES))

    def interpolated(x, values):
        return jnp.interp(x, PLACES, values).sum()

    def exponential(x):
        return jax.scipy.linalg.expm(0.1 * x[:, None] * x).sum()

    values = jnp.sin(PLACES)
    for argnum in (0, 1):
        found = functional.grad(interpolated, argnum)(X, values)
        assert_close(found, jax.grad(interpolated, argnum)(X, values), rtol=1e-5)
    assert_close(functional.grad(exponential)(X), jax.grad(exponential)(X), rtol=1e-4)


HighPrimitive = getattr(hijax, "VJPHiPrimitive", None) or hijax.HiPrim  # by jax 0.10, by jax 0.12


class Squared(HighPrimitive):
    """A square, whose derivative its author says to be 3."""

    def __init__(self, aval):
        self.in_avals, self.out_aval, self.params = (aval,), aval, {}
        super().__init__()

    def expand(self, x):
        return x**2

    def jvp(self, primals, tangents):
        return self(*primals), 3 * tangents[0]

    def vjp_fwd(self, nonzeros, x):
        return self(x), None

    def vjp_bwd_retval(self, residuals, cotangent):
        return (3 * cotangent,)

    def batch(self, axis, args, dims):
        return Squared(jax.typeof(args[0]))(*args), dims[0]


@pytest.mark.smoke
def test_a_primitive_of_a_users_has_the_rules_that_it_comes_with():
    def squares(x):
        return Squared(jax.typeof(x))(x).sum()

    assert_close(functional.jit(squares)(X), (X**2).sum())
    assert_close(functional.grad(squares)(X[0]), jnp.float32(3))
    assert_close(functional.grad(squares)(X), jnp.full(3, 3.0))
    assert_close(functional.jvp(squares, (X,), (X,))[1], 3 * X.sum())
    assert_close(functional.vmap(squares)(jnp.stack([X, 2 * X])), jnp.array([1, 4]) * (X**2).sum())
