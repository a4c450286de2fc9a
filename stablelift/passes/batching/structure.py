"""What the rules for calls and loops share: flags, lift ops made again, functions around batched functions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from stablelift.ir import lift
from stablelift.ir.lift import Signature, attributes_of
from stablelift.ir.mlir import func, ir, symbol
from stablelift.ir.tensor import Tensor
from stablelift.passes.batching.table import Mapped
from stablelift.passes.module import Functions, body_of, finish


def union(a: Mapped, b: Mapped) -> list[bool]:
    """Where either is mapped."""
    return [x or y for x, y in zip(a, b, strict=True)]


def remake_lift(
    op: Any, operands: Sequence[Tensor], signatures: Mapping[str, Signature], **changed: Any
) -> list[Tensor]:
    """The same lift op on other operands, with some attributes `changed`; `signatures` are its callees'
    types.
    """
    attributes = attributes_of(op) | changed
    values = [operand.value for operand in operands]
    return [Tensor(result) for result in lift.create(op.operation.name, values, signatures, **attributes)]


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
    function = functions.create(wanted, inputs, ir.Location.current)
    block = body_of(function)
    with ir.InsertionPoint(block):
        results = body([Tensor(argument) for argument in block.arguments])
    finish(function, [x.value for x in results])
    return function
