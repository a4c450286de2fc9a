"""What the values of a block depend on, and which of its ops nobody needs."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence

from stablelift.ir.callback import is_callback
from stablelift.ir.mlir import func, ir, is_used, walk
from stablelift.ir.policy import PLACEMENT
from stablelift.ir.region import used_by
from stablelift.passes.callgraph import FunctionsByName, callees

_EFFECTS = ("stablehlo.rng", "stablehlo.infeed", "stablehlo.outfeed", "stablehlo.send", "stablehlo.recv")
"""Ops that do something else, or something different each time."""


def is_pure(functions: FunctionsByName, operation: ir.Operation, pure: set[str] | None = None) -> bool:
    """Whether an op, with its regions and all that it refers to, does nothing but compute its results.

    `pure` are functions of which that is known, by name; those that this looks into are added.
    """
    if not len(operation.regions) and not callees(operation):
        return not _has_effect(operation)
    return _has_none(functions, operation, _has_effect, pure)


def calls_python(functions: FunctionsByName, operation: ir.Operation) -> bool:
    """Whether an op, with its regions and all that it refers to, calls a function of Python's, which is to be
    called as it stands: not once for all steps of a loop.
    """
    return is_callback(operation) or not _has_none(functions, operation, is_callback)


def _has_none(
    functions: FunctionsByName,
    operation: ir.Operation,
    holds: Callable[[ir.Operation], bool],
    without: set[str] | None = None,
) -> bool:
    """Whether something holds neither of an op, nor of those in its regions and in all that it refers to.

    `without` are functions in which it does not, by name; others that are found are added.
    """
    pending, begun = [operation], set(without or ())
    while pending:
        root = pending.pop()
        for op in [root, *(walk(root) if len(root.regions) else [])]:
            if holds(op):
                return False
            for callee in callees(op):
                if callee not in begun:  # a rule may refer to itself
                    begun.add(callee)
                    pending.append(functions[callee].operation)
    if without is not None:
        without.update(begun)
    return True


def _has_effect(op: ir.Operation) -> bool:
    """Whether an op, its regions aside, does something beside computing its results."""
    if op.name == "stablehlo.custom_call":
        if ir.StringAttr(op.attributes["call_target_name"]).value == PLACEMENT:
            return False
        return "has_side_effect" in op.attributes and ir.BoolAttr(op.attributes["has_side_effect"]).value
    return op.name in _EFFECTS


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


def erase_unused(functions: FunctionsByName, function: func.FuncOp) -> None:
    """Erase the ops of a function's block that do nothing but compute what nobody uses."""
    *operations, _ = function.regions[0].blocks[0].operations
    pure: set[str] = set()
    for op in reversed(operations):
        if not any(map(is_used, op.operation.results)) and is_pure(functions, op.operation, pure):
            op.operation.erase()


def sweep(functions: FunctionsByName, block: ir.Block, returned: Iterable[ir.Value]) -> None:
    """Erase the ops of a block without a terminator that `returned` does not need."""
    kept = set(returned)
    for op in reversed(list(block.operations)):
        operation = op.operation
        if kept.isdisjoint(operation.results) and not any(map(is_used, operation.results)):
            if is_pure(functions, operation):
                operation.erase()
