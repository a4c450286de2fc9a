"""Ops of a loop's body emitted again elsewhere, on other values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from stablelift.ir.mlir import ir, walk
from stablelift.passes.liveness import needed_for

Become = dict[ir.Value, ir.Value]
"""What values of a body are where its ops are emitted again."""


def copy_ops(operations: Iterable[ir.Operation], become: Become) -> None:
    """Emit the ops here, in order, on what their operands have become; `become` learns their results."""
    for operation in operations:
        copy = operation.clone().operation
        for user in (copy, *(walk(copy) if len(copy.regions) else ())):
            for operand in set(user.operands):
                if operand in become:
                    user.replace_uses_of_with(operand, become[operand])
        become.update(zip(operation.results, copy.results, strict=True))


def copy_needed(operations: Sequence[ir.Operation], values: Iterable[ir.Value], become: Become) -> None:
    """Emit those of the ops here that compute `values` from what `become` knows."""
    wanted = [value for value in values if value not in become]
    known = set(become)
    needed = needed_for(operations, wanted, known)
    copy_ops(
        (op for op in operations if any(result in needed and result not in known for result in op.results)),
        become,
    )
