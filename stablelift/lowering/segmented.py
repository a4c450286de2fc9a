"""Checkpoints along a loop: the reverse keeps the carry between segments, and runs each of them again.

    scan of n * k + r steps   ==>   a scan of n rematerialised scans of k steps, then a scan of the other r

The reverse keeps n carries, and what it uses of one segment at a time: about the square root of what it would
keep, for one more run of the loop, when n is about k. Source: Griewank 1992, doi:10.1080/10556789208805505,
with one level of checkpoints. The binomial schedule is the derivative's own
(`passes/derivatives/binomial.py`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from stablelift.lowering.axes import prefix_axes
from stablelift.lowering.checkpoint import checkpoint

Checkpoints = int | str
"""How many carries are kept along a loop: a number, "sqrt" for about the square root of its steps, or
"binomial:N", which keeps N.
"""

Scan = Callable[[Any, Any, int], tuple[Any, Any]]
"""A loop as a function of its first carry, its xs and its length."""


def binomial(checkpoints: Checkpoints | None) -> int | None:
    """The N of "binomial:N"; None for anything else."""
    found = re.fullmatch(r"binomial:([1-9]\d*)", checkpoints) if isinstance(checkpoints, str) else None
    return found and int(found[1])


def segments(checkpoints: Checkpoints, length: int) -> tuple[int, int]:
    """The number of segments, and of the steps in each, for a loop of `length` steps.

    Raises:
      ValueError: `checkpoints` is neither "sqrt" nor a number of at least 1 (nor "binomial:N", see there).
    """
    if checkpoints == "sqrt":
        checkpoints = max(1, math.isqrt(length))
    if isinstance(checkpoints, bool) or not isinstance(checkpoints, int) or checkpoints < 1:
        wanted = 'checkpoint="sqrt", "binomial:N" or at least 1'
        raise ValueError(f"scan: expected {wanted}, found {checkpoints!r}")
    count = min(checkpoints, max(1, length))
    return count, length // count


class Segmented:
    """A loop to be run in segments. `inner` runs steps; `outer(step, carry, xs, length)` runs segments."""

    def __init__(self, inner: Scan, outer: Callable[..., tuple[Any, Any]], in_axes: Any, out_axes: Any):
        self._inner, self._outer, self._in_axes, self._out_axes = inner, outer, in_axes, out_axes

    def run(
        self, init: Any, xs: Any, length: int, checkpoints: Checkpoints, reverse: bool
    ) -> tuple[Any, Any]:
        """The last carry and the stacked ys."""
        count, period = segments(checkpoints, length)
        rest = length - count * period
        # A loop that goes backwards comes to the first elements last: they are those left over.
        start = rest if reverse else 0
        again = checkpoint(lambda carry, xs: self._inner(carry, xs, period), prevent_cse=False)
        folded = self._part(xs, start, (count, period))
        carry, ys = self._outer(again, init, folded, count)
        axes = _from_the_front("out_axes", self._out_axes, ys)
        leaves, tree = jax.tree.flatten(ys)
        leaves = [_unfolded(y, axis) for y, axis in zip(leaves, axes, strict=True)]
        if rest:
            left = self._part(xs, 0 if reverse else count * period, (rest,))
            carry, others = self._inner(carry, left, rest)
            leaves = [
                _joined(y, other, axis, reverse)
                for y, other, axis in zip(leaves, jax.tree.leaves(others), axes, strict=True)
            ]
        return carry, jax.tree.unflatten(tree, leaves)

    def _part(self, xs: Any, start: int, sizes: tuple[int, ...]) -> Any:
        """As many elements as `sizes` multiply to, with these sizes in the place of the scanned axis."""
        leaves, tree = jax.tree.flatten(xs)
        axes = _from_the_front("in_axes", self._in_axes, xs)
        found: list[Any] = []
        for x, axis in zip(leaves, axes, strict=True):
            if axis is not None:
                x = jax.lax.slice_in_dim(x, start, start + math.prod(sizes), axis=axis)
                x = jnp.reshape(x, (*x.shape[:axis], *sizes, *x.shape[axis + 1 :]))
            found.append(x)
        return jax.tree.unflatten(tree, found)


def _from_the_front(what: str, axes: Any, tree: Any) -> list[int | None]:
    """The axis of each leaf, none of them counted from the end, where segments would be taken for steps."""
    found = prefix_axes(what, axes, tree)
    if any(axis is not None and axis < 0 for axis in found):
        raise ValueError(f"scan: {what}: expected axes of at least 0 with checkpoint=, found {axes!r}")
    return found


def _unfolded(y: Any, axis: int | None) -> Any:
    """`y` with the axis of segments, which is `axis`, and that of their steps behind it as one axis."""
    if axis is None:
        return y
    return jnp.reshape(y, (*y.shape[:axis], -1, *y.shape[axis + 2 :]))


def _joined(y: Any, other: Any, axis: int | None, reverse: bool) -> Any:
    return y if axis is None else jnp.concatenate([other, y] if reverse else [y, other], axis)
