"""Every layer against Linen's: names, initial values, results and collections, bit for bit.

Two layers that trace to the same program give the same bits, so only those that do not are run.
"""

import functools
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import stablelift

from ..parity import KEY, assert_same_tree
from .cases import CASES

linen = pytest.importorskip("flax.linen")

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*will be deprecated soon", "ignore:.*Fp8DotGeneralOp:DeprecationWarning"
)

STREAMS = {"params": KEY, "dropout": jax.random.key(1)}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_variables_and_results_are_linens(case):
    both = [functools.partial(_initial, case, nn) for nn in (linen, stablelift)]
    shapes = assert_same_function(*both, close=case.close)
    both = [functools.partial(_applied, case, nn) for nn in (linen, stablelift)]
    assert_same_function(*both, variables_of(shapes[1]), close=case.close)


def _initial(case, nn):
    value, variables = case.build(nn).init_with_output(STREAMS, *case.inputs, method=case.method, **case.call)
    return value, dict(variables)


def _applied(case, nn, variables):
    return case.build(nn).apply(
        variables, *case.inputs, rngs=STREAMS, mutable=case.mutable, method=case.method, **case.call
    )


def assert_same_function(expected, found, *args, close=False):
    """Equal results of two functions, by their programs or by their values; the shapes of the results."""
    traced = [jax.make_jaxpr(fn, return_shape=True)(*args) for fn in (expected, found)]
    (one, expected_shapes), (other, found_shapes) = traced
    if _text(one) != _text(other) or not _equal_constants(one, other):
        assert_same_tree(expected(*args), found(*args), close=close)
    assert_same_tree(*(jax.tree.map(_type, shapes) for shapes in (expected_shapes, found_shapes)))
    return found_shapes


def _text(program):
    return re.sub(r"0x[0-9a-f]+", "", str(program))


def _equal_constants(one, other):
    pairs = zip(one.consts, other.consts, strict=True)
    return all(np.array_equal(*map(_plain, pair), equal_nan=True) for pair in pairs)


def _plain(x):
    is_key = jnp.issubdtype(x.dtype, jax.dtypes.prng_key)
    return np.asarray(jax.random.key_data(x) if is_key else x, None if is_key else np.complex128)


def _type(shape):
    return np.zeros(shape.shape, shape.dtype)


def variables_of(shapes):
    """Values of these shapes that differ along every axis, as zeros and ones would not."""

    def made(shape):
        if jnp.issubdtype(shape.dtype, jnp.integer):
            return jnp.zeros(shape.shape, shape.dtype)
        return jnp.asarray(np.arange(shape.size).reshape(shape.shape) % 7 / 16 + 0.125, shape.dtype)

    return jax.tree.map(made, shapes)
