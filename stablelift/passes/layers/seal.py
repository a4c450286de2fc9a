"""lift-seal: what a jitted function of JAX's returns is not simplified together with what uses it.

    %a = "lift.call"(%k) {callee = @_normal}   ==>   the same, behind an optimization barrier

Op by op, JAX runs such a function (a random draw, say) as one program and what follows as others. Compiled as
one, XLA would merge the scaling of a draw into the draw, and the last bit would differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stablelift.ir.lift import attributes_of
from stablelift.ir.mlir import functions, ir, is_used
from stablelift.passes.base import ModulePass
from stablelift.passes.callgraph import callees, references
from stablelift.passes.remat.placement import behind_barrier


@dataclass(frozen=True)
class Seal(ModulePass):
    name = "lift-seal"

    def run(self, module: ir.Module) -> None:
        known = functions(module)
        pending, seen = ["main"], {"main"}
        while pending:
            for op in references(known[pending.pop()]):
                if op.name == "lift.call" and "layer" not in attributes_of(op):
                    _seal(op)
                else:
                    new = [name for name in callees(op) if name not in seen]
                    seen.update(new)
                    pending.extend(new)


def _seal(op: ir.Operation) -> None:
    """Each result behind a barrier of its own: one that turns out not to be needed keeps nothing alive."""
    for result in filter(is_used, list(op.results)):
        with ir.InsertionPoint.after(op), op.location:
            (sealed,) = behind_barrier([result])
        barrier: Any = sealed.owner
        result.replace_all_uses_except(sealed, barrier.operation)
