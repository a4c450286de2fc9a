"""Collectives over several mapped axes at once, as collectives over one axis after the other.

Positions count like digits, the last name's fastest: over axes `i` and `j` of sizes 2 and 3, position (1, 2)
is number 5.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import jax
import jax.numpy as jnp
from jax import lax

from stablelift.ir.lift import places_in


def all_gather(x: jax.Array, names: Sequence[str], dimension: int, tiled: bool) -> jax.Array:
    """The last axis first: its values lie side by side."""
    *others, last = names
    x = lax.all_gather(x, last, axis=dimension, tiled=tiled)
    for name in reversed(others):
        x = lax.all_gather(x, name, axis=dimension, tiled=True)
    return x


def ppermute(x: jax.Array, names: Sequence[str], permutation: Sequence[Sequence[int]]) -> jax.Array:
    """Each position takes its source's value out of all values; one without a source has zeros."""
    every = all_gather(x, names, 0, False)
    sources = [-1] * every.shape[0]
    for source, target in permutation:
        sources[target] = source
    source = jnp.asarray(sources, jnp.int32)[lax.axis_index(tuple(names))]
    found = lax.dynamic_index_in_dim(every, jnp.maximum(source, 0), keepdims=False)
    return jnp.where(source < 0, jnp.zeros_like(found), found)


def all_to_all(
    x: jax.Array, names: Sequence[str], sizes: Mapping[str, int], split_axis: int, concat_axis: int
) -> jax.Array:
    """Pieces of one axis, side by side in another: one axis of pieces for each name, exchanged along it."""
    counts = [sizes[name] for name in names]
    total = math.prod(counts)
    shape = list(x.shape)
    shape[split_axis : split_axis + 1] = [total, shape[split_axis] // total]
    pieces = jnp.moveaxis(x.reshape(shape), split_axis, 0)
    kept = pieces.shape[1:]
    pieces = pieces.reshape(*counts, *kept)
    for axis, name in enumerate(names):
        pieces = lax.all_to_all(pieces, name, axis, axis)
    joined = jnp.moveaxis(pieces.reshape(total, *kept), 0, concat_axis)
    shape = list(kept)
    shape[concat_axis] *= total
    return joined.reshape(shape)


def psum_scatter(
    x: jax.Array,
    names: Sequence[str],
    dimension: int,
    size: int,
    tiled: bool,
    groups: Sequence[Sequence[int]] | None = None,
) -> jax.Array:
    """The sum, of which each position keeps its own piece."""
    width = x.shape[dimension] // size
    position = lax.axis_index(tuple(names))
    if groups is not None:
        position = jnp.asarray(places_in(groups), jnp.int32)[position]
    total = lax.psum(x, tuple(names), axis_index_groups=groups)
    piece = lax.dynamic_slice_in_dim(total, position * width, width, dimension)
    return piece if tiled else lax.squeeze(piece, [dimension])
