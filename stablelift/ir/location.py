"""Where an op comes from, in the user's terms, and the errors that say so.

JAX writes locations as named call sites; `where` finds the first file, line and column in one. Errors have
one form:

    model.py:12:9: error: no derivative rule for `stablehlo.cosine`
      op: stablehlo.cosine : (tensor<6xf32>) -> (tensor<6xf32>)
      hint: register one in stablelift/passes/derivatives/
"""

from __future__ import annotations

import re
from typing import Any

from stablelift.errors import LiftError
from stablelift.ir.mlir import ir

_FILE_LINE_COLUMN = re.compile(r'"((?:[^"\\]|\\.)+)":(\d+):(\d+)')


def where(location: ir.Location) -> str | None:
    """`file:line:col` of the innermost place named in `location`, or None where it names no file."""
    found = _FILE_LINE_COLUMN.search(str(location))
    return ":".join(found.groups()) if found else None


def signature(op: Any) -> str:
    """The op's name and types, without SSA numbers: `stablehlo.add : (tensor<f32>, tensor<f32>) ->
    (tensor<f32>)`.
    """
    operands = ", ".join(str(operand.type) for operand in op.operands)
    results = ", ".join(str(result.type) for result in op.results)
    return f"{op.name} : ({operands}) -> ({results})"


def error_at(op: Any, what: str, *, hint: str | None = None) -> LiftError:
    """The error `what` about `op`, with its place, its types and a hint; the caller raises it."""
    place = where(op.location)
    lines = [f"{place}: error: {what}" if place else f"error: {what}", f"  op: {signature(op)}"]
    if hint:
        lines.append(f"  hint: {hint}")
    return LiftError("\n".join(lines))
