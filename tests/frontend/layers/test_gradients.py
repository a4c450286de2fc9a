"""The gradient of every layer by our passes against JAX's, with respect to its parameters and inputs."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import stablelift

from .cases import (
    ATTENTION,
    CELLS,
    CONVOLUTIONS,
    LINEAR,
    NORMALIZATION,
    OTHER,
    RECURRENT,
    REPARAMETERIZED,
)
from .test_parity import STREAMS, variables_of

SKIPPED = ("bfloat16", "float16", "int32", "uint8", "complex", "(0,", "0)", "decode")


def _one_of_each(cases):
    """The first case of each layer that has only floats; the gradients of its variants are those of ops."""
    chosen = {}
    for case in cases:
        if not any(word in case.name for word in SKIPPED):
            chosen.setdefault(case.name.split()[0], case)
    return list(chosen.values())


FAMILIES = {
    "linear": [*LINEAR, *CONVOLUTIONS],
    "normalization": [*NORMALIZATION, *REPARAMETERIZED, *OTHER],
    "attention": ATTENTION,
    "recurrent": CELLS,
    "sequences": RECURRENT,
}


@pytest.mark.parametrize("family", FAMILIES)
def test_gradients_are_jaxs(family):
    cases = _one_of_each(FAMILIES[family])
    total = functools.partial(_sum_of_losses, cases)
    double = family != "sequences"  # their first carry is float32, which a loop may not change
    tolerance = {"rtol": 1e-7, "atol": 1e-9} if double else {"rtol": 1e-4, "atol": 1e-5}
    with jax.enable_x64(double):
        arguments = jax.tree.map(_as_double if double else jnp.asarray, [_arguments(case) for case in cases])
        found = stablelift.functional.grad(total)(arguments)
        expected = jax.jit(jax.grad(total))(arguments)
    for case, one, other in zip(cases, expected, found, strict=True):
        leaves = jax.tree_util.tree_leaves_with_path(one)
        for (path, leaf), mine in zip(leaves, jax.tree.leaves(other), strict=True):
            where = f"{case} {jax.tree_util.keystr(path)}"
            np.testing.assert_allclose(mine, leaf, **tolerance, err_msg=where)


def _as_double(x):
    return jnp.asarray(x, jnp.float64) if jnp.issubdtype(x.dtype, jnp.floating) else x


def _arguments(case):
    layer = case.build(stablelift)
    shapes = jax.eval_shape(functools.partial(layer.init, **case.call), STREAMS, *case.inputs)
    return variables_of(shapes), case.inputs


def _sum_of_losses(cases, arguments):
    return sum(_loss(case, *given) for case, given in zip(cases, arguments, strict=True))


def _loss(case, variables, inputs):
    value = case.build(stablelift).apply(variables, *inputs, rngs=STREAMS, mutable=True, **case.call)[0]
    leaves = jax.tree.leaves(value)
    return sum(jnp.sum(jnp.sin(leaf + jnp.arange(leaf.size).reshape(leaf.shape))) for leaf in leaves)
