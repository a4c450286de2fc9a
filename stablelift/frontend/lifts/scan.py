"""scan: a Module as the body of a loop, its variables stacked, shared by all steps, or carried."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax

from stablelift.errors import LiftArgumentError, LiftTypeError
from stablelift.frontend.calling import function_name
from stablelift.frontend.filters import Filter, in_filter
from stablelift.frontend.lifts.axes import (
    axes_of_leaves,
    broadcast,
    common_size,
    mapped_leaves,
    mapped_variables,
    split_axes,
    split_streams,
    with_axes,
    without_axes,
)
from stablelift.frontend.lifts.carry import check_carried_variables, check_carry
from stablelift.frontend.lifts.fingerprint import counts
from stablelift.frontend.lifts.pack import Groups, Packed, check_arrays, pack
from stablelift.frontend.lifts.transform import lift_transform
from stablelift.lowering.scan import Loop, LoopDependence
from stablelift.lowering.segmented import binomial


def scan(
    target: Any,
    variable_axes: Mapping[Any, Any] = {},
    variable_broadcast: Filter = False,
    variable_carry: Filter = False,
    split_rngs: Mapping[Any, bool] = {},
    in_axes: Any = 0,
    out_axes: Any = 0,
    length: int | None = None,
    reverse: bool = False,
    unroll: int | bool = 1,
    data_transform: Callable[..., Any] | None = None,
    metadata_params: Mapping[Any, Any] = {},
    methods: Any = None,
    _split_transpose: bool = False,
    check_constancy_invariants: bool = True,
    checkpoint: str | None = None,
) -> Any:
    """Make a Module class, or a function `(module, carry, *xs) -> (carry, ys)`, the body of a loop.

    Args:
      target: The class or function.
      variable_axes: For each collection (filter) the axis that it is stacked on, one entry for each step;
        `In` and `Out` for one direction only.
      variable_broadcast: The collections that all steps share. What the body creates or changes there must
        not depend on the carry, a slice or a split key; it is done once, before the loop.
      variable_carry: The collections that each step hands on to the next; they exist before the loop. One
        that is immutable here is shared.
      split_rngs: For each stream whether each step has keys of its own; a stream not named is absent inside.
      in_axes: The axis to scan in the arguments after the carry, a prefix tree of their tuple; `broadcast`
        for an argument that each step gets whole, as it is.
      out_axes: The same for ys; `broadcast` for a result that does not depend on the loop.
      length: The number of steps, needed if nothing is scanned.
      reverse: Whether to go from the last element to the first.
      unroll: Steps in one iteration of the compiled loop; True for no loop at all.
      data_transform: A function of the groups of variables (shared, carried, then stacked ones) and streams
        that the body is to see in their place.
      metadata_params: What the boxes of stacked variables learn of the axis. methods: As in all lifts of
      classes. _split_transpose: For compatibility; the derivative of a loop is ours to arrange.
      check_constancy_invariants: Whether keys are those of a body that was run once before the loop.
      checkpoint: "binomial:N" has a reverse sweep keep N carries along the loop, and run the fewest steps
      again
        that this allows (`remat_scan` keeps what enters each of some groups of layers).

    Raises: LiftArgumentError if lengths disagree or something shared depends on the loop, LiftTypeError if
        the carry changes its structure or types, TransformTargetError.
    """
    return lift_transform(
        "scan",
        _make,
        target,
        methods,
        variable_axes=variable_axes,
        variable_broadcast=variable_broadcast,
        variable_carry=variable_carry,
        split_rngs=split_rngs,
        in_axes=in_axes,
        out_axes=out_axes,
        length=length,
        reverse=reverse,
        unroll=unroll,
        data_transform=data_transform,
        metadata_params=metadata_params,
        _split_transpose=_split_transpose,
        check_constancy_invariants=check_constancy_invariants,
        checkpoint=checkpoint,
    )


def _make(**options: Any) -> Any:
    return lambda call, *args, **kwargs: scan_scopes(call.body, **options)(call.scopes, *args, **kwargs)


def scan_scopes(
    fn: Callable[..., Any],
    variable_axes: Mapping[Filter, Any] = {},
    variable_broadcast: Filter = False,
    variable_carry: Filter = False,
    split_rngs: Mapping[Filter, bool] = {},
    in_axes: Any = 0,
    out_axes: Any = 0,
    length: int | None = None,
    reverse: bool = False,
    unroll: int | bool = 1,
    _split_transpose: bool = False,
    data_transform: Callable[..., Any] | None = None,
    metadata_params: Mapping[Any, Any] = {},
    check_constancy_invariants: bool = True,
    checkpoint: str | None = None,
) -> Callable[..., Any]:
    """The same for `fn(scopes, carry, *xs)`, as a function of `(scopes, carry, *xs)`."""
    del _split_transpose
    snapshots = binomial(checkpoint)
    if checkpoint is not None and snapshots is None:
        raise LiftArgumentError(
            f"`scan` wants checkpoint=\"binomial:N\", found {checkpoint!r}",
            hint="`functional.scan` knows others",
        )
    into, out_of = split_axes(variable_axes)
    _refuse_none(variable_axes)
    variable_in, variable_out = tuple(into.values()), tuple(out_of.values())
    splits = tuple(split_rngs.values())
    rng_axes = tuple(0 if split else None for split in splits)

    def looped(packed: Packed, init: Any, *args: Any) -> tuple[Any, Groups]:
        shared, carried, *stacked = packed.variable_groups
        stacked = without_axes(stacked, variable_in, metadata_params)
        axes = axes_of_leaves("scan", in_axes, args)
        scanned = mapped_leaves("argument", args, axes)
        check_arrays("scan", packed, (init, [leaf for _, leaf, _ in scanned]))
        found = scanned + mapped_variables(stacked, variable_in)
        steps = common_size("scan", packed.path_text, found, length, "length")
        rngs = split_streams(packed.rng_groups, splits, steps)
        carried, fixed = _mutable_part(packed, carried)
        step = _Step(fn, packed, args, axes, data_transform)

        def loop_over(shared: Any) -> Loop:
            return Loop(
                step,
                (carried, init),
                (shared, fixed, stacked, rngs, [leaf for _, leaf, _ in scanned]),
                in_axes=(None, None, variable_in, rng_axes, [axis for _, _, axis in scanned]),
                out_axes=(None, _without_broadcast(out_axes), variable_out),
                length=steps,
            )

        before = [counts(root) for root in packed.roots]
        loop = loop_over(shared)
        try:
            invariants = loop.invariants()
        except LoopDependence as error:
            raise _dependence(packed, error.paths) from None
        updated = invariants[0]
        drew = before != [counts(root) for root in packed.roots]
        if check_constancy_invariants and (drew or step.changes_shared):
            # Linen runs the body once before the loop: the keys inside are those of a second run.
            step.keep_shared = True
            loop, invariants = loop_over(_merged(shared, updated)), ((), *invariants[1:])
        options: Any = {"reverse": reverse, "unroll": unroll, "checkpoints": snapshots}
        (carried, last), (_, ys, stacked) = loop.run(invariants, **options)
        return (last, ys), (updated, carried, *with_axes(stacked, variable_out, metadata_params))

    groups = (variable_broadcast, variable_carry)
    return pack(looped, (*groups, *into), (*groups, *out_of), tuple(split_rngs), "scan")


class _Step:
    """The body as a function of (carried variables, carry) and what each step sees.

    It notes whether it changed a shared variable; told to `keep_shared`, it does not return them.
    """

    def __init__(
        self, fn: Callable[..., Any], packed: Packed, args: Any, axes: list[int | None], data_transform: Any
    ):
        self.__name__ = function_name(fn)
        self._fn, self._packed, self._data_transform = fn, packed, data_transform
        self._leaves, self._structure = jax.tree_util.tree_flatten(args)
        self._axes = axes
        self.changes_shared = self.keep_shared = False

    def __call__(self, carry: Any, xs: Any) -> Any:
        (carried, value), (shared, fixed, stacked, rngs, slices) = carry, xs
        groups: Any = (shared, _merged(fixed, carried), *stacked)
        if self._data_transform is not None:
            groups, rngs = self._data_transform(groups, rngs)
        result, written = self._packed.run(self._fn, groups, rngs, value, *self._arguments(slices))
        if not isinstance(result, tuple) or len(result) != 2:
            raise LiftTypeError(
                f"`scan` wants (carry, ys) from `{self.__name__}`, found {type(result).__name__}"
            )
        check_carry("scan", self._packed, value, result[0])
        check_carried_variables("scan", "variable_carry", self._packed, carried, written[1])
        self.changes_shared |= _differ(shared, written[0])
        left = () if self.keep_shared else written[0]
        return (written[1], result[0]), (left, result[1], written[2:])

    def _arguments(self, slices: list[Any]) -> Any:
        """The arguments of one step: slices of those that are scanned, the others as they are."""
        found = iter(slices)
        leaves = zip(self._leaves, self._axes, strict=True)
        return self._structure.unflatten([x if axis is None else next(found) for x, axis in leaves])


def _mutable_part(packed: Packed, group: Any) -> tuple[Any, Any]:
    """The collections of a group that may be written, and the others."""
    kept: tuple[list[Any], list[Any]] = [], []
    for root, collections in zip(packed.roots, group, strict=True):
        mutable = packed.mutable(root)
        kept[0].append({col: xs for col, xs in collections.items() if in_filter(mutable, col)})
        kept[1].append({col: xs for col, xs in collections.items() if not in_filter(mutable, col)})
    return tuple(kept[0]), tuple(kept[1])


def _merged(group: Any, updates: Any) -> Any:
    return tuple({**old, **new} for old, new in zip(group, updates, strict=True))


def _differ(given: Any, written: Any) -> bool:
    """Whether a collection that was written back is not the very one that was given."""
    for old, new in zip(given, written, strict=True):
        kept = {col: old.get(col, {}) for col in new}
        one, other = jax.tree_util.tree_structure(kept), jax.tree_util.tree_structure(new)
        leaves = zip(jax.tree_util.tree_leaves(kept), jax.tree_util.tree_leaves(new), strict=False)
        if one != other or any(x is not y for x, y in leaves):
            return True
    return False


def _without_broadcast(axes: Any) -> Any:
    return jax.tree_util.tree_map(
        lambda axis: None if axis is broadcast else axis, axes, is_leaf=lambda x: x is None
    )


def _refuse_none(variable_axes: Mapping[Filter, Any]) -> None:
    for col, axis in variable_axes.items():
        inner = getattr(axis, "axis", axis)
        if not isinstance(inner, int):
            raise LiftArgumentError(
                f"`scan` stacks the collection `{col}` on an axis, an int, found {inner!r}",
                hint="name a collection that all steps share in `variable_broadcast`",
            )


def _dependence(packed: Packed, paths: list[str]) -> LiftArgumentError:
    """Places among the ys of a step, told apart: a shared variable, or a result."""
    variables = [path.split("/", 2)[2] for path in paths if path.startswith("0/")]
    results = ["ys" + path[1:] for path in paths if path.startswith("1")]
    details = [f"variable {path}" for path in variables] + [f"result {path}" for path in results]
    hint = "stack or carry the collection, or do not split the streams that it draws from"
    return LiftArgumentError(
        f"what the steps of `scan` of `{packed.path_text}` are to share depends on the loop",
        *details,
        hint=hint if variables else "give the result an axis in `out_axes`",
    )
