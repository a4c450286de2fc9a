"""Lifts give the same values under `jax.disable_jit`, where JAX would step through a function op by op."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import stablelift
from stablelift import functional

X = jnp.linspace(-1.0, 2.0, 24).reshape(2, 3, 4)

CASES = {
    "vmap": lambda: functional.vmap(jnp.sum)(X),
    "scan": lambda: functional.scan(lambda carry, x: (carry + x, carry), jnp.zeros(4), X[0]),
    "while_loop": lambda: functional.while_loop(lambda n: n < 5, lambda n: n + 2, 0),
    "cond": lambda: functional.cond(X[0, 0, 0] > 0, jnp.sin, jnp.cos, X),
    "grad": lambda: functional.grad(lambda x: jnp.sin(x).sum())(X),
    "jit": lambda: functional.jit(lambda x: functional.vmap(jnp.sum)(x))(X),
    "JAX's grad of a lift": lambda: jax.grad(lambda x: functional.vmap(jnp.prod)(x).sum())(X),
    "program": lambda: stablelift.Program.trace(jnp.sin, X)(X),
    "lifted module": lambda: stablelift.jit(stablelift.Dense)(3).init(jax.random.key(0), X),
}


@pytest.mark.parametrize("name", CASES)
def test_values_are_the_same(name):
    expected = CASES[name]()
    with jax.disable_jit():
        found = CASES[name]()
    for one, other in zip(jax.tree.leaves(expected), jax.tree.leaves(found), strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-5, atol=1e-6)
