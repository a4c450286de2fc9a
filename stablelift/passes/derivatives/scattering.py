"""Derivatives of `scatter`, by what its region combines an old element and an update to.

A scatter drops what falls outside, a gather clamps: a scatter's transpose masks what it gathers. Any region
is differentiated as what it computes: for all windows at once where they do not overlap, else for one after
the other, in a scan.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from stablelift.ir import hlo
from stablelift.ir.region import chooses, combined_by, returned
from stablelift.ir.tensor import Tensor
from stablelift.ir.types import tensor_type
from stablelift.passes.derivatives.decomposition import by_decomposition
from stablelift.passes.derivatives.flow import build
from stablelift.passes.derivatives.regions import for_all
from stablelift.passes.derivatives.sweeps import Derive
from stablelift.passes.derivatives.table import (
    IDENTITY,
    DerivativeRule,
    LinearMap,
    by_linear_maps,
    by_region,
)
from stablelift.passes.derivatives.windows import Windows
from stablelift.passes.structure import define


@by_region("stablehlo.scatter")
def scatter(op):
    block = op.operation.regions[0].blocks[0]
    if len(op.operation.results) > 1:
        return _any
    if len(list(block.operations)) == 1 and returned(block) == [block.arguments[1]]:
        return _KNOWN["set"]
    if hlo.is_complex(Tensor(op.operation.operands[0])) and chooses(block):
        return _KNOWN["stablehlo.maximum"]
    combine = combined_by(block)
    if combine == "stablehlo.multiply" and not _is_unique(op):
        return _any
    return _KNOWN.get(combine or "", _any)


def _is_unique(op: Any) -> bool:
    """Whether the op promises that its windows do not overlap."""
    return op.unique_indices is not None and op.unique_indices.value


# Known regions ------------------------------------------------------------------------------------


def _add(windows: Windows, y, x, updates):
    return IDENTITY, LinearMap(lambda t: windows.add_to(hlo.zeros_like(x), t), windows.read)


def _subtract(windows: Windows, y, x, updates):
    return IDENTITY, LinearMap(lambda t: windows.add_to(hlo.zeros_like(x), -t), lambda ct: -windows.read(ct))


def _multiply(windows: Windows, y, x, updates):
    """Windows that do not overlap: each element meets one update at most."""
    return lambda: windows.put_in(hlo.constant(1, x.type), updates), lambda: _scaled(
        windows, x, windows.read(x)
    )


def _choose(windows: Windows, y, x, updates):
    """Of the old element and all updates of a place, those equal to the result share evenly, as in JAX."""
    element = x.element_type
    kept = hlo.compare(x, "EQ", y)
    won = hlo.compare(updates, "EQ", windows.read(y))
    shares = windows.add_to(hlo.convert(kept, element), hlo.convert(won, element))
    share = 1 / shares
    of_update = hlo.select(won, windows.read(share), hlo.zeros_like(updates))
    return hlo.select(kept, share, hlo.zeros_like(x)), lambda: _scaled(windows, x, of_update)


def _scaled(windows: Windows, x: Tensor, factor: Tensor) -> LinearMap:
    """The map of updates that are added to their places, times `factor`."""
    return LinearMap(
        lambda t: windows.add_to(hlo.zeros_like(x), t * factor), lambda ct: windows.read(ct) * factor
    )


def _set(windows: Windows, y, x, updates):
    """Of windows that overlap one wins, nobody says which: number the updates, and see whose number is
    there.
    """
    numbers = windows.numbered(updates.shape)
    last = windows.put_in(hlo.constant(0, tensor_type(windows.shape, numbers.element_type)), numbers)
    untouched = hlo.compare(last, "EQ", 0)
    won = hlo.compare(windows.read(last), "EQ", numbers)

    def kept(t: Tensor) -> Tensor:
        return hlo.select(untouched, t, hlo.zeros_like(t))

    def placed(t: Tensor) -> Tensor:
        winners = hlo.select(won, t, hlo.zeros_like(t))
        return windows.add_to(hlo.constant(0, tensor_type(windows.shape, t.element_type)), winners)

    def taken(ct: Tensor) -> Tensor:
        found = windows.read(ct)
        return hlo.select(won, found, hlo.zeros_like(found))

    return LinearMap(kept, kept), LinearMap(placed, taken)


def _by_windows(maps: Callable) -> DerivativeRule:
    """A rule `(windows, y, x, updates)` that returns the maps of the operand and of the updates."""

    def rule(op: Any, y: Tensor, x: Tensor, indices: Tensor, updates: Tensor) -> Any:
        of_x, of_updates = maps(Windows.of_scatter(op, x, indices, updates), y, x, updates)
        return of_x, None, of_updates

    return by_linear_maps(rule)


_KNOWN = {
    "set": _by_windows(_set),
    "stablehlo.add": _by_windows(_add),
    "stablehlo.subtract": _by_windows(_subtract),
    "stablehlo.multiply": _by_windows(_multiply),
    "stablehlo.maximum": _by_windows(_choose),
    "stablehlo.minimum": _by_windows(_choose),
}


# Any region ---------------------------------------------------------------------------------------


@by_decomposition
def _any(derive, op, *operands):
    count = len(op.operation.results)
    xs, indices, updates = operands[:count], operands[count], operands[count + 1 :]
    windows = Windows.of_scatter(op, xs[0], indices, updates[0])
    emit = _at_once if _is_unique(op) else one_by_one
    return emit(derive, op.operation.regions[0].blocks[0], windows, xs, updates)


def _at_once(
    derive: Derive, block: Any, windows: Windows, xs: Sequence[Tensor], updates: Sequence[Tensor]
) -> list[Tensor]:
    """`xs` with windows that do not overlap combined with `updates` by the block."""
    if 0 in updates[0].shape:
        return list(xs)
    combined = for_all(derive, block, [*(windows.read(x) for x in xs), *updates])
    return [windows.put_in(x, each) for x, each in zip(xs, combined, strict=True)]


def one_by_one(
    derive: Derive, block: Any, windows: Windows, xs: Sequence[Tensor], updates: Sequence[Tensor]
) -> list[Tensor]:
    """The same for windows that may overlap, in the order of the indices, which is as good as any other."""
    single, indices = _listed(windows)
    count = indices.shape[0]
    stacks = [indices, *(_on_front(windows, each, count) for each in updates)]
    slices = [tensor_type(stack.shape[1:], stack.element_type) for stack in stacks]

    def step(arguments: list[Tensor]) -> list[Tensor]:
        xs_now, index, news = arguments[: len(xs)], arguments[len(xs)], arguments[len(xs) + 1 :]
        return _at_once(derive, block, replace(single, indices=index), xs_now, news)

    body = define(derive.functions, "scatter_step", [*(x.type for x in xs), *slices], step)
    return build(
        "lift.scan",
        [*xs, *stacks],
        [body],
        callee=body.name.value,
        num_consts=0,
        num_carry=len(xs),
        length=count,
        reverse=False,
        unroll=1,
        in_axes=[0] * len(stacks),
        out_axes=[],
    )


def _listed(windows: Windows) -> tuple[Windows, Tensor]:
    """One window of `windows`, and the index vectors of all in a list; batch axes are indexed like others."""
    indices, axis = windows.indices, windows.index_vector_axis
    if axis == indices.rank:
        indices = hlo.reshape(indices, [*indices.shape, 1])
    indices = hlo.move_axis(indices, axis, indices.rank - 1)
    element, places = indices.element_type, [*indices.shape[:-1], 1]
    # Without the axis of the index vectors, which has moved behind them.
    batch_axes = [each - (each > axis) for each in windows.index_batch_axes]
    counted = [hlo.iota(places, each, element) for each in batch_axes]
    indices = hlo.concatenate([indices, *counted], indices.rank - 1)
    single = replace(
        windows,
        rank=len(windows.window_axes),
        window_axes=list(range(len(windows.window_axes))),
        inserted_axes=sorted([*windows.inserted_axes, *windows.batch_axes]),
        batch_axes=[],
        index_batch_axes=[],
        indexed_axes=[*windows.indexed_axes, *windows.batch_axes],
        index_vector_axis=0,
    )
    return single, hlo.reshape(indices, [math.prod(places), indices.shape[-1]])


def _on_front(windows: Windows, updates: Tensor, count: int) -> Tensor:
    """The updates of each window in a list."""
    listed = [axis for axis in range(updates.rank) if axis not in windows.window_axes]
    front = hlo.transpose(updates, [*listed, *windows.window_axes])
    return hlo.reshape(front, [count, *front.shape[len(listed) :]])
