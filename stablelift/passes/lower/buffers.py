"""What the stacked results of a loop begin as: tensors that earlier loops were the last to read, or zeros.

    while(...) reads %p, which nobody needs afterwards
    while(%ys = zeros)   ==>   while(%ys = %p)

A loop writes every element of its stacked results, so what they begin as does not matter. XLA makes zeros
early, and keeps them beside all that lives in the meantime; a tensor that has served already costs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stablelift.ir import hlo
from stablelift.ir.mlir import ir, walk
from stablelift.ir.region import captures
from stablelift.ir.tensor import Tensor


def initial_stacks(op: ir.Operation, types: Sequence[Any]) -> list[Tensor]:
    """A tensor of each type, for a loop in the place of `op` to write over; no tensor serves twice."""
    spent = _spent_before(op) if types else []
    found: list[Tensor] = []
    for type in types:
        value = next((value for value in spent if value.type == type), None)
        if value is None:
            found.append(hlo.constant(0, type))
        else:
            spent.remove(value)
            found.append(Tensor(value))
    return found


def _spent_before(op: ir.Operation) -> list[ir.Value]:
    """The tensors made in `op`'s block that a loop above it was the last to read, the latest loop's first."""
    block: Any = op.block
    loops = [
        loop
        for loop in walk(block.owner, "stablehlo.while")
        if loop.block == block and loop.is_before_in_block(op)
    ]
    read = (use.value for loop in reversed(loops) for use in captures(loop))
    return [value for value in dict.fromkeys(read) if _is_made_in(block, value) and _is_spent(value, op)]


def _is_made_in(block: ir.Block, value: ir.Value) -> bool:
    owner: Any = value.owner
    if isinstance(owner, ir.Block) or owner.name == "stablehlo.constant":
        return False
    return owner.operation.block == block


def _is_spent(value: ir.Value, op: ir.Operation) -> bool:
    """Whether all uses of a value are above `op`, and none has given its memory away already."""
    for use in value.uses:
        user: Any = use.owner.operation
        if user.name == "stablehlo.while":
            return False
        while user.block != op.block:
            user = user.parent.operation
        if not user.is_before_in_block(op):
            return False
    return True
