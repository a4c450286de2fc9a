"""Stacks outside of programs: the same on the host, by NumPy, and elsewhere, by compiled programs."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest

from stablelift.runtime import stacks
from stablelift.runtime.stacks import stacked, stacked_types, unstacked

GROUPS = [(1,), (0, 3, 2)]


@pytest.fixture(params=["host", "compiled"], autouse=True)
def way(request, monkeypatch):
    if request.param == "compiled":
        monkeypatch.setattr(stacks, "_are_on_host", lambda arrays: False)


def arrays(dtype):
    odd = jnp.arange(6).reshape(2, 3).astype(dtype)
    return [odd, jnp.ones(5), odd + odd, odd * odd]


@pytest.mark.parametrize("dtype", [jnp.float32, ml_dtypes.bfloat16, jnp.int8, jnp.complex64])
def test_there_and_back(dtype):
    given = arrays(dtype)
    one, stack = stacked(GROUPS, given)
    assert one is given[1] and stack.shape == (3, 2, 3) and stack.dtype == dtype
    np.testing.assert_array_equal(stack[1], given[3])
    back = unstacked(GROUPS, [one, stack])
    for found, expected in zip(back, given, strict=True):
        assert isinstance(found, jax.Array) and found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)


def test_numpy_arrays_and_scalars():
    (stack,) = stacked([(1, 0)], [np.float32(2.5), np.float32(3.5)])
    assert isinstance(stack, jax.Array)
    np.testing.assert_array_equal(stack, [3.5, 2.5])
    assert [float(part) for part in unstacked([(1, 0)], [stack])] == [2.5, 3.5]


def test_weak_types():
    """A stack is weakly typed where all that is in it is, and so are its elements."""
    weak, strong = jnp.asarray(2.5), jnp.float32(3.5)
    (stack,) = stacked([(1, 0)], [weak, weak])
    assert stack.weak_type and all(part.weak_type for part in unstacked([(1, 0)], [stack]))
    (stack,) = stacked([(1, 0)], [weak, strong])
    assert stack.dtype == jnp.float32 and not stack.weak_type
    avals = [jax.typeof(array) for array in (weak, strong, weak)]
    types = stacked_types(avals, [(0, 1), (0, 2), (0,), (1,)])
    assert [each.weak_type for each in types] == [False, True, True, False]


def test_keys():
    keys = [jax.random.key(seed) for seed in range(3)]
    (stack,) = stacked([(2, 0, 1)], keys)
    np.testing.assert_array_equal(
        jax.random.key_data(stack), jax.random.key_data(jnp.stack([keys[2], keys[0], keys[1]]))
    )
    for found, expected in zip(unstacked([(2, 0, 1)], [stack]), keys, strict=True):
        assert jax.random.key_data(found).tolist() == jax.random.key_data(expected).tolist()


def test_what_is_bound_to_a_device_stays_there():
    device = jax.devices()[-1]
    given = [jax.device_put(array, device) for array in arrays(jnp.float32)]
    _, stack = stacked(GROUPS, given)
    assert stack.committed and stack.devices() == {device}
    assert all(part.committed and part.devices() == {device} for part in unstacked(GROUPS, [given[1], stack]))


def test_an_element_outlives_a_donated_stack():
    (stack,) = stacked([(0, 1)], [jnp.arange(4.0), jnp.arange(4.0) + 4])
    first, second = unstacked([(0, 1)], [stack])
    jax.block_until_ready(jax.jit(lambda x: x * 0, donate_argnums=0)(stack))
    assert stack.is_deleted()
    np.testing.assert_array_equal(first, [0, 1, 2, 3])
    np.testing.assert_array_equal(second, [4, 5, 6, 7])
