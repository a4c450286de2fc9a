"""Derivatives of data movement: linear ops, each with its transpose."""

from __future__ import annotations

from itertools import accumulate

from stablelift.ir import attr, hlo
from stablelift.ir.reduction import reduce_sum
from stablelift.ir.types import i1, tensor_type
from stablelift.passes.derivatives.table import transposition


@transposition("stablehlo.broadcast_in_dim")
def broadcast_in_dim(op, ct):
    """Sum what was repeated: the axes that are new, and those of size 1 that grew."""
    dimensions, shape, sizes = attr.ints(op.broadcast_dimensions), op.operand.type.shape, ct.shape
    kept = [axis for axis, size in zip(dimensions, shape, strict=True) if size == sizes[axis]]
    summed = reduce_sum(ct, [axis for axis in range(len(sizes)) if axis not in kept])
    order = sorted(kept)
    if order != kept:
        summed = hlo.transpose(summed, [order.index(axis) for axis in kept])
    return hlo.reshape(summed, shape)


@transposition("stablehlo.reshape")
def reshape(op, ct):
    return hlo.reshape(ct, op.operand.type.shape)


@transposition("stablehlo.transpose")
def transpose(op, ct):
    order = attr.ints(op.permutation)
    return hlo.transpose(ct, [order.index(axis) for axis in range(len(order))])


@transposition("stablehlo.reverse")
def reverse(op, ct):
    return hlo.reverse(ct, list(op.dimensions))


@transposition("stablehlo.slice")
def slice(op, ct):
    """Put the elements back where they were. The last one taken may lie well before the limit."""
    low, strides = attr.ints(op.start_indices), attr.ints(op.strides)
    spans = [max((size - 1) * stride + 1, 0) for size, stride in zip(ct.shape, strides, strict=True)]
    sizes = zip(op.operand.type.shape, low, spans, strict=True)
    return hlo.pad(ct, low, [size - start - span for size, start, span in sizes], [s - 1 for s in strides])


@transposition("stablehlo.pad")
def pad(op, ct):
    """The operand's elements are cut out (those that negative padding had cut off get zeros); the padding
    value gets the sum of the rest."""
    shape = op.operand.type.shape
    low, high, interior = list(op.edge_padding_low), list(op.edge_padding_high), list(op.interior_padding)

    def of_operand():
        trimmed = hlo.pad(ct, [-n for n in low], [-n for n in high], [0] * ct.rank)
        return hlo.slice(trimmed, [0] * ct.rank, trimmed.shape, [n + 1 for n in interior])

    def of_value():
        true = hlo.constant(True, tensor_type(shape, i1()))
        inside = hlo.pad(true, low, high, interior)
        return reduce_sum(hlo.select(inside, hlo.zeros_like(ct), ct), range(ct.rank))

    return of_operand, of_value


@transposition("stablehlo.concatenate")
def concatenate(op, ct):
    axis = op.dimension.value
    ends = list(accumulate(operand.type.shape[axis] for operand in op.operands))

    def part(start: int, end: int):
        return lambda: hlo.slice_axis(ct, axis, start, end)

    return [part(start, end) for start, end in zip([0, *ends], ends, strict=False)]
