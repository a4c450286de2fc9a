"""lift-inline: put the body of every called function in the place of its call.

    %y = call @f(%x)   ==>   the ops of @f on %x

MLIR's own `inline` does nothing here: jaxlib does not register the extension that lets it see through
`func.call`. A function marked `inlineable = "false"` for XLA, or one that calls itself, keeps its calls.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stablelift.ir.mlir import func, functions, inline_call, ir, walk
from stablelift.passes.base import ModulePass


@dataclass(frozen=True)
class Inline(ModulePass):
    name = "lift-inline"

    def run(self, module: ir.Module) -> None:
        known = functions(module)
        finished: dict[str, bool] = {}
        for name in known:
            _flatten(name, known, finished)


def _flatten(name: str, known: Mapping[str, func.FuncOp], finished: dict[str, bool]) -> None:
    """Inline the calls in `@name`, its callees first. `finished` is False while a function is being done."""
    if name in finished:
        return
    finished[name] = False
    for op in walk(known[name], "func.call"):
        if _kept(op):
            continue
        callee = op.operation.attributes["callee"].value
        _flatten(callee, known, finished)
        if finished[callee]:  # else it calls itself
            inline_at(op, known[callee])
    finished[name] = True


def inline_at(op: Any, callee: func.FuncOp) -> None:
    """Put the body of `callee` in the place of `op`, which calls it."""
    operation = op.operation
    with ir.InsertionPoint(operation), operation.location:
        results = inline_call(callee, list(operation.operands))
    for old, new in zip(list(operation.results), results, strict=True):
        old.replace_all_uses_with(new)
    operation.erase()


def _kept(call: Any) -> bool:
    attributes, notes = call.operation.attributes, "mhlo.frontend_attributes"
    return notes in attributes and "inlineable" in str(attributes[notes])
