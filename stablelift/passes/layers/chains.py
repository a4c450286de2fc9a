"""Chains: calls of one function, each of which takes a result of the one before in the same place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from stablelift.ir.mlir import func, ir, is_used
from stablelift.ir.region import used_by
from stablelift.passes.callgraph import plain_calls

LEAST_CALLS = 3
"""A chain of fewer calls is not worth a loop."""


@dataclass(frozen=True)
class Chain:
    """Calls in order, and which result of a call is which operand of the next: (operand, result)."""

    ops: Sequence[ir.Operation]
    carried: tuple[tuple[int, int], ...]

    def is_shared(self, position: int) -> bool:
        """Whether all calls have the same operand at `position`."""
        first = self.ops[0].operands[position]
        return all(op.operands[position] == first for op in self.ops)

    def is_read(self, result: int) -> bool:
        """Whether anybody uses a result that is not handed to the next call."""
        carried = {r for _, r in self.carried}
        return result not in carried and any(is_used(op.results[result]) for op in self.ops)

    def is_entered(self, position: int) -> bool:
        """Whether what a call hands to the next one at `position` is used by anything else."""
        result = dict(self.carried)[position]
        return any(
            sum(1 for _ in op.results[result].uses) > _times(op.results[result], after)
            for op, after in pairwise(self.ops)
        )


def _times(value: ir.Value, op: ir.Operation) -> int:
    """How often an op uses a value."""
    return sum(operand == value for operand in op.operands)


def chains_in(function: func.FuncOp) -> list[Chain]:
    """The chains of plain calls in a function's block, in the order of the functions' first calls."""
    position: dict[ir.Value, int] = {
        result: index
        for index, op in enumerate(function.regions[0].blocks[0].operations)
        for result in op.operation.results
    }
    return [chain for ops in plain_calls(function).values() for chain in _chains_of(ops, position)]


def _chains_of(calls: Sequence[ir.Operation], position: Mapping[ir.Value, int]) -> list[Chain]:
    chains: list[Chain] = []
    run: list[ir.Operation] = []
    carried: tuple[tuple[int, int], ...] = ()
    for op in calls:
        pairs = _carried(run[-1], op) if run else ()
        follows = bool(run and pairs) and (len(run) == 1 or pairs == carried)
        if follows and _only_through(run[-1], op, pairs, position):
            carried = pairs
            run.append(op)
            continue
        if len(run) >= LEAST_CALLS:
            chains.append(Chain(run, carried))
        run, carried = [op], ()
    if len(run) >= LEAST_CALLS:
        chains.append(Chain(run, carried))
    return chains


def _carried(before: ir.Operation, after: ir.Operation) -> tuple[tuple[int, int], ...]:
    """The operands of `after` that are results of `before`, with the results that they are."""
    results: dict[ir.Value, int] = {value: index for index, value in enumerate(before.results)}
    return tuple(
        (position, results[value]) for position, value in enumerate(after.operands) if value in results
    )


def _only_through(
    before: ir.Operation,
    after: ir.Operation,
    pairs: Sequence[tuple[int, int]],
    position: Mapping[ir.Value, int],
) -> bool:
    """Whether no other operand of `after` is computed from a result of `before`."""
    carried = {operand for operand, _ in pairs}
    earliest = position[before.results[0]]  # what stands above does not depend on it
    pending = [value for operand, value in enumerate(after.operands) if operand not in carried]
    seen: set[int] = set()
    while pending:
        value = pending.pop()
        index = position.get(value, -1)
        if index == earliest:
            return False
        if index > earliest and index not in seen:
            seen.add(index)
            owner: Any = value.owner
            pending.extend(used_by(owner.operation))
    return True
