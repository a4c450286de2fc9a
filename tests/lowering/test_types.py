"""Types at the edge: random keys of both kinds, weak types, values that can carry no tangent."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stablelift import functional
from stablelift.runtime.program import Program

pytestmark = pytest.mark.smoke

X = jnp.arange(3.0)
KEYS = {"new": jax.random.key, "old": jax.random.PRNGKey}


@pytest.mark.parametrize("kind", KEYS)
def test_keys(kind):
    key = KEYS[kind](7)

    def noisy(key, x):
        return jax.random.normal(key, x.shape) * x

    expected = noisy(key, X)
    np.testing.assert_allclose(Program.trace(noisy, key, X)(key, X), expected, rtol=1e-6)
    keys = jax.random.split(key, 2)
    rows = functional.vmap(noisy, in_axes=(0, None))(keys, X)
    np.testing.assert_allclose(rows, jax.vmap(noisy, in_axes=(0, None))(keys, X), rtol=1e-6)
    gradient = functional.grad(lambda x: noisy(key, x).sum())(X)
    np.testing.assert_allclose(gradient, jax.random.normal(key, X.shape), rtol=1e-6)


def test_keys_in_and_out_of_a_mapped_program():
    program = Program.trace(lambda key: jax.random.split(key), jax.random.key(0)).vmap(axis_size=4)
    keys = jax.random.split(jax.random.key(3), 4)
    found = program(keys)
    assert found.shape == (4, 2)
    assert (jax.random.key_data(found) == jax.random.key_data(jax.vmap(jax.random.split)(keys))).all()


@pytest.mark.parametrize("stage", [lambda f: f, functional.jit, jax.jit])
def test_weak_types(stage):
    """A Python number stays weak, so that it does not widen what it meets afterwards."""
    assert stage(functional.grad(lambda x: x * x))(3.0).weak_type
    assert stage(functional.vmap(lambda x: x + 1, in_axes=None, axis_size=2))(1.0).weak_type
    assert not stage(functional.grad(lambda x: x * x))(jnp.float32(3)).weak_type


def no_tangent(x):
    return x.dtype == jax.dtypes.float0


def test_jvp_with_integers():
    zero = np.zeros((), jax.dtypes.float0)
    for tangent in (zero, None):
        (y, n), (dy, dn) = functional.jvp(lambda x, n: (x * n, n), (X, 2), (X, tangent))
        np.testing.assert_array_equal(dy, X * 2)
        assert no_tangent(dn) and dn.shape == () and n == 2


def test_vjp_with_integers():
    (y, n), pullback = functional.vjp(lambda x, n: (x * n, n), X, jnp.array([1, 2, 3]))
    dx, dn = pullback((X, np.zeros(3, jax.dtypes.float0)))
    np.testing.assert_array_equal(dx, X * jnp.array([1, 2, 3]))
    assert no_tangent(dn) and dn.shape == (3,)


def test_keys_carry_no_tangent():
    _, pullback = functional.vjp(lambda x, key: x * jax.random.normal(key), X, jax.random.key(0))
    dx, dkey = pullback(X)
    np.testing.assert_allclose(dx, X * jax.random.normal(jax.random.key(0)), rtol=1e-6)
    assert no_tangent(dkey)
