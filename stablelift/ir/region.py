"""Regions of ops such as `reduce_window` and `sort`: their ops emitted again on other values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stablelift.ir.tensor import Tensor


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


def returned(block: Any) -> list[Any]:
    """The values that the block's terminator returns."""
    return list(list(block.operations)[-1].operation.operands)


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
