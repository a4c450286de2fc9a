"""Totals: results of a chain's calls that nobody reads but additions, in the order of the calls.

    ((%start + %1) + %2) + %3, where %1, %2, %3 are a result of the first, second, third call

A loop carries such a total instead of stacking what it adds. So is the gradient of a parameter that layers
share.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from stablelift.ir import hlo
from stablelift.ir.mlir import ir
from stablelift.ir.region import used_by
from stablelift.ir.tensor import Tensor
from stablelift.passes.layers.chains import Chain


class Total(NamedTuple):
    """The result that is added up, what is there before the first call, if anything, and the sums."""

    result: int
    start: ir.Value | None
    sums: Sequence[ir.Value]

    def initial(self) -> Tensor:
        """What to add the first call's result to: without a start minus zero, which changes no number."""
        if self.start is not None:
            return Tensor(self.start)
        type = self.sums[0].type
        return hlo.constant(-0.0 if hlo.is_inexact(type) else 0, type)

    def replace(self, total: Tensor) -> list[ir.Operation]:
        """Let `total` be the last sum. Returns the additions, of which nothing is used then, last first."""
        self.sums[-1].replace_all_uses_with(total.value)
        owners: list[Any] = [value.owner for value in reversed(self.sums)]
        return [owner.operation for owner in owners]


def total_of(chain: Chain, result: int) -> Total | None:
    """The total of one result of the calls; None if that is not all that is done with it."""
    first, second, *others = (op.results[result] for op in chain.ops)
    total = _only_sum(first)
    if total is None:
        return None
    x, y = total.owner.operands
    start = y if x == first else x
    if start == second:
        if _only_sum(second) is None:
            return None
        start = None
    elif _depends(start, chain.ops):
        return None
    sums = [total]
    for value in others if start is None else [second, *others]:
        following, total = _only_sum(sums[-1]), _only_sum(value)
        if following is None or total is None or following != total:
            return None
        sums.append(total)
    return Total(result, start, sums)


def _only_sum(value: ir.Value) -> Any | None:
    """The sum of a value with another, where that is its only use."""
    uses = list(value.uses)
    if len(uses) != 1 or uses[0].owner.name != "stablehlo.add":
        return None
    return uses[0].owner.operation.results[0]


def _depends(value: ir.Value, ops: Sequence[ir.Operation]) -> bool:
    made = {result for op in ops for result in op.results}
    pending, seen = [value], set()
    while pending:
        value = pending.pop()
        if value in made:
            return True
        if value not in seen and not isinstance(value.owner, ir.Block):
            seen.add(value)
            pending.extend(used_by(value.owner.operation))
    return False
