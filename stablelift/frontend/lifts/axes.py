"""Axes of lifts: which axis of each argument and collection is mapped, and how long it is."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from stablelift.errors import LiftArgumentError
from stablelift.frontend import meta
from stablelift.frontend.filters import Filter
from stablelift.frontend.rng import LazyRng, split_root
from stablelift.lowering.axes import whole_size

_WHOLE = object()  # in place of None, which JAX takes for a pytree without leaves


class Broadcast:
    """The type of `broadcast`. One instance."""

    def __reduce__(self):
        return "broadcast"

    def __repr__(self):
        return "broadcast"


broadcast = Broadcast()
"""In place of an axis of `scan`: a value that every step gets whole, a result that no step has a part in."""


@dataclasses.dataclass(frozen=True)
class In:
    """An axis of a collection that is only read: it is mapped on the way in, nothing comes out."""

    axis: Any


@dataclasses.dataclass(frozen=True)
class Out:
    """An axis of a collection that is only written: nothing goes in, it is stacked on the way out."""

    axis: Any


def split_axes(variable_axes: Mapping[Filter, Any]) -> tuple[dict[Filter, Any], dict[Filter, Any]]:
    """The axes of the collections on the way in, and on the way out."""
    into = {col: _axis(axis) for col, axis in variable_axes.items() if not isinstance(axis, Out)}
    out_of = {col: _axis(axis) for col, axis in variable_axes.items() if not isinstance(axis, In)}
    return into, out_of


def _axis(axis: Any) -> Any:
    return axis.axis if isinstance(axis, In | Out) else axis


def axes_of_leaves(lift: str, axes: Any, args: Any) -> list[int | None]:
    """An axis for each leaf of the arguments, None for one that is not mapped; `axes` is a prefix of them."""
    if isinstance(axes, list):
        raise LiftArgumentError(f"`in_axes` of `{lift}` is an int, None or a tuple, found the list {axes!r}")
    marked = jax.tree_util.tree_map(lambda axis: _WHOLE if _is_whole(axis) else axis, axes, is_leaf=_is_whole)
    try:
        leaves = jax.tree_util.tree_leaves(jax.tree.broadcast(marked, args))
    except ValueError as error:
        raise LiftArgumentError(
            f"`in_axes` of `{lift}` does not fit the arguments: {axes!r}", str(error).splitlines()[0]
        ) from error
    return [None if axis is _WHOLE else axis for axis in leaves]


def _is_whole(axis: Any) -> bool:
    return axis is None or axis is broadcast


def common_size(
    lift: str, place: str, mapped: list[tuple[str, Any, int]], given: Any, option: str
) -> int:
    """The one size of all mapped axes, which `option` gives if nothing is mapped.

    Raises: LiftArgumentError if there are several, or none.
    """
    sizes: dict[int, list[str]] = {given: [option]} if given is not None else {}
    for where, leaf, axis in mapped:
        sizes.setdefault(_size(lift, where, leaf, axis), []).append(where)
    if len(sizes) == 1:
        return whole_size(next(iter(sizes)))
    if not sizes:
        raise LiftArgumentError(
            f"`{lift}` of `{place}` maps no axis of an argument or variable, so its size is unknown",
            hint=f"pass `{option}`",
        )
    raise LiftArgumentError(
        f"`{lift}` of `{place}` maps axes of different sizes",
        *(f"size {size}: {', '.join(places)}" for size, places in sizes.items()),
        hint="check `in_axes` and `variable_axes`",
    )


def mapped_leaves(kind: str, tree: Any, axes: list[int | None]) -> list[tuple[str, Any, int]]:
    """Place, array and axis of each leaf that is mapped."""
    return [
        (f"{kind} {jax.tree_util.keystr(path, simple=True, separator='/')}", leaf, axis)
        for (path, leaf), axis in zip(jax.tree_util.tree_leaves_with_path(tree), axes, strict=True)
        if axis is not None
    ]


def mapped_variables(groups: Any, axes: Any) -> list[tuple[str, Any, int]]:
    """The same for the variables of each group, which are mapped over one axis."""
    found: list[tuple[str, Any, int]] = []
    for group, axis in zip(groups, axes, strict=True):
        for collections in group:
            count = len(jax.tree_util.tree_leaves(collections))
            found += mapped_leaves("variable", collections, [axis] * count)
    return found


def _size(lift: str, where: str, leaf: Any, axis: int) -> int:
    shape = np.shape(leaf)
    if not -len(shape) <= axis < len(shape):
        raise LiftArgumentError(f"`{lift}` maps axis {axis} of {where}, which has shape {shape}")
    return shape[axis]


def without_axes(groups: Any, axes: tuple[Any, ...], params: Mapping[Any, Any]) -> Any:
    """The variables as one instance sees them: a box forgets the axis that its group is mapped over."""
    return _on_boxes(meta.remove_axis, groups, axes, params)


def with_axes(groups: Any, axes: tuple[Any, ...], params: Mapping[Any, Any]) -> Any:
    """The variables of all instances: a box learns of the axis that its group was stacked on."""
    return _on_boxes(meta.add_axis, groups, axes, params)


def _on_boxes(change: Any, groups: Any, axes: tuple[Any, ...], params: Mapping[Any, Any]) -> Any:
    return tuple(
        group if axis is None else change(group, axis, params)
        for group, axis in zip(groups, axes, strict=True)
    )


def split_streams(groups: Any, splits: tuple[bool, ...], size: int) -> Any:
    """The groups of streams, with roots for each instance where a group is to be split."""
    return tuple(
        _split(group, size) if split else group for group, split in zip(groups, splits, strict=True)
    )


def _split(group: Any, size: int) -> Any:
    return jax.tree_util.tree_map(
        lambda rng: split_root(rng, size), group, is_leaf=lambda x: isinstance(x, LazyRng)
    )
