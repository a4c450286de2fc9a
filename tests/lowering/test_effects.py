"""Side effects cannot be lifted: an error at the line that has one, never a silent loss."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stablelift import functional
from stablelift.errors import LiftError
from stablelift.runtime.program import Program

pytestmark = pytest.mark.smoke

X = jnp.ones((3, 4))


def prints(x):
    jax.debug.print("{}", x)
    return x * 2


def calls_back(x):
    return jax.pure_callback(np.asarray, x, x)


def refused(function, effect):
    return (
        f"{__file__}:{inspect.getsourcelines(function)[1] + 1}: "
        "error: a function with side effects cannot be lifted\n"
        f"  effects: {effect}\n"
        "  hint: move the callback, print or reference out of the function"
    )


@pytest.mark.parametrize(
    "attempt",
    [
        lambda: Program.trace(prints, X),
        lambda: functional.vmap(prints)(X),
        lambda: functional.vmap(jax.jit(prints))(X),
        lambda: functional.jit(prints)(X),
        lambda: functional.grad(lambda x: prints(x).sum())(X),
        lambda: functional.jvp(prints, (X,), (X,)),
        lambda: functional.vjp(prints, X),
        lambda: jax.jit(lambda x: functional.vmap(prints)(x))(X),
        lambda: Program.trace(lambda x: jax.lax.scan(lambda c, a: (prints(c), a), x[0], x), X),
    ],
)
def test_print(attempt):
    with pytest.raises(LiftError) as error:
        attempt()
    assert str(error.value) == refused(prints, "Debug")


@pytest.mark.parametrize("lifted", [lambda x: Program.trace(calls_back, x), functional.jit(calls_back)])
def test_callback(lifted):
    with pytest.raises(LiftError) as error:
        lifted(X)
    line = inspect.getsourcelines(calls_back)[1] + 1
    assert str(error.value) == (
        f"{__file__}:{line}:12: error: a function that calls back into Python cannot be lifted\n"
        "  op: stablehlo.custom_call : (tensor<3x4xf32>) -> (tensor<3x4xf32>)\n"
        "  hint: move the callback out of the function"
    )


def doubles(x):
    cell = jax.new_ref(x)
    cell[...] = x * 2
    return cell[...]


def test_a_reference_may_live_inside_a_program():
    np.testing.assert_array_equal(Program.trace(doubles, X)(X), X * 2)


def test_a_reference_inside_a_lift():
    with pytest.raises(LiftError) as error:
        functional.vmap(doubles)(X)
    assert str(error.value) == refused(doubles, "InternalMutableArray")
