"""Derivatives of contractions: each of the three tensors of a product is the contraction of the other two."""

from __future__ import annotations

from typing import Any

from stablelift.ir import hlo
from stablelift.ir.contract import contract, labels
from stablelift.ir.location import error_at
from stablelift.ir.mlir import chlo
from stablelift.ir.tensor import Tensor
from stablelift.passes.derivatives.decomposition import decomposition
from stablelift.passes.derivatives.table import bilinear


@bilinear("stablehlo.dot_general")
def dot_general(op, ct, lhs, rhs):
    """The operands and the result may differ in element type; each cotangent has its operand's."""
    left, right, out = labels(op)
    wide = ct.element_type
    x, y = hlo.convert(lhs, wide), hlo.convert(rhs, wide)
    return (
        lambda: hlo.convert(contract(ct, out, y, right, to=left, like=op), lhs.element_type),
        lambda: hlo.convert(contract(ct, out, x, left, to=right, like=op), rhs.element_type),
    )


@decomposition("chlo.ragged_dot")
def ragged_dot(op, lhs, rhs, sizes):
    """A product whose lhs is cut into groups along one axis: rows of no group are zero, and so is each group
    outside of itself.
    """
    dims = chlo.RaggedDotDimensionNumbers(op.ragged_dot_dimension_numbers)
    if sizes.rank != 1:
        raise error_at(op, "no derivative rule for a `chlo.ragged_dot` with groups of its own for each batch")
    (ragged,) = dims.lhs_ragged_dimensions
    batch, contracted = list(dims.lhs_batching_dimensions), list(dims.lhs_contracting_dimensions)
    left: list[Any] = list(range(lhs.rank))
    right: list[Any] = [lhs.rank + axis for axis in range(rhs.rank)]
    for here, there in zip(batch, dims.rhs_batching_dimensions, strict=True):
        right[there] = here
    for here, there in zip(contracted, dims.rhs_contracting_dimensions, strict=True):
        right[there] = here
    for axis in dims.rhs_group_dimensions:
        right[axis] = "group"
    free = [axis for axis in left if axis not in batch + contracted]
    of_group = ["group"] if ragged in contracted else []
    out = [*of_group, *batch, *free, *(label for label in right if label not in [*left, "group"])]
    element = op.result.type.element_type
    member = hlo.convert(_members(sizes, lhs.shape[ragged]), element)
    x, y = hlo.convert(lhs, element), hlo.convert(rhs, element)
    grouped = contract(member, ["group", ragged], x, left, to=["group", *left], like=op)
    return [contract(grouped, ["group", *left], y, right, to=out, like=op)]


def _members(sizes: Tensor, count: int) -> Tensor:
    """Which of `count` rows are in which group: groups lie one after the other."""
    groups, element = sizes.shape[0], sizes.element_type
    square, table = [groups, groups], [groups, count]
    before = hlo.compare(hlo.iota(square, 1, element), "LE", hlo.iota(square, 0, element))
    repeated = hlo.broadcast_in_dim(sizes, square, [1])
    end = hlo.reduce_sum(hlo.select(before, repeated, hlo.zeros_like(repeated)), [1])
    row = hlo.iota(table, 1, element)
    ends, starts = (hlo.broadcast_in_dim(each, table, [0]) for each in (end, end - sizes))
    return hlo.logical_and(hlo.compare(row, "GE", starts), hlo.compare(row, "LT", ends))
