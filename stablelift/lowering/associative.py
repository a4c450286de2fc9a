"""associative_scan: all partial results of an associative operation, in logarithmically many steps.

The even elements joined with their odd neighbours are scanned, half as many; they are the odd results, and
each of them joined with the next even element is an even one.
Source: Blelloch 1990, CMU-CS-90-190, for the tree of partial sums.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from stablelift.lowering import jax_compat
from stablelift.lowering.callee import avals_of, flat_arrays, require_callable


def associative_scan(function: Callable, elems: Any, reverse: bool = False, axis: int = 0) -> Any:
    """The partial results of joining elements along an axis, as `jax.lax.associative_scan`.

    Args:
      function: Joins two pytrees of slices of equal shape, elementwise along the axis; it is associative.
      elems: A pytree of arrays of equal size along the axis.
      reverse: Whether to begin at the last element.
      axis: The axis; negative ones count from the end.

    Raises:
      ValueError: There is no array, an array has no such axis, or their sizes differ.
    """
    require_callable("associative_scan", function)
    leaves, tree = flat_arrays(elems)
    axes = [_axis(leaf, axis) for leaf in leaves]
    sizes = {leaf.shape[at] for leaf, at in zip(leaves, axes, strict=True)}
    if len(sizes) != 1:
        found = ", ".join(aval.str_short() for aval in avals_of(leaves)) or "no array"
        raise ValueError(f"associative_scan: expected one size along axis {axis}, found {found}")
    if reverse:
        leaves = [jnp.flip(leaf, at) for leaf, at in zip(leaves, axes, strict=True)]

    def join(a: list[Any], b: list[Any]) -> list[Any]:
        joined = function(jax.tree.unflatten(tree, a), jax.tree.unflatten(tree, b))
        return flat_arrays(joined)[0]

    scanned = _scanned(join, leaves, axes)
    if reverse:
        scanned = [jnp.flip(leaf, at) for leaf, at in zip(scanned, axes, strict=True)]
    return jax.tree.unflatten(tree, scanned)


def _scanned(join: Callable, leaves: list[Any], axes: list[int]) -> list[Any]:
    def part(of: list[Any], *limits: int | None) -> list[Any]:
        return [leaf[(slice(None),) * at + (slice(*limits),)] for leaf, at in zip(of, axes, strict=True)]

    size = leaves[0].shape[axes[0]]
    if size < 2:
        return leaves
    pairs = join(part(leaves, 0, -1, 2), part(leaves, 1, None, 2))
    odd = _scanned(join, pairs, axes)
    before = part(odd, 0, -1) if size % 2 == 0 else odd
    even = join(before, part(leaves, 2, None, 2)) if size > 2 else part(leaves, 0, 0)
    first = part(leaves, 0, 1)
    even = [jnp.concatenate(both, at) for *both, at in zip(first, even, axes, strict=True)]
    return [_interleaved(a, b, at) for a, b, at in zip(even, odd, axes, strict=True)]


def _interleaved(even: Any, odd: Any, axis: int) -> Any:
    """Even and odd elements in turn; there may be one even element more."""
    count = odd.shape[axis]
    paired = jax.lax.slice_in_dim(even, 0, count, axis=axis)
    shape = (*odd.shape[:axis], 2 * count, *odd.shape[axis + 1 :])
    merged = jnp.stack([paired, odd], axis + 1).reshape(shape)
    return jnp.concatenate([merged, jax.lax.slice_in_dim(even, count, even.shape[axis], axis=axis)], axis)


def _axis(leaf: Any, axis: int) -> int:
    if not -leaf.ndim <= axis < leaf.ndim:
        found = jax_compat.aval_of(leaf).str_short()
        raise ValueError(f"associative_scan: axis {axis} is out of range for {found}")
    return axis % leaf.ndim
