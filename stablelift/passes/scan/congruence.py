"""Carried values of a scan that are equal in every step.

Assume that all values that start equal stay equal; number the values of the body under that assumption; where
a step's results tell two of them apart, drop it and number again. What is left holds in every step, by
induction. Source: Alpern, Wegman and Zadeck 1988, doi:10.1145/73560.73562.
"""

from __future__ import annotations

from collections.abc import Hashable

from stablelift.ir import attr
from stablelift.ir.mlir import ir
from stablelift.passes.liveness import is_pure
from stablelift.passes.scan.loop import Carried, Loop


def equal_carries(loop: Loop) -> list[tuple[Carried, Carried]]:
    """Pairs of a carried value and the first one that it equals."""
    classes: dict[int, Hashable] = {
        index: (part.initial, part.inside.type) for index, part in enumerate(loop.carry)
    }
    while len(set(classes.values())) < len(classes):
        numbers = _numbered(loop, classes)
        refined: dict[int, Hashable] = {
            index: (classes[index], numbers.get(part.following, part.following))
            for index, part in enumerate(loop.carry)
        }
        if len(set(refined.values())) == len(set(classes.values())):
            break
        classes = refined
    first: dict[Hashable, Carried] = {}
    pairs = []
    for index, part in enumerate(loop.carry):
        other = first.setdefault(classes[index], part)
        if other is not part:
            pairs.append((part, other))
    return pairs


def _numbered(loop: Loop, classes: dict[int, Hashable]) -> dict[ir.Value, Hashable]:
    """A number for each value of the body: equal numbers are equal values, if the classes are."""
    numbers: dict[ir.Value, Hashable] = {}
    known: dict[Hashable, int] = {}

    def number(key: Hashable) -> int:
        return known.setdefault(key, len(known))

    for index, part in enumerate(loop.carry):
        numbers[part.inside] = number(("carry", classes[index]))
    for const in loop.consts:
        numbers[const.inside] = number(("const", const.outside))
    for x in loop.xs:
        numbers[x.inside] = number(("slice", x.outside, x.axis))
    for operation in loop.operations:
        if len(operation.regions) or not is_pure(loop.functions, operation):
            key: Hashable = operation
        else:
            # What is carried no longer, but still in the body, is a number of its own.
            operands = tuple(numbers.get(operand, operand) for operand in operation.operands)
            types = tuple(result.type for result in operation.results)
            key = (operation.name, _attributes(operation), operands, types)
        for position, result in enumerate(operation.results):
            numbers[result] = number((key, position))
    return numbers


def _attributes(op: ir.Operation) -> Hashable:
    if op.name == "stablehlo.constant":
        return attr.literal(op)
    return tuple((name, op.attributes[name]) for name in op.attributes)
