"""Maps around a primitive, as one of its parameters: what JAX maps stays the primitive that it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from stablelift.lowering.axes import with_axis, without_axis
from stablelift.lowering.jax_compat import MeshAxes

Axes = tuple[int | None, ...]


class Map(NamedTuple):
    """The axis of each operand and of each result, None where it has none; the map's size and names, and the
    axes of a mesh along which types divide its axis.
    """

    in_axes: Axes
    out_axes: Axes
    size: int
    name: str | None
    spmd_name: tuple[str, ...] | None
    mesh_axes: MeshAxes = None


Maps = tuple[Map, ...]
"""The innermost first."""


def inside(avals: Sequence[Any], maps: Maps) -> list[Any]:
    """Abstract values of operands as the innermost function sees them."""
    found = list(avals)
    for one in reversed(maps):
        found = [without_axis(aval, axis) for aval, axis in zip(found, one.in_axes, strict=True)]
    return found


def outside(avals: Sequence[Any], maps: Maps) -> list[Any]:
    """Abstract values of results as they are with the maps around."""
    return _with_axes(avals, [(one.out_axes, one) for one in maps])


def outside_as_operands(avals: Sequence[Any], maps: Maps) -> list[Any]:
    """Abstract values of the last operands as they are given to the maps."""
    first = -len(avals) if avals else 0
    return _with_axes(avals, [(one.in_axes[first:] if avals else (), one) for one in maps])


def _with_axes(avals: Sequence[Any], axes: Sequence[tuple[Axes, Map]]) -> list[Any]:
    found = list(avals)
    for each, one in axes:
        pairs = zip(found, each, strict=True)
        found = [with_axis(aval, axis, one.size, one.mesh_axes) for aval, axis in pairs]
    return found


def together(first: Maps, second: Maps) -> Maps | None:
    """The maps of a function that computes what two do: `first` what it does of its operands, `second` what
    it does of those and others. None where they do not map alike.
    """
    if len(first) != len(second):
        return None
    found: list[Map] = []
    for one, other in zip(first, second, strict=True):
        shared = other._replace(in_axes=other.in_axes[: len(one.in_axes)], out_axes=one.out_axes)
        if shared != one:
            return None
        found.append(other._replace(out_axes=(*one.out_axes, *other.out_axes)))
    return tuple(found)
