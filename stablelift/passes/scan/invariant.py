"""Loop-invariant code motion: what depends on a loop's constants alone is computed once, before it.

A broadcast stays where it is: XLA fuses it into its user, and outside it would be a larger array to read.
"""

from __future__ import annotations

from stablelift.ir.mlir import ir
from stablelift.ir.region import used_by
from stablelift.passes.copying import copy_needed
from stablelift.passes.liveness import is_pure
from stablelift.passes.scan.loop import Loop

_FREE = ("stablehlo.broadcast_in_dim", "stablehlo.reshape")
"""Ops that cost nothing where they stand."""


def hoist_invariants(loop: Loop) -> list[ir.Value]:
    """Move invariant work before the loop; the values that come in as constants now, as they are outside."""
    operations = loop.operations
    moving, invariant, literal = _invariant(loop, operations)
    roots: dict[ir.Value, None] = {}

    def need(value: ir.Value) -> None:
        """Let `value`, or what it is a broadcast of, be computed outside."""
        owner = value.owner
        if value not in invariant or value in literal or isinstance(owner, ir.Block):
            return
        if owner.name in _FREE:
            need(owner.operands[0])
        else:
            roots[value] = None

    for operation in operations:
        if operation not in moving:
            for value in used_by(operation):
                need(value)
    for value in loop.returned:
        need(value)
    outside = {part.inside: part.outside for part in loop.consts}
    with ir.InsertionPoint(loop.op), loop.op.location:
        copy_needed(operations, roots, outside)
    found = [outside[value] for value in roots]
    for value, hoisted in zip(list(roots), found, strict=True):
        loop.replace(value, loop.const(hoisted))
    return found


def _invariant(
    loop: Loop, operations: list[ir.Operation]
) -> tuple[set[ir.Operation], set[ir.Value], set[ir.Value]]:
    """The invariant ops, their results, and those of these that depend on nothing at all."""
    moving: set[ir.Operation] = set()
    invariant = {part.inside for part in loop.consts}
    literal: set[ir.Value] = set()
    for operation in operations:
        used = used_by(operation)
        if all(value in invariant for value in used) and is_pure(loop.functions, operation):
            moving.add(operation)
            invariant.update(operation.results)
            if all(value in literal for value in used):
                literal.update(operation.results)
    return moving, invariant, literal
