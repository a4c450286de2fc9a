"""lift-outline: calls of one function stay calls for XLA, which compiles it once.

    %1 = call @layer(%p1, %0), %2 = call @layer(%p2, %1)   ==>   the same, marked so that XLA keeps them

What is computed behind the boundary of such a call is not fused with what uses it, nor hoisted out of it; so
what is elementwise stays where XLA fuses it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from stablelift.ir.mlir import func, functions, ir
from stablelift.passes.base import ModulePass
from stablelift.passes.batching.table import elementwise_ops
from stablelift.passes.callgraph import callees, inlined_sizes, plain_calls, references
from stablelift.passes.kept import keep_call
from stablelift.passes.layers.chains import LEAST_CALLS
from stablelift.passes.module import body_of
from stablelift.passes.remarks import remark

_LEAST_OPS = 16
"""A function of fewer ops is not worth a call."""


@dataclass(frozen=True)
class Outline(ModulePass):
    name = "lift-outline"

    def run(self, module: ir.Module) -> None:
        known = functions(module)
        if "main" in known:
            _outline(known, "main", inlined_sizes(known), set())


def _outline(
    known: Mapping[str, func.FuncOp], name: str, size: Callable[[str], int], seen: set[str]
) -> None:
    """Mark the calls in `@name`, and in what it calls otherwise."""
    if name in seen:
        return
    seen.add(name)
    others = {callee for op in references(known[name]) for callee in callees(op)}
    for callee, ops in plain_calls(known[name], in_regions=True).items():
        if len(ops) >= LEAST_CALLS and size(callee) >= _LEAST_OPS and not _is_fused(known[callee]):
            what = f"kept {len(ops)} calls of `{callee}`"
            remark(Outline.name, ops[0], what, "XLA compiles the function once")
            for op in ops:
                keep_call(op)
            others.discard(callee)
    for callee in others:
        _outline(known, callee, size, seen)


def _is_fused(function: func.FuncOp) -> bool:
    """Whether the function only does what XLA fuses."""
    return all(op.operation.name in _FUSED for op in body_of(function).operations)


_FUSED = {*elementwise_ops, "stablehlo.constant", "stablehlo.broadcast_in_dim", "func.return"}
