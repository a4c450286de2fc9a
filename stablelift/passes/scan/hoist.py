"""lift-hoist: work that need not be done step by step leaves the loop.

    s' = s + dot(a_t, b_t)   ==>   the loop stacks a_t and b_t; one contraction over the steps behind it

Three kinds of work leave: what depends on constants alone, before the loop (`invariant.py`); products that
need nothing of what is carried, as one for all steps, before or behind it (`batched.py`); sums that the loop
only carries, as one contraction (`sums.py`). The last two trade one kind of traffic for another: `cost.py`
decides. Needs: calls are inlined. Keeps: results, but for the order in which sums are taken.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from stablelift.ir import hlo
from stablelift.ir.mlir import ir
from stablelift.ir.tensor import Tensor
from stablelift.passes.base import ModulePass
from stablelift.passes.remarks import remark
from stablelift.passes.scan import cost
from stablelift.passes.scan.batched import (
    Mapped,
    can_be_mapped,
    part_before,
    part_behind,
    products_before,
    products_behind,
)
from stablelift.passes.scan.invariant import hoist_invariants
from stablelift.passes.scan.loop import Loop, Loops
from stablelift.passes.scan.slices import take_slices_first
from stablelift.passes.scan.sums import Sums, addends

Behind = Callable[[], None]
"""Emits what has left the loop for the place behind it, once the loop has been rebuilt."""


@dataclass(frozen=True)
class Hoist(ModulePass):
    name = "lift-hoist"

    sums: bool | None = None
    """Whether sums of products are taken behind the loop; None lets the model decide."""
    products: bool | None = None
    """Whether products leave the loop; None lets the model decide."""

    def run(self, module: ir.Module) -> None:
        Loops(module).each(self._hoist)

    def _hoist(self, loop: Loop) -> None:
        if loop.length < 2:
            return
        changed = [self._invariants(loop), self._before(loop)]
        behind = [emit for emit in (self._sums(loop), self._behind(loop)) if emit is not None]
        if any(changed) or behind:
            with loop.rebuilt():
                for emit in behind:
                    emit()

    def _invariants(self, loop: Loop) -> bool:
        found = hoist_invariants(loop)
        if found:
            what = f"hoisted {_counted(found, 'value')} before the loop"
            remark(self.name, loop, what, "the same in every step")
        return bool(found)

    def _before(self, loop: Loop) -> bool:
        """Products of stacked inputs, which come in as stacked inputs then."""
        products = products_before(loop)
        part = part_before(loop, products)
        if not products or not can_be_mapped(loop, part):
            return False
        saved = sum(cost.multiplying(op.opview) for op in products)
        spent = cost.stacking([value.type for value in part.outputs], loop.length)
        if not self._pays(loop, products, "before", self.products, saved, spent):
            return False
        products = take_slices_first(loop, products)
        hoist_invariants(loop)  # the slices of constants
        part = part_before(loop, products)
        mapped = Mapped(loop, part, f"{loop.body.name.value}__before")
        with ir.InsertionPoint(loop.op), loop.location:
            results = mapped.emit()
        for old, new in zip(part.outputs, results, strict=True):
            loop.replace(old, loop.slices(new.value, 0))
        return True

    def _sums(self, loop: Loop) -> Behind | None:
        """Carried sums of products; then also other sums, of what has been stacked for these."""
        terms = {part: found for part in loop.carry if (found := addends(part))}
        if not terms:
            return None
        sums = Sums(loop)
        of_products = [term for found in terms.values() if sums.products(found) for term in found]
        products = sums.products(of_products)
        needed = [value for value in sums.needs(of_products) if not sums.is_stacked(value)]
        saved = sum(cost.summing(op.opview) for op in products)
        spent = cost.stacking(value.type for value in dict.fromkeys(needed))
        if not products or not self._pays(loop, products, "as sums behind", self.sums, saved, spent):
            sums.discard()
            return None
        for value in needed:
            loop.stack(value)
        leaving = {
            part: found for part, found in terms.items() if all(map(sums.is_stacked, sums.needs(found)))
        }
        sums.define([term for found in leaving.values() for term in found])
        for part in leaving:
            loop.carry.remove(part)

        def emit() -> None:
            totals = iter(sums.emit())
            for part, found in leaving.items():
                total = Tensor(part.initial)
                for _ in found:
                    total = total + next(totals)
                if part.result is not None:
                    part.result.replace_all_uses_with(total.value)

        return emit

    def _behind(self, loop: Loop) -> Behind | None:
        """Products on which stacked results alone depend."""
        products = products_behind(loop)
        part = part_behind(loop, products)
        if not products or not can_be_mapped(loop, part):
            return None
        known = {each.inside for each in (*loop.consts, *loop.xs)} | {y.value for y in loop.ys}
        fresh = [value.type for value in part.inputs if value not in known]
        dropped = [value.type for value in part.outputs]
        saved = sum(cost.multiplying(op.opview) for op in products) + cost.stacking(dropped, loop.length)
        spent = cost.stacking(fresh, loop.length)
        if not self._pays(loop, products, "behind", self.products, saved, spent):
            return None
        leaving = [y for y in loop.ys if y.value in part.outputs]
        mapped = Mapped(loop, part, f"{loop.body.name.value}__behind")
        for y in leaving:
            loop.ys.remove(y)

        def emit() -> None:
            found = dict(zip(part.outputs, mapped.emit(), strict=True))
            for y in leaving:
                if y.result is not None:
                    y.result.replace_all_uses_with(hlo.move_axis(found[y.value], 0, y.axis).value)

        return emit

    def _pays(
        self, loop: Loop, products: Sequence[Any], where: str, asked: bool | None, saved: float, spent: float
    ) -> bool:
        """Whether products are to leave the loop: as asked, or where that saves more than it costs."""
        pays, why = saved > spent, f"saves {saved * 1e6:.3g} µs a step and costs {spent * 1e6:.3g}"
        if spent and any(op.name == "stablehlo.optimization_barrier" for op in loop.operations):
            pays, why = False, "the loop recomputes values to save memory, which stacking would take"
        if asked is not None:
            pays, why = asked, "as asked"
        verb = "hoisted" if pays else "did not hoist"
        remark(self.name, loop, f"{verb} {_counted(products, 'product')} {where} the loop", why)
        return pays


def _counted(things: Sequence[Any], noun: str) -> str:
    return f"{len(things)} {noun}{'s' if len(things) > 1 else ''}"
