"""Batching of reductions, windows and sorts: the batch is an axis they leave alone."""

from __future__ import annotations

from functools import partial

from stablelift.ir import attr, hlo
from stablelift.ir.location import error_at
from stablelift.ir.reduction import over_axes
from stablelift.ir.tensor import emit
from stablelift.passes.batching.initial import combine_with, identity, over_windows
from stablelift.passes.batching.table import (
    batch,
    batched_types,
    require_number,
    shifted,
    spread,
    spread_over,
    spread_unmapped,
)


@batch("stablehlo.reduce", shared=True, any_size=True)
def reduce(op, *operands, mapped):
    count = len(op.operation.results)
    size, xs, initial = _inputs(operands, mapped, count)
    axes = shifted(op.dimensions)
    if any(mapped[count:]):
        require_number(op, size)
        own = spread_unmapped(size, initial, mapped[count:])
        if any(mapped[:count]):
            return combine_with(op, xs, own, partial(over_axes, axes=axes))
        # What is reduced is shared: reduce it once.
        once = partial(over_axes, axes=list(op.dimensions))
        return combine_with(op, operands[:count], own, lambda *of: [spread(y, size) for y in once(*of)])
    return hlo.remake(op, [*xs, *initial], types=batched_types(op, size), dimensions=attr.i64s(axes))


def _inputs(operands, mapped, count):
    """The number of examples, the reduced tensors, all of them carrying the batch, and the initial values."""
    size = next(x.shape[0] for x, flag in zip(operands, mapped, strict=True) if flag)
    return size, spread_unmapped(size, operands[:count], mapped[:count]), operands[count:]


@batch("stablehlo.reduce_window", shared=True, any_size=True)
def reduce_window(op, *operands, mapped):
    count = len(op.operation.results)
    size, xs, initial = _inputs(operands, mapped, count)
    if any(mapped[count:]):
        require_number(op, size)
        return combine_with(op, xs, spread_unmapped(size, initial, mapped[count:]), partial(over_windows, op))
    return hlo.remake(op, [*xs, *initial], types=batched_types(op, size), **_window(op))


def _window(op):
    """The window's attributes, with a window of one over the batch."""
    changed = {}
    for name in ("window_dimensions", "window_strides", "base_dilations", "window_dilations"):
        if name in op.attributes:
            changed[name] = attr.i64s([1, *op.attributes[name]])
    if "padding" in op.attributes:
        changed["padding"] = attr.matrix([[0, 0], *attr.rows(op.attributes["padding"])])
    return changed


@batch("stablehlo.select_and_scatter", shared=True)
def select_and_scatter(op, x, source, initial, mapped):
    _, (x, source), _ = _inputs((x, source, initial), mapped, 2)
    if not mapped[2]:
        return hlo.remake(op, [x, source, initial], types=[x.type], **_window(op))
    name, start = identity(op, 1)
    if name is None or start is None:
        what = f"the initial value of `{op.operation.name}` is mapped, and its scatter is not one op"
        raise error_at(op, what, hint="start from a constant, and combine the mapped value with the result")
    given = [x, source, hlo.constant(start, op.init_value.type)]
    (found,) = hlo.remake(op, given, types=[x.type], **_window(op))
    return emit(name, spread_over(initial, found), found)


@batch("stablehlo.sort", any_size=True)
def sort(op, *xs):
    dimension = attr.i64(op.dimension.value + 1)
    return hlo.remake(op, xs, types=[x.type for x in xs], dimension=dimension)
