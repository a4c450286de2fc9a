"""Building blocks for rules of calls and loops: lift ops, calls, and functions around other functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from stablelift.ir import lift
from stablelift.ir.lift import Signature, attributes_of
from stablelift.ir.mlir import func, here, ir, symbol
from stablelift.ir.tensor import Tensor
from stablelift.passes.module import Functions, body_of, finish


def lift_op(
    name: str, operands: Sequence[Tensor], signatures: Mapping[str, Signature], **attributes: Any
) -> list[Tensor]:
    """A lift op here; `signatures` are its callees' types by symbol."""
    values = [operand.value for operand in operands]
    return [Tensor(result) for result in lift.create(name, values, signatures, **attributes)]


def remake_lift(
    op: Any, operands: Sequence[Tensor], signatures: Mapping[str, Signature], **changed: Any
) -> list[Tensor]:
    """The lift op `op` on other operands, with some attributes `changed`; `signatures` as for `lift_op`."""
    return lift_op(op.operation.name, operands, signatures, **attributes_of(op) | changed)


def call_typed(name: str, operands: Sequence[Tensor], types: Sequence[Any]) -> list[Tensor]:
    """Call `@name`, which returns `types` but may still be under construction, here."""
    op = ir.Operation.create(
        "func.call",
        results=list(types),
        operands=[operand.value for operand in operands],
        attributes={"callee": symbol(name)},
    )
    return [Tensor(result) for result in op.results]


def define(
    functions: Functions, wanted: str, inputs: Sequence[Any], body: Callable[[list[Tensor]], Sequence[Tensor]]
) -> func.FuncOp:
    """A new private function of `inputs` that returns what `body` emits for its arguments."""
    function = functions.create(wanted, inputs, here())
    block = body_of(function)
    with ir.InsertionPoint(block):
        results = body([Tensor(argument) for argument in block.arguments])
    finish(function, [x.value for x in results])
    return function
