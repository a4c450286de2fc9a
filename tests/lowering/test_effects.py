"""Side effects that no lift keeps: an error at the line that has one, never a silent loss."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.experimental import checkify

from stablelift import functional
from stablelift.errors import LiftError
from stablelift.runtime.program import Program

pytestmark = pytest.mark.smoke

X = jnp.ones((3, 4))


def checks(x):
    checkify.check(x.sum() > 0, "too small")
    return x * 2


def refused(function, effect, hint):
    return (
        f"{__file__}:{inspect.getsourcelines(function)[1] + 1}: "
        "error: a function with such side effects cannot be lifted\n"
        f"  effects: {effect}\n"
        f"  hint: {hint}"
    )


@pytest.mark.parametrize(
    "attempt",
    [
        lambda: Program.trace(checks, X),
        lambda: functional.vmap(checks)(X),
        lambda: functional.vmap(jax.jit(checks))(X),
        lambda: functional.jit(checks)(X),
        lambda: functional.grad(lambda x: checks(x).sum())(X),
        lambda: functional.jvp(checks, (X,), (X,)),
        lambda: functional.vjp(checks, X),
        lambda: jax.jit(lambda x: functional.vmap(checks)(x))(X),
        lambda: Program.trace(lambda x: jax.lax.scan(lambda c, a: (checks(c), a), x[0], x), X),
    ],
)
def test_check(attempt):
    with pytest.raises(LiftError) as error:
        attempt()
    hint = "checks are made by `checkify.checkify` around the outermost function"
    assert str(error.value) == refused(checks, "Error", hint)


def solves(x):
    def solve(_, b):
        jax.debug.print("{}", b)
        return b / 2

    return jax.lax.custom_linear_solve(lambda v: 2 * v, x, solve)


def test_a_callback_inside_of_what_only_jax_lowers():
    with pytest.raises(LiftError, match="a function that calls back into Python cannot be lifted") as error:
        Program.trace(solves, X)
    assert "hint: move the callback out of the function" in str(error.value)


def doubles(x):
    cell = jax.new_ref(x)
    cell[...] = x * 2
    return cell[...]


def test_a_reference_may_live_inside_a_program():
    np.testing.assert_array_equal(Program.trace(doubles, X)(X), X * 2)


def test_a_reference_inside_a_lift():
    with pytest.raises(LiftError) as error:
        functional.vmap(doubles)(X)
    hint = "move what has them out of the function"
    assert str(error.value) == refused(doubles, "InternalMutableArray", hint)
