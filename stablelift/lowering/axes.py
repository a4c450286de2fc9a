"""The axes of a map: prefix trees made flat, negative axes made positive, the size that all of them agree
on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax

from stablelift.lowering import jax_compat
from stablelift.lowering.jax_compat import MeshAxes


def prefix_axes(what: str, axes: Any, tree: Any) -> list[int | None]:
    """An axis for each leaf of `tree`, from a prefix of it.

    Raises:
      ValueError: `axes` is not a prefix of the tree, or an axis is not an integer or None.
    """
    try:
        full = jax.tree.broadcast(axes, tree, is_leaf=lambda leaf: leaf is None)
    except ValueError:
        found = jax.tree.structure(tree)
        raise ValueError(f"{what}: expected a prefix of {found}, found {axes}") from None
    flat = jax.tree.leaves(full, is_leaf=lambda leaf: leaf is None)
    for axis in flat:
        if axis is not None and not isinstance(axis, int):
            raise ValueError(f"{what}: expected integers or None, found {axis!r}")
    # A None inside the tree is no leaf of it, and has no axis.
    leaves = jax.tree.leaves(tree, is_leaf=lambda leaf: leaf is None)
    return [axis for axis, leaf in zip(flat, leaves, strict=True) if leaf is not None]


def normalized_axes(
    what: str, axes: Sequence[int | None], avals: Sequence[Any], extra: int = 0
) -> list[int | None]:
    """Axes as positions from the front; `extra` is 1 where the axis is still to be inserted."""
    found: list[int | None] = []
    for axis, aval in zip(axes, avals, strict=True):
        rank = len(aval.shape) + extra
        if axis is not None and not -rank <= axis < rank:
            raise ValueError(f"{what}: axis {axis} is out of range for {aval.str_short()}")
        found.append(axis if axis is None else axis % rank)
    return found


def mapped_size(axes: Sequence[int | None], avals: Sequence[Any], axis_size: int | None) -> int:
    """The one size of all mapped axes.

    Raises:
      ValueError: The sizes differ, or nothing is mapped and `axis_size` is not given.
    """
    sizes = {
        aval.shape[axis]: f"axis {axis} of {aval.str_short()}"
        for axis, aval in zip(axes, avals, strict=True)
        if axis is not None
    }
    if axis_size is not None:
        sizes.setdefault(axis_size, f"axis_size={axis_size}")
    if len(sizes) > 1:
        found = ", ".join(f"{place} has {size}" for size, place in sizes.items())
        raise ValueError(f"vmap: expected one size for all mapped axes, found several: {found}")
    if not sizes:
        raise ValueError("vmap: no argument is mapped; give axis_size, or an axis in in_axes")
    return next(iter(sizes))


def without_axis(aval: Any, axis: int | None) -> Any:
    """The abstract value of one example."""
    if axis is None:
        return aval
    return jax_compat.without_axis(aval, axis)


def with_axis(aval: Any, axis: int | None, size: int, mesh_axes: MeshAxes = None) -> Any:
    """The abstract value of all examples, divided along axes of a mesh."""
    if axis is None:
        return aval
    return jax_compat.with_axis(aval, axis, size, mesh_axes)


def mapped_mesh_axes(axes: Sequence[int | None], avals: Sequence[Any]) -> MeshAxes:
    """The axes of a mesh along which the types of all arguments divide their mapped axes.

    Raises:
      ValueError: They divide them differently.
    """
    pairs = zip(avals, axes, strict=True)
    found = {jax_compat.mesh_axes_of(aval, axis) for aval, axis in pairs if axis is not None}
    if len(found) > 1:
        spelled = ", ".join(sorted(map(str, found)))
        raise ValueError(f"vmap: expected all mapped axes to be sharded alike, found several ways: {spelled}")
    return next(iter(found), None)


def dividing_axes(
    spmd_axis_name: str | tuple[str, ...] | None, mesh_axes: MeshAxes, avals: Sequence[Any]
) -> tuple[str, ...]:
    """The axes of a mesh along which constraints inside of a map divide its examples: those that it names, or
    those along which types divide them. On a mesh whose axes are all in types it is only these.

    Raises:
      ValueError: It names other axes than types do.
    """
    named = (spmd_axis_name,) if isinstance(spmd_axis_name, str) else tuple(spmd_axis_name or ())
    if named and mesh_axes and named != mesh_axes:
        raise ValueError(f"vmap: spmd_axis_name is {named}, but the arguments' types say {mesh_axes}")
    return mesh_axes or (() if named and jax_compat.only_types_divide(avals) else named)


def whole_size(size: Any) -> int:
    """A size as an integer; as it is where `jax.export` leaves it symbolic."""
    return size if jax_compat.is_symbolic_size(size) else int(size)
