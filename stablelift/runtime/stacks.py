"""Stacks taken apart: the elements of an array along axis 0, without a compiled slice for each."""

from __future__ import annotations

from typing import Any

import jax


def unstack(stacked: Any) -> list[jax.Array]:
    """The elements along axis 0. One program for each shape, which takes the position, is compiled."""
    return [_element(stacked, index) for index in range(stacked.shape[0])]


@jax.jit
def _element(stacked: Any, index: Any) -> Any:
    return jax.lax.dynamic_index_in_dim(stacked, index, axis=0, keepdims=False)
