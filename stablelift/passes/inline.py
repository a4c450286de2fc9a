"""lift-inline: put the body of every called function in the place of its call.

    %y = call @f(%x)   ==>   the ops of @f on %x

MLIR's own `inline` does nothing here: jaxlib does not register the extension that lets it see through
`func.call`. A function marked `inlineable = "false"` for XLA, or one that calls itself, keeps its calls.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Any

from stablelift.ir.mlir import func, functions, inline_call, ir, is_private, walk
from stablelift.passes.base import ModulePass
from stablelift.passes.callgraph import (
    PLAIN_CALLS,
    callee_of,
    callees,
    callees_first,
    inlined_sizes,
    references,
)
from stablelift.passes.kept import is_kept


@dataclass(frozen=True)
class Inline(ModulePass):
    name = "lift-inline"

    def run(self, module: ir.Module) -> None:
        known = functions(module)
        finished: dict[str, bool] = {}
        kept = too_large(known)
        for name in known:
            _flatten(name, known, finished, kept)


@dataclass(frozen=True)
class InlineOnce(ModulePass):
    """Inline what is called once, and remove what no public function reaches.

    Before each round of transforms: what the last one has generated is then one block, which MLIR can tidy,
    so that nothing is transformed twice. That transforms are best applied to optimised code is the point of
    Enzyme, Moses and Churavy 2020, arXiv:2010.01709.
    """

    name = "lift-inline-once"

    def run(self, module: ir.Module) -> None:
        _inline_once_called(functions(module))


@dataclass(frozen=True)
class InlineToCalls(ModulePass):
    """Of calls in calls leave only those in the public functions: what they call has no calls in turn.

    Functions that are called once are inlined first, so that calls of one function stand in one block.
    """

    name = "lift-inline-to-calls"

    def run(self, module: ir.Module) -> None:
        known = functions(module)
        _inline_once_called(known)
        finished: dict[str, bool] = {}
        kept = too_large(known)
        for name, function in known.items():
            if is_private(function):
                _flatten(name, known, finished, kept)
        _inline_once_called(known)


def _inline_once_called(known: dict[str, func.FuncOp]) -> None:
    """Inline what is called once, by whom it may be; what no public function reaches is removed."""
    reached = callees_first(known, [name for name, function in known.items() if not is_private(function)])
    for name in known.keys() - reached:
        known.pop(name).operation.erase()
    sites = {name: references(known[name]) for name in reached}
    counts = Counter(callee for ops in sites.values() for op in ops for callee in callees(op))
    for name in reached:
        for op in sites[name]:
            if op.name not in PLAIN_CALLS or is_kept(op):
                continue
            callee = callee_of(op)
            if counts[callee] == 1 and is_private(known[callee]):
                inline_at(op, known[callee])
                known.pop(callee).operation.erase()


MOST_OPS = 2_000_000
"""A module that would have more with everything inlined keeps its calls of large functions."""

_LARGE_OPS = 1000


def too_large(known: Mapping[str, func.FuncOp]) -> set[str]:
    """The functions that stay functions: calls in calls may stand for more ops than there is memory for."""
    size = inlined_sizes(known)
    if sum(size(name) for name, function in known.items() if not is_private(function)) <= MOST_OPS:
        return set()
    return {name for name in known if size(name) > _LARGE_OPS}


def _flatten(
    name: str, known: Mapping[str, func.FuncOp], finished: dict[str, bool], kept: Container[str]
) -> None:
    """Inline the calls in `@name`, its callees first, but for those of `kept` functions. `finished` is False
    while a function is being done.
    """
    if name in finished:
        return
    finished[name] = False
    for op in walk(known[name], *PLAIN_CALLS):
        if is_kept(op):
            continue
        callee = callee_of(op)
        _flatten(callee, known, finished, kept)
        if finished[callee] and callee not in kept:  # else it calls itself
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
