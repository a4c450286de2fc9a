"""Reads and writes of one slice of an array, however they are spelled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stablelift.ir.mlir import ir, stablehlo


@dataclass(frozen=True)
class Access:
    """A slice of `array`: where it starts, an index for each axis, and its sizes.

    An index is a scalar integer, or a position in a vector of them. `value` is what is read or written.
    """

    operation: ir.Operation
    array: ir.Value
    indices: list[tuple[ir.Value, int | None] | int]
    sizes: list[int]
    value: ir.Value
    clamps: bool
    adds: bool = False


def read_of(operation: ir.Operation) -> Access | None:
    """The read that an op is, if it is one."""
    op: Any = operation.opview
    if operation.name == "stablehlo.dynamic_slice":
        array, *indices = operation.operands
        starts: list[Any] = [(index, None) for index in indices]
        return Access(operation, array, starts, list(op.slice_sizes), operation.results[0], clamps=True)
    if operation.name == "stablehlo.gather":
        array, indices = operation.operands
        dims = stablehlo.GatherDimensionNumbers(op.dimension_numbers)
        if list(dims.operand_batching_dims):
            return None
        components = _components(indices, dims.index_vector_dim, list(dims.start_index_map), array)
        if components is None:
            return None
        return Access(operation, array, components, list(op.slice_sizes), operation.results[0], clamps=True)
    return None


def write_of(operation: ir.Operation) -> Access | None:
    """The write that an op is, if it is one."""
    op: Any = operation.opview
    if operation.name == "stablehlo.dynamic_update_slice":
        array, update, *indices = operation.operands
        starts: list[Any] = [(index, None) for index in indices]
        return Access(operation, array, starts, list(update.type.shape), update, clamps=True)
    if operation.name == "stablehlo.scatter" and len(operation.operands) == 3:
        array, indices, update = operation.operands
        dims = stablehlo.ScatterDimensionNumbers(op.scatter_dimension_numbers)
        combines = _combines(operation)
        if list(dims.input_batching_dims) or combines is None:
            return None
        axes = list(dims.scattered_dims_to_operand_dims)
        components = _components(indices, dims.index_vector_dim, axes, array)
        if components is None:
            return None
        sizes = _window(dims, array, update)
        return Access(operation, array, components, sizes, update, clamps=False, adds=combines == "add")
    return None


def _components(indices: ir.Value, vector_axis: int, axes: list[int], array: ir.Value) -> list[Any] | None:
    """An index for each axis of the array, where `indices` hold one index vector in all."""
    shape = list(indices.type.shape)
    if any(size != 1 for axis, size in enumerate(shape) if axis != vector_axis):
        return None
    starts: list[Any] = [0] * array.type.rank
    for position, axis in enumerate(axes):
        starts[axis] = (indices, position)
    return starts


def _window(dims: Any, array: ir.Value, update: ir.Value) -> list[int]:
    """The sizes of the slice that a scatter's update is."""
    inserted = list(dims.inserted_window_dims)
    sizes = iter(update.type.shape[axis] for axis in dims.update_window_dims)
    return [1 if axis in inserted else next(sizes) for axis in range(array.type.rank)]


def _combines(operation: ir.Operation) -> str | None:
    """How a scatter combines: it sets, it adds, or None for another way."""
    block = operation.regions[0].blocks[0]
    *ops, terminator = block.operations
    (result,) = terminator.operation.operands
    old, new = block.arguments
    if result == new:
        return "set"
    if len(ops) == 1 and ops[0].operation.name == "stablehlo.add" and result == ops[0].operation.results[0]:
        if set(ops[0].operation.operands) == {old, new}:
            return "add"
    return None
