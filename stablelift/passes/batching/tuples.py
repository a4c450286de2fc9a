"""Batching of tuples: one that holds a mapped value holds mapped values only."""

from __future__ import annotations

from stablelift.ir.location import error_at
from stablelift.ir.mlir import ir
from stablelift.ir.tensor import emit
from stablelift.passes.batching.table import batch, spread


@batch("stablehlo.tuple", shared=True)
def tuple(op, *operands, mapped):
    if not all(isinstance(x.type, ir.RankedTensorType) for x in operands):
        what = "a tuple of mapped values holds tensors only"
        raise error_at(op, what, hint="take the tensors out of it before they meet other values")
    size = next(x.shape[0] for x, flag in zip(operands, mapped, strict=True) if flag)
    operands = [x if flag else spread(x, size) for x, flag in zip(operands, mapped, strict=True)]
    return emit("stablehlo.tuple", *operands, type=ir.TupleType.get_tuple([x.type for x in operands]))


@batch("stablehlo.get_tuple_element")
def get_tuple_element(op, operand):
    index = op.attributes["index"]
    type = operand.type.get_type(index.value)
    return emit("stablehlo.get_tuple_element", operand, attributes={"index": index}, type=type)
