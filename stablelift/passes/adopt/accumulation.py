"""Reductions that accumulate in a wider type than their operands have. Rules know those of one type.

    "stablehlo.reduce"(%x, %0) ({ ^bb0(%a: tensor<f32>, %b: tensor<f32>): ... })
      : (tensor<3xbf16>, tensor<bf16>) -> tensor<f32>
      ==>   %y = stablehlo.convert %x : (tensor<3xbf16>) -> tensor<3xf32>   and so with each operand

XLA refuses these reductions as they are, and takes such scatters only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from stablelift.ir import hlo
from stablelift.ir.mlir import ir
from stablelift.ir.tensor import Tensor


def convert_what_accumulates(ops: Mapping[str, Sequence[Any]]) -> None:
    """Give the operands of each reduction, of the ops by name, the types that its region computes in."""
    for name in ("stablehlo.reduce", "stablehlo.reduce_window", "stablehlo.scatter"):
        for op in ops.get(name, ()):
            _convert_operands(op.operation)


def _convert_operands(op: Any) -> None:
    arguments = op.regions[0].blocks[0].arguments
    numbers = list(range(len(op.operands)))
    if len(numbers) > len(arguments):
        del numbers[len(arguments) // 2]  # the indices of a scatter, which no region sees
    for number, argument in zip(numbers, arguments, strict=True):
        operand, element = op.operands[number], argument.type.element_type
        if operand.type.element_type != element:
            with ir.InsertionPoint(op), op.location:
                op.operands[number] = hlo.convert(Tensor(operand), element).value
