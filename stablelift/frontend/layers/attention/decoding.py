"""Decoding one position at a time: keys and values of earlier positions are kept in a cache."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jax import lax

from stablelift.errors import LayerArgumentError
from stablelift.frontend.layers.attention.masks import combine_masks


def with_cache(layer: Any, query: Any, key: Any, value: Any, mask: Any) -> tuple[Any, Any, Any]:
    """All keys and values so far, and a mask that hides the positions yet to come.

    The first call, by `init`, makes the cache: its length is that of the keys, which are returned as they
    are. Every later call brings one position, writes it to the cache and counts on. Variables in 'cache':
    cached_key and cached_value [*batch, length, heads, depth], cache_index, an int32.
    Raises: LayerArgumentError for a query of another shape; ModifyScopeVariableError if 'cache' is immutable.
    """
    exists = layer.has_variable("cache", "cached_key")
    cached_key = layer.variable("cache", "cached_key", jnp.zeros, key.shape, key.dtype)
    cached_value = layer.variable("cache", "cached_value", jnp.zeros, value.shape, value.dtype)
    index = layer.variable("cache", "cache_index", lambda: jnp.array(0, dtype=jnp.int32))
    if not exists:
        return key, value, mask
    *batch, length, heads, depth = cached_key.value.shape
    expected = (*batch, 1, heads, depth)
    if query.shape != expected:
        raise LayerArgumentError(
            f"decoding takes one position at a time, a query of shape {expected}, found {query.shape}",
            f"cache: {cached_key.value.shape}",
            hint="call with one position, and with the batch for which `init` made the cache",
            module=layer,
        )
    here = index.value
    zero = jnp.zeros_like(here)  # of the same type, which x64 would not make of a Python 0
    start = (zero,) * len(batch) + (here, zero, zero)
    key = lax.dynamic_update_slice(cached_key.value, key, start)
    value = lax.dynamic_update_slice(cached_value.value, value, start)
    cached_key.value, cached_value.value, index.value = key, value, here + 1
    seen = jnp.broadcast_to(jnp.arange(length) <= here, (*batch, 1, 1, length))
    return key, value, combine_masks(mask, seen)
