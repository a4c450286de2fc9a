"""Residuals that are the same in every step of a loop: computed once, before it, instead of stacked.

A value in a loop's body is invariant when it depends on nothing but the loop's constants.
"""

from __future__ import annotations

from collections.abc import Sequence

from stablelift.ir.mlir import func, ir
from stablelift.ir.region import returned
from stablelift.passes.module import Functions, body_of, drop_argument, drop_return, finish
from stablelift.passes.remat.partition import Split


def invariant_residuals(split: Split, num_consts: int) -> list[int]:
    """The positions of the residuals that are computed from the first `num_consts` inputs alone."""
    block = body_of(split.forward)
    outputs = returned(block)
    residuals = outputs[len(outputs) - split.num_residuals :]
    known = invariant_values(block, num_consts)
    return [
        index
        for index, value in enumerate(residuals)
        if value in known and not isinstance(value.owner, ir.Block)
    ]


def invariant_values(block: ir.Block, num_consts: int) -> set[ir.Value]:
    """The values of a loop's body that depend on nothing but its first `num_consts` arguments."""
    known: set[ir.Value] = set(list(block.arguments)[:num_consts])
    for op in block.operations:
        operation = op.operation
        # An op with regions may use more than its operands, and a call is only as pure as its callee.
        if known.issuperset(operation.operands) and _is_simple(operation):
            known.update(operation.results)
    return known


def _is_simple(op: ir.Operation) -> bool:
    name = op.name
    return name.startswith(("stablehlo.", "chlo.")) and "custom_call" not in name and not len(op.regions)


def function_of_constants(
    functions: Functions, split: Split, num_consts: int, residuals: Sequence[int]
) -> func.FuncOp:
    """A function of a loop's constants that returns the invariant `residuals`, given by position."""
    function = functions.clone(split.forward.name.value, f"{split.forward.name.value}__invariant")
    block = body_of(function)
    returned = drop_return(function)
    wanted = [returned[len(returned) - split.num_residuals + index] for index in residuals]
    known = invariant_values(block, num_consts)
    for op in reversed(list(block.operations)):
        if not len(op.operation.results) or not known.issuperset(op.operation.results):
            op.operation.erase()
    for _ in range(len(block.arguments) - num_consts):
        drop_argument(block, len(block.arguments) - 1)
    finish(function, wanted)
    return function
