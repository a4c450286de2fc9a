"""An op with a region gives way to what is in the region."""

from __future__ import annotations

from typing import Any

from stablelift.ir.mlir import ir


def splice(operation: Any, block: ir.Block) -> None:
    """Put the ops of a block of `operation` in its place, what the block returns in that of its results."""
    *body, terminator = [op.operation for op in block.operations]
    for op in body:
        op.move_before(operation)
    for old, new in zip(list(operation.results), list(terminator.operands), strict=True):
        old.replace_all_uses_with(new)
    operation.erase()
