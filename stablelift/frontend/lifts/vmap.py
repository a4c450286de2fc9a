"""vmap: a Module mapped over an axis, its variables stacked or shared, its keys split or shared."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from stablelift.errors import LiftArgumentError
from stablelift.frontend import functional, meta
from stablelift.frontend.filters import Filter
from stablelift.frontend.lifts.pack import Groups, Packed, check_arrays, pack
from stablelift.frontend.lifts.transform import lift_transform
from stablelift.frontend.rng import LazyRng, split_root

_SHARED = object()  # in place of None, which JAX takes for a pytree without leaves


@dataclasses.dataclass(frozen=True)
class In:
    """An axis of a collection that is only read: it is mapped on the way in, nothing comes out."""

    axis: Any


@dataclasses.dataclass(frozen=True)
class Out:
    """An axis of a collection that is only written: nothing goes in, it is stacked on the way out."""

    axis: Any


def vmap(
    target: Any,
    variable_axes: Mapping[Any, Any] = {},
    split_rngs: Mapping[Any, bool] = {},
    in_axes: Any = 0,
    out_axes: Any = 0,
    axis_size: int | None = None,
    axis_name: Any = None,
    spmd_axis_name: Any = None,
    metadata_params: Mapping[Any, Any] = {},
    methods: Any = None,
) -> Any:
    """Map a Module class or a function of a Module over an axis, as in Linen.

    `variable_axes` says for each collection (filter) the axis it is stacked on, or None to share it; a
    collection not named is absent inside. `split_rngs` says for each stream whether each instance has keys
    of its own. `in_axes` and `out_axes` are as in `jax.vmap`, for the arguments after the Module.
    `axis_size` is needed if neither an argument nor a variable is mapped.
    Raises: LiftArgumentError if the sizes disagree, TransformTargetError.
    """
    return lift_transform(
        "vmap",
        _make,
        target,
        methods,
        variable_axes=variable_axes,
        split_rngs=split_rngs,
        in_axes=in_axes,
        out_axes=out_axes,
        axis_size=axis_size,
        axis_name=axis_name,
        spmd_axis_name=spmd_axis_name,
        metadata_params=metadata_params,
    )


def _make(**options: Any) -> Any:
    return lambda call, *args, **kwargs: vmap_scopes(call.body, **options)(call.scopes, *args, **kwargs)


def vmap_scopes(
    fn: Any,
    variable_axes: Mapping[Filter, Any] = {},
    split_rngs: Mapping[Filter, bool] = {},
    in_axes: Any = 0,
    out_axes: Any = 0,
    axis_size: int | None = None,
    axis_name: Any = None,
    spmd_axis_name: Any = None,
    metadata_params: Mapping[Any, Any] = {},
) -> Any:
    """The same for `fn(scopes, *args)`, as a function of `(scopes, *args)`."""
    into = {col: _axis(axis) for col, axis in variable_axes.items() if not isinstance(axis, Out)}
    out_of = {col: _axis(axis) for col, axis in variable_axes.items() if not isinstance(axis, In)}
    variable_in, variable_out = tuple(into.values()), tuple(out_of.values())
    splits = tuple(split_rngs.values())

    def mapped(packed: Packed, *args: Any) -> tuple[Any, Groups]:
        check_arrays("vmap", packed, args)
        variables = _on_boxes(meta.remove_axis, packed.variable_groups, variable_in, metadata_params)
        size = mapped_axis_size(packed, variables, variable_in, args, in_axes, axis_size)
        rngs = tuple(
            _split(group, size) if split else group
            for group, split in zip(packed.rng_groups, splits, strict=True)
        )
        value, groups = functional.vmap(
            lambda variables, rngs, args: packed.run(fn, variables, rngs, *args),
            in_axes=(variable_in, tuple(0 if split else None for split in splits), in_axes),
            out_axes=(out_axes, variable_out),
            axis_size=size,
            axis_name=axis_name,
            spmd_axis_name=spmd_axis_name,
        )(variables, rngs, args)
        return value, _on_boxes(meta.add_axis, groups, variable_out, metadata_params)

    return pack(mapped, tuple(into), tuple(out_of), tuple(split_rngs), "vmap")


def mapped_axis_size(
    packed: Packed, variables: Groups, variable_axes: Any, args: Any, in_axes: Any, axis_size: int | None
) -> int:
    """The one size of all mapped axes. Raises: LiftArgumentError if there are several, or none."""
    if isinstance(in_axes, list):
        raise LiftArgumentError(f"`in_axes` of `vmap` is an int, None or a tuple, found the list {in_axes!r}")
    sizes: dict[int, list[str]] = {}
    if axis_size is not None:
        sizes[axis_size] = ["axis_size"]
    mapped = _mapped_leaves("argument", args, in_axes)
    for by_root, axis in zip(variables, variable_axes, strict=True):
        mapped += [leaf for collections in by_root for leaf in _mapped_leaves("variable", collections, axis)]
    for where, leaf, axis in mapped:
        sizes.setdefault(_size(where, leaf, axis), []).append(where)
    if len(sizes) == 1:
        return next(iter(sizes))
    place = packed.path_text
    if not sizes:
        raise LiftArgumentError(
            f"`vmap` of `{place}` maps no axis of an argument or variable, so its size is unknown",
            hint="pass `axis_size`",
        )
    details = [f"size {size}: {', '.join(places)}" for size, places in sizes.items()]
    raise LiftArgumentError(
        f"`vmap` of `{place}` maps axes of different sizes",
        *details,
        hint="check `in_axes` and `variable_axes`",
    )


def _mapped_leaves(kind: str, tree: Any, axes: Any) -> list[tuple[str, Any, int]]:
    """Place, array and axis of each leaf that is mapped. `axes` is a prefix of `tree`."""
    marked = jax.tree_util.tree_map(lambda axis: _SHARED if axis is None else axis, axes, is_leaf=_is_none)
    try:
        axis_of_leaf = jax.tree_util.tree_leaves(jax.tree.broadcast(marked, tree))
    except ValueError as error:
        raise LiftArgumentError(
            f"`in_axes` of `vmap` does not fit the arguments: {axes!r}", str(error).splitlines()[0]
        ) from error
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    return [
        (f"{kind} {jax.tree_util.keystr(path, simple=True, separator='/')}", leaf, axis)
        for (path, leaf), axis in zip(leaves, axis_of_leaf, strict=True)
        if axis is not _SHARED
    ]


def _is_none(x: Any) -> bool:
    return x is None


def _size(where: str, leaf: Any, axis: int) -> int:
    shape = np.shape(leaf)
    if not -len(shape) <= axis < len(shape):
        raise LiftArgumentError(f"`vmap` maps axis {axis} of {where}, which has shape {shape}")
    return shape[axis]


def _axis(axis: Any) -> Any:
    return axis.axis if isinstance(axis, In | Out) else axis


def _on_boxes(change: Any, groups: Groups, axes: tuple[Any, ...], params: Mapping[Any, Any]) -> Groups:
    return tuple(
        group if axis is None else change(group, axis, params)
        for group, axis in zip(groups, axes, strict=True)
    )


def _split(group: Any, size: int) -> Any:
    return jax.tree_util.tree_map(
        lambda rng: split_root(rng, size), group, is_leaf=lambda x: isinstance(x, LazyRng)
    )
