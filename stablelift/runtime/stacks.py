"""Stacks taken apart: the elements of an array along axis 0, without a compiled slice for each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax


def unstacked(groups: Sequence[tuple[int, ...]], arrays: Sequence[Any]) -> list[Any]:
    """The arrays by position: each stands for one position, or is the stack of those in its group."""
    found: dict[int, Any] = {}
    for group, array in zip(groups, arrays, strict=True):
        found.update(zip(group, [array] if len(group) == 1 else _elements(array), strict=True))
    return [found[position] for position in range(len(found))]


def _elements(stacked: Any) -> list[jax.Array]:
    """The elements along axis 0. One program for each shape, which takes the position, is compiled."""
    return [_element(stacked, index) for index in range(stacked.shape[0])]


@jax.jit
def _element(stacked: Any, index: Any) -> Any:
    return jax.lax.dynamic_index_in_dim(stacked, index, axis=0, keepdims=False)
