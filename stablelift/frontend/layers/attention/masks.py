"""Masks of attention: which query may look at which key."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import jax.numpy as jnp

from stablelift.errors import LayerArgumentError


def make_attention_mask(
    query_input: Any,
    key_input: Any,
    pairwise_fn: Callable[..., Any] = jnp.multiply,
    extra_batch_dims: int = 0,
    dtype: Any = jnp.float32,
) -> Any:
    """The mask of `pairwise_fn(query, key)` for each pair, such as the product of two flags for padding.

    Shapes: query_input [*batch, queries], key_input [*batch, keys] -> [*batch, 1, queries, keys] of `dtype`,
    where the 1 is for the heads, with `extra_batch_dims` axes of size 1 in front.
    """
    pairs = pairwise_fn(jnp.expand_dims(query_input, -1), jnp.expand_dims(key_input, -2))
    return jnp.expand_dims(pairs, (*range(extra_batch_dims), -3)).astype(dtype)


def make_causal_mask(x: Any, extra_batch_dims: int = 0, dtype: Any = jnp.float32) -> Any:
    """The mask with which no position looks at a later one; only the shape of `x` matters.

    Shapes: x [*batch, n] -> [*batch, 1, n, n] of `dtype`, see `make_attention_mask`.
    """
    positions = jnp.broadcast_to(jnp.arange(jnp.shape(x)[-1], dtype=jnp.int32), jnp.shape(x))
    return make_attention_mask(
        positions, positions, jnp.greater_equal, extra_batch_dims=extra_batch_dims, dtype=dtype
    )


def combine_masks(*masks: Any, dtype: Any = jnp.float32) -> Any:
    """What all of the masks allow, as `dtype`; None among them is left out, of nothing else it is None.

    Shapes: equally many axes, of which sizes of 1 are broadcast. Raises: LayerArgumentError for other ranks.
    """
    given = [mask for mask in masks if mask is not None]
    if not given:
        return None
    ranks = tuple(map(jnp.ndim, given))
    if len(set(ranks)) > 1:
        raise LayerArgumentError(
            "masks that are combined have equally many axes",
            f"ranks: {ranks}",
            hint="expand the smaller ones with axes of size 1",
        )
    return jnp.asarray(reduce(jnp.logical_and, given)).astype(dtype)
