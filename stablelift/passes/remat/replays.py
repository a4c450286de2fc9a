"""Loops that compute again what another one has computed, from what that has kept."""

from __future__ import annotations

from typing import Any

from stablelift.ir.lift import attributes_of
from stablelift.ir.mlir import ir
from stablelift.ir.tensor import Tensor

_REPLAYED_BY = "lift.replayed_by"
"""An attribute of a loop: the body of the loop, behind it in its block, that begins with the same results."""


def note_replay(again: Tensor, before: Tensor) -> None:
    """Note that the loop that returns `again` has first the results that the one of `before` has."""
    original: Any = before.value.owner
    original.attributes[_REPLAYED_BY] = ir.StringAttr.get(attributes_of(again.value.owner)["callee"])


def replayed(block: ir.Block) -> dict[ir.Value, ir.Value]:
    """The results of loops of a block, each with the one that computes it again."""
    found: dict[ir.Value, ir.Value] = {}
    waiting: dict[str, list[Any]] = {}
    for each in block.operations:
        op = each.operation
        if op.name != "lift.scan":
            continue
        for original in waiting.pop(attributes_of(op)["callee"], ()):
            found.update(zip(original.results, op.results, strict=False))
        if _REPLAYED_BY in op.attributes:
            waiting.setdefault(ir.StringAttr(op.attributes[_REPLAYED_BY]).value, []).append(op)
    return found
