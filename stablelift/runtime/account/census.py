"""What a finished program does: its ops, its loops, and the additions and multiplications of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from stablelift.ir.location import where
from stablelift.ir.mlir import context, func, functions, ir, parse, walk
from stablelift.ir.types import byte_size
from stablelift.passes.callgraph import Measured
from stablelift.passes.raising.counted import NotCounted, trip_count
from stablelift.passes.remat import cost


class Loop(NamedTuple):
    """A loop that is left for XLA."""

    function: str
    place: str | None
    """`file:line:col` of the loop."""
    steps: int | None
    """None where that depends on values."""
    carried_bytes: int
    operations: int
    """The ops of its body, those of inner loops included."""
    flops: int
    """Of one step."""


class Census(NamedTuple):
    """What there is in a module.

    Where the steps of a loop are not known, it counts as one step in `flops`; `bounded` is then False.
    """

    functions: int
    operations: int
    loops: tuple[Loop, ...]
    flops: int
    bounded: bool


def census_of(bytecode: bytes) -> Census:
    """The census of a module, from its entry point `@main`."""
    with context() as ctx:
        module = parse(bytecode, ctx)
        known = functions(module)
        count = _Count(known)
        flops = count.of_function("main")
        operations = sum(1 for op in walk(module) if op.name not in _NO_OPS)
        loops = [
            count.loop(name, op)
            for name, function in known.items()
            for op in walk(function, "stablehlo.while")
        ]
        bounded = all(loop.steps is not None for loop in loops)
        return Census(len(known), operations, tuple(loops), flops, bounded)


def steps_of(loop: ir.Operation) -> int | None:
    """How often the body of a `stablehlo.while` runs; None where that depends on values."""
    cond, body = (region.blocks[0] for region in loop.regions)
    try:
        return trip_count(cond, body, list(loop.operands))
    except NotCounted:
        return None


_MOVES = (
    "stablehlo.concatenate",
    "stablehlo.dynamic_slice",
    "stablehlo.dynamic_update_slice",
    "stablehlo.gather",
    "stablehlo.pad",
    "stablehlo.reverse",
)
"""Ops that only move elements."""

_NO_OPS = ("func.func", "func.return", "stablehlo.return", "stablehlo.constant")


class _Count:
    """The additions and multiplications of each function, counted once."""

    def __init__(self, known: Mapping[str, func.FuncOp]):
        self._functions = known
        self.of_function = Measured(known, self._of_function, 0)

    def _of_function(self, name: str) -> int:
        return self._of_block(self._functions[name].regions[0].blocks[0])

    def loop(self, function: str, op: ir.Operation) -> Loop:
        carried = sum(byte_size(operand.type) for operand in op.operands)
        body = op.regions[1]
        count = sum(1 for inner in walk(op) if inner.name not in _NO_OPS)
        return Loop(
            function, where(op.location), steps_of(op), carried, count, self._of_block(body.blocks[0])
        )

    def _of_block(self, block: Any) -> int:
        return sum(self._of_op(op.operation) for op in block.operations)

    def _of_op(self, op: ir.Operation) -> int:
        match op.name:
            case "stablehlo.while":
                cond, body = (self._of_block(region.blocks[0]) for region in op.regions)
                steps = steps_of(op)
                return cond + (1 if steps is None else steps) * (cond + body)
            case "stablehlo.case" | "stablehlo.if":
                return max(self._of_block(region.blocks[0]) for region in op.regions)
            case "func.call":
                callee: Any = op.attributes["callee"]
                return self.of_function(callee.value)
            case "stablehlo.custom_call":
                return 0  # nobody knows
        return 0 if op.name in _MOVES else cost.flops(op)
