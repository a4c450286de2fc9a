"""Axes of a layer's input: given as one number or several, counted from either end."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

from stablelift.errors import LayerArgumentError


def as_tuple(value: Any) -> tuple[Any, ...]:
    """A sequence as a tuple; anything else as a tuple of itself."""
    return tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else (value,)


def counted_from_front(module: Any, field: str, axes: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The axes in `field` of a layer, in their order, as numbers from 0 to the rank of `shape`.

    Raises: LayerArgumentError for an axis that an input of this shape does not have.
    """
    rank, numbers = len(shape), tuple(map(operator.index, as_tuple(axes)))
    for axis in numbers:
        if not -rank <= axis < rank:
            raise LayerArgumentError(
                f"`{field}` names axis {axis} of an input of rank {rank}",
                f"input: {shape}",
                hint=f"axes run from {-rank} to {rank - 1}" if rank else "the input is a scalar",
                module=module,
            )
    return tuple(axis % rank for axis in numbers)


def axis_set(module: Any, field: str, axes: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The same in ascending order, each axis once. Raises: LayerArgumentError."""
    return tuple(sorted(set(counted_from_front(module, field, axes, shape))))
