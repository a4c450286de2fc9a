"""What the values of a block depend on, and which of its ops nobody needs."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from typing import Any

from stablelift.ir.mlir import ir, walk
from stablelift.passes.callgraph import callees
from stablelift.passes.module import Functions

_EFFECTS = ("stablehlo.rng", "stablehlo.infeed", "stablehlo.outfeed", "stablehlo.send", "stablehlo.recv")
"""Ops that do something else, or something different each time."""


def used_by(operation: ir.Operation) -> list[ir.Value]:
    """The values that an op uses: its operands, and what its regions take from outside of it."""
    used = list(operation.operands)
    if not len(operation.regions):
        return used
    inner = walk(operation)
    own: set[ir.Value] = {result for op in inner for result in op.results}
    for op in (operation, *inner):
        for region in op.regions:
            own.update(argument for block in region.blocks for argument in block.arguments)
    return used + [operand for op in inner for operand in op.operands if operand not in own]


def is_pure(functions: Functions, operation: Any) -> bool:
    """Whether an op does nothing but compute its results."""
    name = operation.name
    if name == "stablehlo.custom_call":
        attributes = operation.attributes
        return "has_side_effect" not in attributes or not attributes["has_side_effect"].value
    if name in _EFFECTS:
        return False
    inner = list(walk(operation)) if len(operation.regions) else []
    for callee in callees(operation):
        inner += walk(functions[callee])
    return all(is_pure(functions, op) for op in inner)


def needed_for(
    operations: Sequence[ir.Operation], values: Iterable[ir.Value], known: Container[ir.Value] = ()
) -> set[ir.Value]:
    """The values that `values` are computed from, themselves included, going back no further than `known`.

    `operations` are the ops of the block, in order.
    """
    needed = set(values)
    for operation in reversed(operations):
        if any(result in needed and result not in known for result in operation.results):
            needed.update(used_by(operation))
    return needed


def reached_from(operations: Sequence[ir.Operation], values: Iterable[ir.Value]) -> set[ir.Value]:
    """The values of a block that are computed from any of `values`, themselves included."""
    reached = set(values)
    for operation in operations:
        if not reached.isdisjoint(used_by(operation)):
            reached.update(operation.results)
    return reached


def sweep(functions: Functions, block: ir.Block, returned: Iterable[ir.Value]) -> None:
    """Erase the ops of a block without a terminator that `returned` does not need."""
    kept = set(returned)
    for op in reversed(list(block.operations)):
        operation = op.operation
        if kept.isdisjoint(operation.results) and not any(
            next(iter(result.uses), None) is not None for result in operation.results
        ):
            if is_pure(functions, operation):
                operation.erase()


