"""What published layers take from Linen's private helpers: the same values as there."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import stablelift
from stablelift.frontend.layers import private

linen = pytest.importorskip("flax.linen")

X = jnp.asarray(np.random.default_rng(0).normal(size=(3, 4, 5)), jnp.float32)


def renorm(nn, normalization):
    """A layer as batch renormalisation is published: statistics and scaling by Linen's helpers."""

    class Renorm(nn.Module):
        @nn.compact
        def __call__(self, x, mask):
            features = normalization._canonicalize_axes(x.ndim, -1)
            axes = tuple(axis for axis in range(x.ndim) if axis not in features)
            mean, var = normalization._compute_stats(x, axes, None, use_fast_variance=False, mask=mask)
            inits = (nn.initializers.normal(), nn.initializers.normal())
            return normalization._normalize(
                self, x, mean, var, axes, features, jnp.bfloat16, jnp.float32, 1e-3, True, True, *inits
            )

    return Renorm()


def test_renormalisation_is_linens():
    mask = jnp.arange(4)[:, None] != 2
    ours = renorm(stablelift, stablelift.normalization)
    theirs = renorm(linen, linen.normalization)
    got, want = (model.init_with_output(jax.random.key(0), X, mask) for model in (ours, theirs))
    jax.tree.map(np.testing.assert_array_equal, got[1], want[1])
    assert got[0].dtype == want[0].dtype
    np.testing.assert_allclose(got[0].astype(float), want[0].astype(float), atol=1e-2)


def test_small_helpers_are_linens():
    assert private._conv_dimension_numbers((2, 8, 8, 3)) == linen.linear._conv_dimension_numbers((2, 8, 8, 3))
    assert private._normalize_axes((-1, 0), 3) == linen.linear._normalize_axes((-1, 0), 3) == (0, 2)
    assert private._canonicalize_tuple(3) == linen.linear._canonicalize_tuple(3) == (3,)
    np.testing.assert_allclose(
        private._l2_normalize(X, -1), linen.normalization._l2_normalize(X, -1), rtol=1e-6
    )
    np.testing.assert_array_equal(private._abs_sq(X * 1j), linen.normalization._abs_sq(X * 1j))
