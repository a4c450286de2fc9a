"""Loops and branches that compute again what another one has computed, from what that has kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stablelift.ir import attr
from stablelift.ir.mlir import ir
from stablelift.ir.tensor import Tensor
from stablelift.passes.callgraph import callees

_REPLAYED_BY = "lift.replayed_by"
"""An attribute of an op: the first callee of another one, behind it in its block, and how many results, from
the first on, the two have in common."""

_REPLAYED = ("lift.scan", "lift.switch", "lift.while")


def note_replay(again: Sequence[Tensor], before: Sequence[Tensor]) -> None:
    """Note that `again`, the first results of an op, are `before`, the first results of another one."""
    if not again:
        return
    owner: Any = again[0].value.owner
    original: Any = before[0].value.owner
    count = attr.i64(len(again))
    original.attributes[_REPLAYED_BY] = ir.ArrayAttr.get([ir.StringAttr.get(callees(owner)[0]), count])


def replayed(block: ir.Block) -> dict[ir.Value, ir.Value]:
    """The results of ops of a block that are replayed, each with the one that computes it again."""
    found: dict[ir.Value, ir.Value] = {}
    waiting: dict[str, list[tuple[ir.Operation, int]]] = {}
    for each in block.operations:
        op = each.operation
        if op.name not in _REPLAYED:
            continue
        for original, count in waiting.pop(callees(op)[0], ()):
            found.update(zip(list(original.results)[:count], list(op.results)[:count], strict=True))
        if _REPLAYED_BY in op.attributes:
            name, count = ir.ArrayAttr(op.attributes[_REPLAYED_BY])
            waiting.setdefault(ir.StringAttr(name).value, []).append((op, ir.IntegerAttr(count).value))
    return found
