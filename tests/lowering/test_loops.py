"""The functional loops: values as `jax.lax`'s, and errors that say what does not fit."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stablelift import functional

X = jnp.arange(6.0).reshape(3, 2)


def test_values_are_those_of_jax():
    def step(c, x):
        return {"a": c["a"] + x.sum(), "n": c["n"] + 1}, (x * c["a"], c["n"])

    init = {"a": 1.0, "n": 0}
    for found, expected in zip(
        jax.tree.leaves(functional.scan(step, init, X, reverse=True)),
        jax.tree.leaves(jax.lax.scan(step, init, X, reverse=True)),
        strict=True,
    ):
        np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(functional.map(jnp.sin, X), jnp.sin(X))
    assert functional.fori_loop(2, 5, lambda i, c: c * i, 1) == 24
    assert functional.jit(lambda n: functional.fori_loop(0, n, lambda i, c: c + i, 0))(5) == 10
    assert functional.while_loop(lambda x: x < 100, lambda x: x * 3, 1) == 243
    assert functional.while_loop(lambda x: x < 100, lambda x: x * 3, 1, max_trip_count=2) == 9
    assert functional.cond(True, lambda x: x + 1, lambda x: x - 1, 1) == 2
    assert [int(functional.switch(i, [lambda: 1, lambda: 2])) for i in (-1, 0, 1, 5)] == [1, 1, 2, 2]


def test_branches_may_close_over_different_values():
    found = functional.jit(lambda p, x, y: functional.cond(p, lambda: x * 2, lambda: y.sum() + x))(
        False, 1.0, X
    )
    assert found == 16.0


def test_a_weakly_typed_carry_takes_the_type_of_the_body():
    assert functional.scan(lambda c, x: (c + x.sum(), None), 0, X)[0] == 15.0


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        (
            lambda: functional.scan(lambda c, x: ({"a": c["a"][:1]}, x), {"a": X[0]}, X),
            TypeError,
            "scan: the body changes the type of the carry\n"
            "  carry['a']: expected float32[2], found float32[1]",
        ),
        (
            lambda: functional.scan(lambda c, x: (c, x), 0),
            ValueError,
            "scan: expected one length, found neither xs nor length",
        ),
        (
            lambda: functional.scan(lambda c, x: (c, x), 0, (X, X[:2])),
            ValueError,
            "scan: expected one length, found float32[3,2], float32[2,2]",
        ),
        (
            lambda: functional.while_loop(lambda x: x, lambda x: x, X),
            TypeError,
            "while_loop: expected the condition to be a boolean scalar, found float32[3,2]",
        ),
        (
            lambda: functional.while_loop(lambda x: x < 1, lambda x: x, 0, max_trip_count=-1),
            ValueError,
            "max_trip_count: expected at least 0, found -1",
        ),
        (lambda: functional.switch(0, []), ValueError, "switch: expected at least one branch, found none"),
        (
            lambda: functional.switch(0.5, [jnp.sin], 1.0),
            TypeError,
            "switch: expected an integer scalar as index, found float32[]",
        ),
        (
            lambda: functional.cond(X, jnp.sin, jnp.cos, 1.0),
            TypeError,
            "cond: expected a boolean or a real number as the predicate, found float32[3,2]",
        ),
        (
            lambda: functional.cond(1j, jnp.sin, jnp.cos, 1.0),
            TypeError,
            "cond: expected a boolean or a real number as the predicate, found complex64[]",
        ),
        (
            lambda: functional.switch(0, [lambda: 1, lambda: 2.0]),
            TypeError,
            "switch: expected all branches to return int32[], branch 1 returns float32[]",
        ),
    ],
)
def test_what_does_not_fit_is_said(wrong, error, message):
    with pytest.raises(error) as caught:
        wrong()
    assert str(caught.value) == message


@pytest.mark.parametrize("library", [functional, jax.lax], ids=["ours", "jax's"])
def test_a_result_that_tangents_do_not_reach_has_no_part_in_a_reverse(library):
    def doublings(x):
        """How often x is doubled: without a bound, and not differentiable."""
        return library.while_loop(lambda c: c[0].sum() < 50, lambda c: (2 * c[0], c[1] + 1.0), (x, 1.0))[1]

    x = jnp.array([0.5, 1.0])
    for grad in (functional.grad, jax.grad):
        found = functional.jit(grad(lambda x: (x**2).sum() * doublings(x)))(x)
        np.testing.assert_allclose(found, 2 * x * doublings(x), rtol=1e-6)
