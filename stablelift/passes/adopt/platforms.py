"""One of the platforms that a module is for: its number, which JAX passes to every function, as a constant.

    func.func @main(%platform: tensor<i32> {jax.global_constant = "_platform_index"}, %x: ...)
      %y = stablehlo.case(%platform) ({...}, {...})   ==>   the ops of the branch that is chosen

The argument stays where it is; nothing uses it any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from stablelift.errors import LiftError
from stablelift.ir import hlo
from stablelift.ir.mlir import func, ir
from stablelift.ir.tensor import Tensor
from stablelift.passes.adopt.splice import splice

_NOTE, _PLATFORM = "jax.global_constant", "_platform_index"


def platform_argument(function: func.FuncOp) -> int | None:
    """The position of the argument that is the number of the platform; None where there is none."""
    notes: Any = function.attributes["arg_attrs"] if "arg_attrs" in function.attributes else ()
    for position, of_one in enumerate(notes):
        for note in of_one:
            if note.name == _NOTE and getattr(note.attr, "value", None) == _PLATFORM:
                return position
    return None


def choose_platform(known: Mapping[str, func.FuncOp], number: int | None) -> None:
    """Replace the platform's number in each function, and fold the branches that depend on it.

    Raises:
      LiftError: The module is for several platforms, and no number is given.
    """
    found = [(one, at) for one in known.values() if (at := platform_argument(one)) is not None]
    if not found:
        return
    if number is None:
        raise LiftError(
            "error: the program is for several platforms\n  hint: say which: give `platform`, by its position"
        )
    for function, position in found:
        block = function.regions[0].blocks[0]
        argument = block.arguments[position]
        if str(argument.type) != "tensor<i32>":
            raise LiftError(f"error: expected the platform's number as tensor<i32>, found {argument.type}")
        with ir.InsertionPoint.at_block_begin(block), function.location:
            chosen = hlo.constant(number, argument.type)
        argument.replace_all_uses_with(chosen.value)
        _fold(block)


def _fold(block: ir.Block) -> None:
    """Put the branch of each `case` of a constant in its place, outermost and first ones first."""
    for op in list(block.operations):
        operation = op.operation
        if operation.name == "stablehlo.case" and (number := _constant(operation.operands[0])) is not None:
            branches = operation.regions
            branch = branches[number if 0 <= number < len(branches) else len(branches) - 1].blocks[0]
            _fold(branch)
            splice(operation, branch)
        else:
            for region in operation.regions:
                for inner in region.blocks:
                    _fold(inner)


def _constant(value: ir.Value) -> int | None:
    made_by = hlo.made_by(Tensor(value), "stablehlo.constant")
    return None if made_by is None else int(np.array(made_by.attributes["value"]))
