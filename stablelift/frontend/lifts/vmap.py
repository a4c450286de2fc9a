"""vmap: a Module mapped over an axis, its variables stacked or shared, its keys split or shared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax

from stablelift.frontend import functional
from stablelift.frontend.filters import Filter
from stablelift.frontend.lifts.axes import (
    axes_of_leaves,
    common_size,
    mapped_leaves,
    mapped_variables,
    split_axes,
    split_streams,
    with_axes,
    without_axes,
)
from stablelift.frontend.lifts.pack import Groups, Packed, check_arrays, pack
from stablelift.frontend.lifts.transform import lift_transform


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
    into, out_of = split_axes(variable_axes)
    variable_in, variable_out = tuple(into.values()), tuple(out_of.values())
    splits = tuple(split_rngs.values())

    def mapped(packed: Packed, *args: Any) -> tuple[Any, Groups]:
        axes = axes_of_leaves("vmap", in_axes, args)
        leaves, tree = jax.tree_util.tree_flatten(args)
        mapped_args = [0 if axis is None else leaf for leaf, axis in zip(leaves, axes, strict=True)]
        check_arrays("vmap", packed, tree.unflatten(mapped_args))  # what is not mapped stays what it is
        variables = without_axes(packed.variable_groups, variable_in, metadata_params)
        found = mapped_leaves("argument", args, axes)
        found += mapped_variables(variables, variable_in)
        size = common_size("vmap", packed.path_text, found, axis_size, "axis_size")
        value, groups = functional.vmap(
            lambda variables, rngs, args: packed.run(fn, variables, rngs, *args),
            in_axes=(variable_in, tuple(0 if split else None for split in splits), in_axes),
            out_axes=(out_axes, variable_out),
            axis_size=size,
            axis_name=axis_name,
            spmd_axis_name=spmd_axis_name,
        )(variables, split_streams(packed.rng_groups, splits, size), args)
        return value, with_axes(groups, variable_out, metadata_params)

    return pack(mapped, tuple(into), tuple(out_of), tuple(split_rngs), "vmap")
