"""lift-hoist: work that need not be done step by step leaves the loop.

    s' = s + dot(a_t, b_t)   ==>   the loop stacks a_t and b_t; one contraction over the steps behind it

Three kinds of work leave: what depends on constants alone, before the loop; products that need nothing of
what is carried, as one for all steps, before or behind it (`batched.py`); sums that the loop only carries, as
one contraction (`sums.py`). The last two trade one kind of traffic for another, and `cost.py` decides. Needs:
calls are inlined. Keeps: results, but for the order in which sums are taken.
"""

from __future__ import annotations

from collections.abc import Sequence
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
from stablelift.passes.scan.loop import Carried, Loop, Loops
from stablelift.passes.scan.slices import take_slices_first
from stablelift.passes.scan.sums import Sums, addends


@dataclass(frozen=True)
class Hoist(ModulePass):
    name = "lift-hoist"

    sums: bool | None = None
    """Whether sums are taken behind the loop; None lets the model decide."""
    products: bool | None = None
    """Whether products leave the loop; None lets the model decide."""

    def run(self, module: ir.Module) -> None:
        Loops(module).each(self._hoist)

    def _hoist(self, loop: Loop) -> None:
        if loop.length < 2:
            return
        changed = self._invariants(loop)
        changed = self._before(loop) or changed
        totals = self._sums(loop)
        behind = self._behind(loop)
        if changed or totals or behind:
            with loop.rebuilt():
                if totals:
                    totals.emit()
                if behind:
                    behind.emit()

    def _invariants(self, loop: Loop) -> bool:
        found = hoist_invariants(loop)
        if found:
            what = f"hoisted {_counted(found, 'value')} before the loop"
            remark(self.name, loop, what, "the same in every step")
        return bool(found)

    def _before(self, loop: Loop) -> bool:
        products = products_before(loop)
        part = part_before(loop, products)
        if not products or not can_be_mapped(loop, part):
            return False
        saved = sum(cost.multiplying(op.opview) for op in products)
        spent = cost.stacking([value.type for value in part.outputs], loop.length)
        if not self._decide(loop, self.products, products, "before", saved, spent):
            return False
        products = take_slices_first(loop, products)
        hoist_invariants(loop)  # the slices of constants
        part = part_before(loop, products)
        mapped = Mapped(loop, part, f"{loop.body.name.value}__before")
        with ir.InsertionPoint(loop.op), loop.op.location:
            results = mapped.emit()
        for old, new in zip(part.outputs, results, strict=True):
            loop.replace(old, loop.slices(new.value, 0))
        return True

    def _sums(self, loop: Loop) -> _Totals | None:
        sums = Sums(loop)
        terms = {part: found for part in loop.carry if (found := addends(part))}
        chosen: dict[Carried, list[ir.Value]] = {}
        for part, values in terms.items():
            pairs = [pair for value in values for pair in sums.factors(value)]
            if any(len(pair) == 2 for pair in pairs):
                chosen[part] = values
        fresh: dict[ir.Value, None] = {}
        saved = 0.0
        products = []
        for values in chosen.values():
            for value in values:
                for pair in sums.factors(value):
                    fresh.update((each, None) for each in pair if not sums.is_stacked(each))
                for op in sums.products(value):
                    products.append(op)
                    saved += cost.summing(op.opview)
        spent = cost.stacking([value.type for value in fresh])
        if not products or not self._decide(loop, self.sums, products, "as a sum behind", saved, spent):
            sums.discard()
            return None
        for value in fresh:
            loop.stack(value)
        for part, values in terms.items():
            pairs = [pair for value in values for pair in sums.factors(value)]
            if all(sums.is_stacked(each) for pair in pairs for each in pair):
                chosen[part] = values
        sums.define([value for values in chosen.values() for value in values])
        for part in chosen:
            loop.carry.remove(part)
        return _Totals(sums, chosen)

    def _behind(self, loop: Loop) -> _Behind | None:
        products = products_behind(loop)
        part = part_behind(loop, products)
        if not products or not can_be_mapped(loop, part):
            return None
        known = {each.inside for each in (*loop.consts, *loop.xs)} | {y.value for y in loop.ys}
        fresh = [value.type for value in part.inputs if value not in known]
        dropped = [value.type for value in part.outputs]
        saved = sum(cost.multiplying(op.opview) for op in products) + cost.stacking(dropped, loop.length)
        spent = cost.stacking(fresh, loop.length)
        if not self._decide(loop, self.products, products, "behind", saved, spent):
            return None
        moved = [y for y in loop.ys if y.value in part.outputs]
        mapped = Mapped(loop, part, f"{loop.body.name.value}__behind")
        for y in moved:
            loop.ys.remove(y)
        return _Behind(mapped, moved)

    def _decide(
        self, loop: Loop, asked: bool | None, products: Sequence[Any], where: str, saved: float, spent: float
    ) -> bool:
        does = saved > spent if asked is None else asked
        verb = "hoisted" if does else "kept in the loop, not taken"
        what = f"{verb} {_counted(products, 'product')} {where} the loop"
        why = "as asked" if asked is not None else f"saves {saved * 1e6:.3g} µs a step, costs {spent * 1e6:.3g}"
        remark(self.name, loop, what, why)
        return does


@dataclass
class _Totals:
    """Sums that have left a loop, and the carried values that they were."""

    sums: Sums
    carried: dict[Carried, list[ir.Value]]

    def emit(self) -> None:
        totals = iter(self.sums.emit())
        for part, terms in self.carried.items():
            total = Tensor(part.initial)
            for _ in terms:
                total = total + next(totals)
            if part.result is not None:
                part.result.replace_all_uses_with(total.value)


@dataclass
class _Behind:
    """Stacked results that are computed behind the loop."""

    mapped: Mapped
    moved: list[Any]

    def emit(self) -> None:
        found = dict(zip(self.mapped.part.outputs, self.mapped.emit(), strict=True))
        for y in self.moved:
            if y.result is not None:
                y.result.replace_all_uses_with(hlo.move_axis(found[y.value], 0, y.axis).value)


def _counted(things: Sequence[Any], noun: str) -> str:
    return f"{len(things)} {noun}{'s' if len(things) > 1 else ''}"
