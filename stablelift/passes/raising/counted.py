"""Counted loops: how many times a `stablehlo.while` runs, where that can be read off it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stablelift.ir.mlir import ir, stablehlo


def trip_count(cond: ir.Block, body: ir.Block, initial: Sequence[ir.Value]) -> int | None:
    """The number of steps of a loop whose counter starts, steps and ends at constants; None for any other
    loop.

    The condition is `counter < bound` (or <=, or with the sides exchanged), and nothing else; the body
    returns `counter + step` with a positive step.
    """
    test = _condition(cond)
    if test is None:
        return None
    position, bound = test
    start = _integer(initial[position])
    step = _step(body, position)
    if start is None or step is None or step <= 0:
        return None
    return max(0, -(-(bound - start) // step))


def maker(value: ir.Value, name: str) -> ir.Operation | None:
    """The op that made a value, if it is a `name`."""
    owner = value.owner
    if isinstance(owner, ir.Block) or owner.operation.name != name:
        return None
    return owner.operation


def _condition(cond: ir.Block) -> tuple[int, int] | None:
    """The counter's position in the carry, and the first integer for which the loop ends."""
    terminator = cond.operations[len(cond.operations) - 1].operation
    compare = maker(terminator.operands[0], "stablehlo.compare")
    if compare is None:
        return None
    arguments: list[ir.Value] = list(cond.arguments)
    direction = stablehlo.ComparisonDirectionAttr(compare.attributes["comparison_direction"]).value
    left, right = compare.operands
    if direction in ("GT", "GE"):
        left, right, direction = right, left, {"GT": "LT", "GE": "LE"}[direction]
    bound = _integer(right)
    if direction not in ("LT", "LE") or left not in arguments or bound is None:
        return None
    return arguments.index(left), bound + (direction == "LE")


def _step(body: ir.Block, position: int) -> int | None:
    terminator = body.operations[len(body.operations) - 1].operation
    addition = maker(terminator.operands[position], "stablehlo.add")
    if addition is None:
        return None
    left, right = addition.operands
    counter = body.arguments[position]
    if left == counter:
        return _integer(right)
    return _integer(left) if right == counter else None


def _integer(value: Any) -> int | None:
    """The integer that a scalar constant holds."""
    constant = maker(value, "stablehlo.constant")
    if constant is None:
        return None
    attribute = constant.attributes["value"]
    if not isinstance(attribute, ir.DenseIntElementsAttr):
        return None
    type: Any = attribute.type
    return int(attribute[0]) if type.rank == 0 else None
