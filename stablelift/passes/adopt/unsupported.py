"""What of a foreign module nobody here can run: all of it, by op and line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from stablelift.errors import LiftError
from stablelift.ir.location import error_at, listed
from stablelift.passes.adopt.refine import leaves_open

DIALECTS = ("builtin", "func", "stablehlo", "chlo", "sdy", "mhlo", "lift")
"""The dialects that the passes and XLA know."""

_AMONG_FUNCTIONS = ("func.func", "sdy.mesh")

def refuse_unsupported(ops: Mapping[str, Sequence[Any]]) -> None:
    """Raise a LiftError that lists every op that is unknown, or has results whose shape is not known.

    Args:
      ops: All ops of a module by name.
    """
    _refuse_other_ends(ops)
    unknown = {name: same for name, same in ops.items() if not _is_known(name, same[0])}
    if unknown:
        raise LiftError(
            "error: the program holds ops of other dialects\n"
            + "\n".join(listed(f"`{name}`", same) for name, same in unknown.items())
            + "\n  hint: lower them to StableHLO where the file is made"
        )
    unshaped = {name: found for name, same in ops.items() if (found := list(filter(_is_unshaped, same)))}
    if unshaped:
        raise LiftError(
            "error: the shapes of these ops do not follow from those of the arguments\n"
            + "\n".join(listed(f"`{name}`", same) for name, same in unshaped.items())
        )


def _refuse_other_ends(ops: Mapping[str, Sequence[Any]]) -> None:
    """Raise a LiftError at an op among the functions, a function that has several blocks, or a block that
    ends in a lift op: MLIR lets an op that it does not know end a block.
    """
    (module, *inner) = ops["builtin.module"]
    for op in (*inner, *module.regions[0].blocks[0].operations):
        if op.operation.name not in _AMONG_FUNCTIONS:
            raise error_at(op.operation, "expected a module of functions, found this op among them")
    for function in ops.get("func.func", ()):
        blocks = list(function.regions[0].blocks)
        if len(blocks) != 1:
            raise error_at(function, f"expected a function of one block, found {len(blocks)}")
    for name, same in ops.items():
        for op in same if name.startswith("lift.") else ():
            block = op.block.operations
            if block[len(block) - 1].operation == op:
                raise error_at(op, "expected a block that ends in a return, found this op")


def _is_known(name: str, op: Any) -> bool:
    dialect = name.split(".", 1)[0]
    return dialect == "lift" or dialect in DIALECTS and op.context.is_registered_operation(name)


def _is_unshaped(op: Any) -> bool:
    return any(leaves_open(result.type) for result in op.results)
