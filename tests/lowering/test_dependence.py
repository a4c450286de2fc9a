"""What a lift's results depend on under `jax.vmap`: as JAX finds it for its own loops and branches."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stablelift import functional
from stablelift.lowering.dependence import Dependence

X, Y = jnp.arange(3.0), jnp.float32(2.0)


def two_steps_away(scan):
    """The third carry depends on x only after two steps; the fourth, and the y of it, never."""

    def step(carry, _):
        a, b, c, d = carry
        return (a, a + b, b + c, d * 2), (c, d + 1)

    return lambda x, y: scan(step, (x, y, y, y), None, length=3)


def loop(while_loop):
    """The carry that x is part of does not decide when the loop ends."""
    return lambda x, y: while_loop(lambda c: c[0] < 9, lambda c: (c[0] * 2, c[1] + x), (y, y))


def loop_that_x_ends(while_loop):
    return lambda x, y: while_loop(lambda c: c[0] < x, lambda c: (c[0] + 1, c[1] * 2), (y, y))


def branches(cond):
    """One branch makes its first result depend on x, no branch its second."""
    return lambda x, y: cond(y > 1, lambda x, y: (y, y), lambda x, y: (x, -y), x, y)


def branches_that_x_chooses(cond):
    return lambda x, y: cond(x > 1, lambda y: (y, y), lambda y: (-y, y), y)


def gradient(value_and_grad):
    return lambda x, y: value_and_grad(lambda y, x: (y * x, y), has_aux=True)(y, x)


CASES = {
    two_steps_away: ("scan", [True, True, True, False, True, False]),
    loop: ("while_loop", [False, True]),
    loop_that_x_ends: ("while_loop", [True, True]),
    branches: ("cond", [True, False]),
    branches_that_x_chooses: ("cond", [True, True]),
    gradient: ("value_and_grad", [True, False, True]),
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_results_stay_unmapped_as_under_jax(case):
    lift, expected = CASES[case]
    ours, theirs = case(getattr(functional, lift)), case(getattr(jax.lax, lift, None) or jax.value_and_grad)
    assert Dependence().results(jax.make_jaxpr(ours)(Y, Y), [True, False]) == expected
    flat = [jax.vmap(lambda x, f=f: jax.tree.leaves(f(x, Y)), out_axes=axes)
            for f, axes in ((ours, [0 if one else None for one in expected]), (theirs, 0))]
    for found, wanted, varies in zip(flat[0](X), flat[1](X), expected, strict=True):
        np.testing.assert_array_equal(found, wanted if varies else wanted[0])


def test_collectives_over_the_axis_of_a_map_of_jaxs():
    def body(x, y):
        total, here = jax.lax.psum(x, "b"), jax.lax.axis_index("b")
        return total, here, x - jax.lax.pmean(y, "b"), jax.lax.psum(y, "b")

    def mapped(lift):
        return jax.vmap(lambda x: lift(body)(x, Y), out_axes=(None, 0, 0, None), axis_name="b")

    jax.tree.map(
        np.testing.assert_array_equal, mapped(functional.checkpoint)(X), mapped(jax.checkpoint)(X)
    )
