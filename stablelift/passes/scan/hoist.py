"""lift-hoist: work that need not be done step by step leaves the loop.

    s' = s + dot(a_t, b_t)   ==>   the loop stacks a_t and b_t; one contraction over the steps behind it

Three kinds of work leave: what depends on constants alone, before the loop; products that depend on stacked
inputs alone, or on which only stacked results depend, as one product for all steps (`batched.py`); sums that
the loop only carries, as one contraction (`sums.py`). The last two trade traffic of one kind for another, and
`cost.py` decides. Needs: calls are inlined. Keeps: results, but for the order in which sums are taken.
"""

from __future__ import annotations

from dataclasses import dataclass

from stablelift.ir.mlir import ir
from stablelift.passes.base import ModulePass
from stablelift.passes.remarks import remark
from stablelift.passes.scan.invariant import hoist_invariants
from stablelift.passes.scan.loop import Loop, Loops
from stablelift.passes.scan.sums import Sums, addends


@dataclass(frozen=True)
class Hoist(ModulePass):
    name = "lift-hoist"

    def run(self, module: ir.Module) -> None:
        Loops(module).each(self._hoist)

    def _hoist(self, loop: Loop) -> None:
        if loop.length < 2:
            return
        found = hoist_invariants(loop)
        if found:
            remark(self.name, loop.op, f"hoisted {len(found)} values before the loop", "every step is the same")
        sums = Sums(loop)
        chosen = {}
        for part in loop.carry:
            terms = addends(part)
            if terms and any(len(f)>1 for t in terms for f in sums.factors(t)):
                chosen[part] = terms
        for part in loop.carry:
            terms = addends(part)
            if part not in chosen and terms and chosen:
                chosen[part] = terms
        sums.define([term for terms in chosen.values() for term in terms])
        for part in chosen:
            loop.carry.remove(part)
        with loop.rebuilt():
            totals = iter(sums.emit())
            from stablelift.ir.tensor import Tensor
            for part, terms in chosen.items():
                total = Tensor(part.initial)
                for _ in terms:
                    total = total + next(totals)
                part.result.replace_all_uses_with(total.value)
