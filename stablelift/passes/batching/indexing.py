"""Batching of indexing: slices at mapped positions become gathers and scatters with batching dimensions.

A gather reads, for each index vector, one slice of its operand. The batch is a window dimension where only
the operand carries it, an ordinary dimension of the indices where only they do, and a batching dimension
where both do.
"""

from __future__ import annotations

from typing import Any

from stablelift.ir import attr, hlo
from stablelift.ir.indexing import gather as take
from stablelift.ir.indexing import gather_dimensions, scatter_dimensions
from stablelift.ir.indexing import scatter as put
from stablelift.ir.mlir import stablehlo
from stablelift.ir.tensor import emit
from stablelift.ir.types import tensor_type
from stablelift.passes.batching.table import (
    batch,
    batched_types,
    extent,
    require_number,
    require_shared,
    require_sizes,
    shifted,
    spread,
    spread_unmapped,
)


@batch("stablehlo.gather", shared=True, any_size=True)
def gather(op, operand, indices, mapped):
    changed, front = _gather_dimensions(op, operand, mapped)
    require_number(op, *front)
    changed["slice_sizes"] = attr.i64s([*front, *op.slice_sizes])
    given = [operand, indices]
    return hlo.remake(op, given, types=batched_types(op, _batch_size(given, mapped)), **changed)


@batch("stablehlo.dynamic_gather", shared=True, any_size=True)
def dynamic_gather(op, operand, indices, sizes, mapped):
    """The sizes of slices are an operand, which all examples share."""
    require_shared(op, mapped[2:])
    changed, front = _gather_dimensions(op, operand, mapped)
    if front:
        sizes = hlo.concatenate([hlo.convert(extent(*front), sizes.element_type), sizes], 0)
    given = [operand, indices, sizes]
    return hlo.remake(op, given, types=batched_types(op, _batch_size(given, mapped)), **changed)


def _gather_dimensions(op, operand, mapped):
    """The attributes that change, and the size of slices along the batch of the operand, if it has one."""
    dims = stablehlo.GatherDimensionNumbers(op.dimension_numbers)
    of_operand, of_indices = mapped[:2]
    both = of_operand and of_indices
    offset = list(dims.offset_dims)
    move = shifted if of_operand else list
    numbers = gather_dimensions(
        offset_dims=shifted(offset) if of_indices else [0, *shifted(offset)],
        collapsed_slice_dims=move(dims.collapsed_slice_dims),
        operand_batching_dims=[0] * both + move(dims.operand_batching_dims),
        start_indices_batching_dims=[0] * both
        + [axis + of_indices for axis in dims.start_indices_batching_dims],
        start_index_map=move(dims.start_index_map),
        index_vector_dim=dims.index_vector_dim + of_indices,
    )
    changed: dict[str, Any] = {"dimension_numbers": numbers}
    if of_indices:
        changed["indices_are_sorted"] = attr.boolean(False)
    return changed, [1 if both else operand.shape[0]] if of_operand else []


@batch("stablehlo.scatter", shared=True, any_size=True)
def scatter(op, *operands, mapped):
    """The results carry the batch, so the operands and updates do; the indices only if they must."""
    count = len(op.operation.results)
    dims = stablehlo.ScatterDimensionNumbers(op.scatter_dimension_numbers)
    size = _batch_size(operands, mapped)
    inputs = spread_unmapped(size, operands[:count], mapped[:count])
    updates = spread_unmapped(size, operands[count + 1 :], mapped[count + 1 :])
    of_indices = mapped[count]
    window = shifted(dims.update_window_dims)
    numbers = scatter_dimensions(
        update_window_dims=window if of_indices else [0, *window],
        inserted_window_dims=shifted(dims.inserted_window_dims),
        input_batching_dims=[0] * of_indices + shifted(dims.input_batching_dims),
        scatter_indices_batching_dims=[0] * of_indices
        + [axis + of_indices for axis in dims.scatter_indices_batching_dims],
        scattered_dims_to_operand_dims=shifted(dims.scattered_dims_to_operand_dims),
        index_vector_dim=dims.index_vector_dim + of_indices,
    )
    changed: dict[str, Any] = {"scatter_dimension_numbers": numbers}
    if of_indices:
        changed["indices_are_sorted"] = attr.boolean(False)
    given = [*inputs, operands[count], *updates]
    return hlo.remake(op, given, types=[x.type for x in inputs], **changed)


@batch("stablehlo.dynamic_slice", shared=True, any_size=True)
def dynamic_slice(op, x, *starts, mapped):
    sizes = list(op.slice_sizes)
    if not any(mapped[1:]) and x.shape[0] >= 0:
        return hlo.dynamic_slice(x, [_zero(starts), *starts], [x.shape[0], *sizes])
    of_operand = mapped[0]
    size = _batch_size((x, *starts), mapped)
    axes = _movable(op.operand.type.shape, sizes)
    if not axes:
        return x if of_operand else spread(x, size)
    numbers = gather_dimensions(
        offset_dims=list(range(1, len(sizes) + 1)),
        operand_batching_dims=[0] * of_operand,
        start_indices_batching_dims=[0] * of_operand,
        start_index_map=[axis + of_operand for axis in axes],
        index_vector_dim=1,
    )
    indices = _index_vectors(spread_unmapped(size, starts, mapped[1:]), axes)
    return take(x, indices, numbers, [1] * of_operand + sizes)


@batch("stablehlo.dynamic_update_slice", shared=True, any_size=True)
def dynamic_update_slice(op, x, update, *starts, mapped):
    """A scatter drops what does not fit, `dynamic_update_slice` moves it inside: the starts are clamped
    first.
    """
    size = _batch_size((x, update, *starts), mapped)
    x, update = spread_unmapped(size, (x, update), mapped[:2])
    if not any(mapped[2:]):
        return hlo.dynamic_update_slice(x, update, [_zero(starts), *starts])
    require_sizes(op)
    shape, window = x.shape[1:], update.shape[1:]
    axes = _movable(shape, window)
    if not axes:
        return update
    inside = [
        _clamp(start, length - width) for start, length, width in zip(starts, shape, window, strict=True)
    ]
    numbers = scatter_dimensions(
        update_window_dims=list(range(1, update.rank)),
        input_batching_dims=[0],
        scatter_indices_batching_dims=[0],
        scattered_dims_to_operand_dims=shifted(axes),
        index_vector_dim=1,
    )
    return put(x, _index_vectors(spread_unmapped(size, inside, mapped[2:]), axes), update, numbers)


def _batch_size(operands, mapped):
    return next(x.shape[0] for x, flag in zip(operands, mapped, strict=True) if flag)


def _zero(starts):
    """The start along the batch axis."""
    return hlo.zeros_like(starts[0]) if starts else hlo.index(0)


def _movable(shape, window):
    """The axes along which a window can move at all: along the others it starts at 0, whatever was asked
    for.
    """
    return [axis for axis, (length, width) in enumerate(zip(shape, window, strict=True)) if length != width]


def _clamp(start, greatest):
    element = start.element_type
    scalar = tensor_type([], element)
    known = 2 ** (element.width - (not element.is_unsigned)) - 1  # a start of few bits is never further
    least, most = hlo.constant(0, scalar), hlo.constant(min(greatest, known), scalar)
    return emit("stablehlo.clamp", least, start, most, type=start.type)


def _index_vectors(starts, axes):
    """The starts along `axes` as one index vector for each example."""
    columns = [hlo.reshape(starts[axis], (*starts[axis].shape, 1)) for axis in axes]
    return columns[0] if len(columns) == 1 else hlo.concatenate(columns, 1)
