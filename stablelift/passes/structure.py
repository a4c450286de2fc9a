"""Building blocks for rules of calls and loops: lift ops, and functions around other functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from stablelift.ir import lift
from stablelift.ir.lift import Signature
from stablelift.ir.mlir import func, ir
from stablelift.ir.tensor import Tensor
from stablelift.passes.module import Functions, body_of, finish


def lift_op(
    name: str, operands: Sequence[Tensor], signatures: Mapping[str, Signature], **attributes: Any
) -> list[Tensor]:
    """A lift op here; `signatures` are its callees' types by symbol."""
    values = [operand.value for operand in operands]
    return [Tensor(result) for result in lift.create(name, values, signatures, **attributes)]


def define(
    functions: Functions, wanted: str, inputs: Sequence[Any], body: Callable[[list[Tensor]], Sequence[Tensor]]
) -> func.FuncOp:
    """A new private function of `inputs` that returns what `body` emits for its arguments."""
    function = functions.create(wanted, inputs, ir.Location.current)
    block = body_of(function)
    with ir.InsertionPoint(block):
        results = body([Tensor(argument) for argument in block.arguments])
    finish(function, [x.value for x in results])
    return function
