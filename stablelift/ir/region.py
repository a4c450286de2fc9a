"""Regions of ops such as `reduce_window` and `sort`: their ops emitted again on other values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from stablelift.ir.mlir import ir, walk
from stablelift.ir.tensor import Tensor


class Use(NamedTuple):
    """A value as an operand of an op."""

    op: ir.Operation
    position: int
    value: ir.Value


def captures(op: ir.Operation) -> list[Use]:
    """The uses, in the regions of `op`, of values from outside of them."""
    own = _arguments(op)
    found: list[Use] = []
    for inner in walk(op):
        for index, value in enumerate(inner.operands):
            if value not in own:
                found.append(Use(inner, index, value))
        own.update(inner.results)
        if len(inner.regions):
            own |= _arguments(inner)
    return found


def used_by(op: ir.Operation, operands: Sequence[ir.Value] | None = None) -> list[ir.Value]:
    """The values that an op uses: its operands, unless they are given already, and what its regions
    capture.
    """
    used = list(op.operands if operands is None else operands)
    return used + [use.value for use in captures(op)] if len(op.regions) else used


def _arguments(op: ir.Operation) -> set[ir.Value]:
    """The arguments of the blocks of an op's regions."""
    regions = op.regions
    own: set[ir.Value] = set()
    for index in range(len(regions)):
        blocks = regions[index].blocks
        for each in range(len(blocks)):
            own.update(blocks[each].arguments)
    return own


def copy_block(block: Any, arguments: Sequence[Tensor], values: Sequence[Any]) -> list[Tensor]:
    """Emit the block's ops here, but for its terminator, on `arguments`; what its `values` have become.

    Values from outside of the block stay themselves.
    """
    become = dict(zip(block.arguments, (argument.value for argument in arguments), strict=True))
    for inner in list(block.operations)[:-1]:
        copy = inner.operation.clone().operation
        for operand in set(copy.operands):
            if operand in become:
                copy.replace_uses_of_with(operand, become[operand])
        become.update(zip(inner.operation.results, copy.results, strict=True))
    return [Tensor(become[value] if value in become else value) for value in values]


def fill(region: Any, types: Sequence[Any], body: Callable[[list[Tensor]], Sequence[Tensor]]) -> None:
    """Give an empty region its block: arguments of `types`, and what `body` emits from them returned."""
    block = region.blocks.append(*types)
    with ir.InsertionPoint(block):
        values = body([Tensor(argument) for argument in block.arguments])
        ir.Operation.create("stablehlo.return", operands=[value.value for value in values])


def returned(block: Any) -> list[Any]:
    """The values that the block's terminator returns."""
    return list(block.operations[len(block.operations) - 1].operation.operands)


def combined_by(block: Any) -> str | None:
    """The name of the op that is all of a block, applied to its two arguments in this order; None for any
    other.
    """
    ops = list(block.operations)[:-1]
    if len(ops) != 1 or returned(block) != list(ops[0].operation.results):
        return None
    return ops[0].operation.name if list(ops[0].operation.operands) == list(block.arguments) else None


def commuting(block: Any) -> str | None:
    """As `combined_by`, with the block's two arguments in either order."""
    ops = list(block.operations)[:-1]
    if len(ops) != 1 or returned(block) != list(ops[0].operation.results):
        return None
    return ops[0].operation.name if set(ops[0].operation.operands) == set(block.arguments) else None


def chooses(block: Any) -> bool:
    """Whether the block of two arguments returns one of them."""
    old, new = block.arguments
    (value,) = returned(block)
    return selects(value, old, new) or selects(value, new, old)


def selects(value: Any, on_true: Any, on_false: Any) -> bool:
    """Whether `value` is a selection between these two."""
    owner = value.owner
    return getattr(owner, "name", None) == "stablehlo.select" and list(owner.operands)[1:] == [
        on_true,
        on_false,
    ]
