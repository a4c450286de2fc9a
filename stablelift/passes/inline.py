"""lift-inline: put the body of every called function in the place of its call.

    %y = call @f(%x)   ==>   the ops of @f on %x

MLIR's own `inline` does nothing here: jaxlib does not register the extension that lets it see through
`func.call`. A function marked `inlineable = "false"` for XLA, or one that calls itself, keeps its calls.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from stablelift.ir.mlir import func, functions, inline_call, ir, is_private, walk
from stablelift.passes.base import ModulePass
from stablelift.passes.callgraph import PLAIN_CALLS, callee_of, callees, references
from stablelift.passes.kept import is_kept


@dataclass(frozen=True)
class Inline(ModulePass):
    name = "lift-inline"

    def run(self, module: ir.Module) -> None:
        known = functions(module)
        finished: dict[str, bool] = {}
        for name in known:
            _flatten(name, known, finished)


@dataclass(frozen=True)
class InlineToCalls(ModulePass):
    """Of calls in calls leave only those in the public functions: what they call has no calls in turn.

    Functions that are called once are inlined first, so that calls of one function stand in one block.
    """

    name = "lift-inline-to-calls"

    def run(self, module: ir.Module) -> None:
        known = functions(module)
        public = [name for name, function in known.items() if not is_private(function)]
        _inline_once_called(public, known)
        finished: dict[str, bool] = {}
        for name in known:
            if name not in public:
                _flatten(name, known, finished)
        _inline_once_called(public, known)


def _inline_once_called(public: Collection[str], known: dict[str, func.FuncOp]) -> None:
    """Inline into the public functions what is called once; what nobody calls is removed."""
    again = True
    while again:
        sites = {name: references(function) for name, function in known.items()}
        counts = Counter(callee for ops in sites.values() for op in ops for callee in callees(op))
        unused = [name for name in known if name not in public and not counts[name]]
        for name in unused:
            known.pop(name).operation.erase()
        once = [
            op
            for name in public
            for op in sites[name]
            if op.name in PLAIN_CALLS and not is_kept(op) and counts[callee_of(op)] == 1
        ]
        for op in once:
            name = callee_of(op)
            inline_at(op, known[name])
            known.pop(name).operation.erase()
        again = bool(unused or once)


def _flatten(name: str, known: Mapping[str, func.FuncOp], finished: dict[str, bool]) -> None:
    """Inline the calls in `@name`, its callees first. `finished` is False while a function is being done."""
    if name in finished:
        return
    finished[name] = False
    for op in walk(known[name], *PLAIN_CALLS):
        if is_kept(op):
            continue
        callee = callee_of(op)
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
