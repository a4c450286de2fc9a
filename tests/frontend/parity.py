"""Parity with Linen: one build function, run with both module systems, gives the same trees and bits."""

import jax
import numpy as np
import pytest

import stablelift

KEY = jax.random.key(0)

ROUNDS_BY_SHAPE = jax.__version_info__ >= (0, 12)
"""Whether the last bit of what XLA computes on CPU depends on the shape, and on what else a loop computes.

That of `log1p` does, with which JAX draws normal values; so the values of two programs may differ.
"""


def assert_parity(build, *, close=False):
    """`build(nn)` gives the same pytree for `nn` Linen and Stablelift: structure, dtypes, values.

    With `close`, floats may differ in rounding: one of the two was compiled in another way.
    """
    linen = pytest.importorskip("flax.linen")
    expected, found = build(linen), build(stablelift)
    assert_same_tree(expected, found, close=close)
    return found


def assert_same_tree(expected, found, *, close=False, rtol=1e-5):
    """Equal structure, dtypes and values of two pytrees, whatever kind of frozen dict they are made of."""
    expected, found = jax.tree.map(_plain, (expected, found))
    expected_leaves = jax.tree_util.tree_leaves_with_path(_thawed(expected))
    found_leaves = jax.tree_util.tree_leaves_with_path(_thawed(found))
    assert [path for path, _ in expected_leaves] == [path for path, _ in found_leaves]
    for (path, one), (_, other) in zip(expected_leaves, found_leaves, strict=True):
        where = jax.tree_util.keystr(path)
        one, other = np.asarray(one), np.asarray(other)
        assert one.dtype == other.dtype, where
        if close and np.issubdtype(one.dtype, np.inexact):
            atol = rtol / 10 * max(1, np.abs(one).max(initial=0))
            np.testing.assert_allclose(other, one, rtol=rtol, atol=atol, err_msg=where)
        else:
            np.testing.assert_array_equal(one, other, err_msg=where)


def _plain(leaf):
    is_key = hasattr(leaf, "dtype") and jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key)
    return jax.random.key_data(leaf) if is_key else leaf


def _thawed(tree):
    if hasattr(tree, "unfreeze"):
        tree = tree.unfreeze()
    if isinstance(tree, dict):
        return {key: _thawed(value) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [_thawed(value) for value in tree]
    return tree
