"""lift-inline: put the body of every called function in the place of its call.

    %y = call @f(%x)   ==>   the ops of @f on %x

MLIR's own `inline` does nothing here: jaxlib does not register the extension that lets it see through
`func.call`. A function marked `inlineable = "false"` for XLA, or one that calls itself, keeps its calls.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from stablelift.ir.mlir import func, functions, inline_call, ir, is_private, walk
from stablelift.passes.base import ModulePass
from stablelift.passes.callgraph import (
    PLAIN_CALLS,
    Measured,
    callee_of,
    callees,
    callees_first,
    inlined_sizes,
    references,
    referred_to,
)
from stablelift.passes.kept import is_kept


@dataclass(frozen=True)
class Inline(ModulePass):
    name = "lift-inline"

    def run(self, module: ir.Module) -> None:
        known = functions(module)
        _flatten(known, known)


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
        _flatten(known, [name for name, function in known.items() if is_private(function)])
        _inline_once_called(known)


def _inline_once_called(known: dict[str, func.FuncOp]) -> None:
    """Inline what is called once, by whom it may be; what no public function reaches is removed."""
    sites = {name: references(function) for name, function in known.items()}
    public = [name for name, function in known.items() if not is_private(function)]
    reached = callees_first(known, public, below=lambda name: referred_to(sites[name]))
    for name in known.keys() - reached:
        del sites[name]
        known.pop(name).operation.erase()
    counts = Counter(callee for ops in sites.values() for op in ops for callee in callees(op))
    for name in reached:
        for op in sites[name]:
            if op.name not in PLAIN_CALLS or is_kept(op):
                continue
            callee = callee_of(op)
            if counts[callee] == 1 and is_private(known[callee]):
                inline_at(op, known[callee])
                known.pop(callee).operation.erase()


_MOST_OPS = 2_000_000
"""A module that would have more with everything inlined keeps its calls of large functions."""

_LARGE_OPS = 1000

_FEW_CALLS = 10_000


def _flatten(known: Mapping[str, func.FuncOp], roots: Iterable[str]) -> None:
    """Inline the calls in the functions that the roots reach, callees first, but for those of oneself."""
    calls = {name: walk(function, *PLAIN_CALLS) for name, function in known.items()}

    def below(name: str) -> Iterable[str]:
        return map(callee_of, calls[name])

    kept = _too_large(known, below)
    finished: set[str] = set()
    for name in callees_first(known, roots, below=below):
        for op in calls[name]:
            callee = callee_of(op)
            if callee in finished and callee not in kept and not is_kept(op):
                inline_at(op, known[callee])
        finished.add(name)


def _too_large(known: Mapping[str, func.FuncOp], below: Callable[[str], Iterable[str]]) -> set[str]:
    """The functions that stay functions: calls in calls may stand for more ops than there is memory for."""
    calls = Measured(known, lambda name: 1 + sum(map(calls, below(name))), 0, below)
    if sum(map(calls, known)) <= _FEW_CALLS:
        return set()
    size = inlined_sizes(known)
    if sum(size(name) for name, function in known.items() if not is_private(function)) <= _MOST_OPS:
        return set()
    return {name for name in known if size(name) > _LARGE_OPS}


def inline_at(op: Any, callee: func.FuncOp) -> None:
    """Put the body of `callee` in the place of `op`, which calls it."""
    operation = op.operation
    with ir.InsertionPoint(operation), operation.location:
        results = inline_call(callee, list(operation.operands))
    for old, new in zip(list(operation.results), results, strict=True):
        old.replace_all_uses_with(new)
    operation.erase()
