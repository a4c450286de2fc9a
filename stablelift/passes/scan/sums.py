"""Sums that a loop carries: taken after the loop, over what its steps stack.

    s' = s + f(a_t, b_t), s not otherwise used   ==>   s' = s + sum_t f(a_t, b_t)

A sum passes through every linear op, so that `sum_t slice(x_t)` is `slice(sum_t x_t)`, and a sum of products
`sum_t a_t b_t` is one contraction over the steps. That is how the gradients of weights are accumulated in the
reverse of a recurrent network. Source: Appleyard, Kocisky and Blunsom 2016, arXiv:1604.01946.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stablelift.ir import hlo
from stablelift.ir.contract import contract, labels
from stablelift.ir.dialect import with_axis
from stablelift.ir.mlir import ir
from stablelift.ir.reduction import reduce_sum
from stablelift.ir.region import combined_by
from stablelift.ir.tensor import Tensor
from stablelift.ir.types import i1
from stablelift.passes.module import body_of, call, finish
from stablelift.passes.scan.loop import Carried, Loop, Stacked

_STEP = "step"
"""The label of the steps in contractions."""

_ALWAYS_LINEAR = (
    "stablehlo.add",
    "stablehlo.subtract",
    "stablehlo.negate",
    "stablehlo.transpose",
    "stablehlo.reshape",
    "stablehlo.slice",
    "stablehlo.concatenate",
    "stablehlo.broadcast_in_dim",
    "stablehlo.reverse",
)
"""Ops that are linear in all of their operands together."""


def addends(part: Carried) -> list[ir.Value] | None:
    """What each step adds to a carried value that is used for nothing else; None for any other."""

    def terms(value: ir.Value) -> list[ir.Value] | None:
        if value == part.inside:
            return []
        owner = value.owner
        if isinstance(owner, ir.Block) or owner.name != "stablehlo.add" or _count_uses(value) != 1:
            return None
        left, right = owner.operands
        for total, term in ((left, right), (right, left)):
            found = terms(total)
            if found is not None:
                return [*found, term]
        return None

    element = part.inside.type.element_type
    if _count_uses(part.inside) != 1 or element == i1():  # where `add` is `or`
        return None
    return terms(part.following)


def _count_uses(value: ir.Value) -> int:
    return sum(1 for _ in value.uses)


class Sums:
    """Sums over all steps of values of a loop's body, as a function of what the loop has stacked.

    The function is built while the loop is open, and called behind it (`emit`).
    """

    def __init__(self, loop: Loop):
        self.loop = loop
        self._outside = {part.inside: part.outside for part in loop.consts}
        self._xs = {part.inside: part for part in loop.xs}
        self._sums: dict[ir.Value, Tensor] = {}
        self._arguments: dict[ir.Value | Stacked, Tensor] = {}
        name = f"{loop.body.name.value}__sums"
        self.function = loop.functions.create(name, [], loop.op.location)

    # What a sum needs -----------------------------------------------------------------------------

    def needs(self, values: Sequence[ir.Value]) -> list[ir.Value]:
        """What must be stacked for the sums of `values`."""
        return [
            each
            for leaf in self._leaves(values)
            for each in (leaf.operands if isinstance(leaf, ir.Operation) else [leaf])
        ]

    def products(self, values: Sequence[ir.Value]) -> list[ir.Operation]:
        """The products whose sums the sums of `values` are made of."""
        return [leaf for leaf in self._leaves(values) if isinstance(leaf, ir.Operation)]

    def is_stacked(self, value: ir.Value) -> bool:
        """Whether all steps' values are at hand without another result of the loop."""
        return value in self._xs or self._invariant(value) or any(y.value == value for y in self.loop.ys)

    def _leaves(self, values: Sequence[ir.Value]) -> list[ir.Operation | ir.Value]:
        """Where sums end on their way through linear ops: products of two values, and values to be summed."""
        found: dict[ir.Operation | ir.Value, None] = {}
        seen: set[ir.Value] = set()
        waiting = list(reversed(values))
        while waiting:
            value = waiting.pop()
            if value in seen or self._invariant(value):
                continue
            seen.add(value)
            owner = value.owner
            if isinstance(owner, ir.Block) or self.is_stacked(value):
                found[value] = None
                continue
            summed = self._summed(owner)
            if summed is not None:
                waiting.extend(reversed(summed))
            else:
                found[owner.operation if owner.name == "stablehlo.dot_general" else value] = None
        return list(found)

    def _summed(self, op: Any) -> list[ir.Value] | None:
        """The operands in which `op` is linear, all others being invariant; None for an op that is not."""
        operands, name = list(op.operands), op.name
        varying = [operand for operand in operands if not self._invariant(operand)]
        if name in _ALWAYS_LINEAR:
            return operands
        if name == "stablehlo.convert":
            return operands if hlo.is_inexact(operands[0].type) and hlo.is_inexact(op.result.type) else None
        if name in ("stablehlo.multiply", "stablehlo.dot_general"):
            return varying if len(varying) == 1 else None
        if name == "stablehlo.divide":
            return operands[:1] if self._invariant(operands[1]) else None
        if name == "stablehlo.pad":
            return operands[:1] if hlo.is_zero(operands[1]) else None
        if name == "stablehlo.reduce":
            sums = len(operands) == 2 and combined_by(op.regions[0].blocks[0]) == "stablehlo.add"
            return operands[:1] if sums and hlo.is_zero(operands[1]) else None
        return None

    def _invariant(self, value: ir.Value) -> bool:
        return value in self._outside or hlo.made_by(Tensor(value), "stablehlo.constant") is not None

    # The sum, behind the loop ---------------------------------------------------------------------

    def define(self, values: Sequence[ir.Value]) -> None:
        """Let the function return the sums of `values`; the loop stacks what they need."""
        with ir.InsertionPoint(body_of(self.function)), self.loop.op.location:
            found = [self._sum(value) for value in values]
        finish(self.function, [x.value for x in found])

    def discard(self) -> None:
        """Leave no function behind."""
        del self.loop.functions.by_name[self.function.name.value]
        self.function.operation.erase()

    def emit(self) -> list[Tensor]:
        """Call the function here, where the loop has been rebuilt."""
        given = [source.result if isinstance(source, Stacked) else source for source in self._arguments]
        return call(self.function, [Tensor(value) for value in given if value is not None])

    def _argument(self, source: ir.Value | Stacked, type: Any) -> Tensor:
        if source not in self._arguments:
            block = body_of(self.function)
            self._arguments[source] = Tensor(block.add_argument(type, self.loop.op.location))
        return self._arguments[source]

    def _sum(self, value: ir.Value) -> Tensor:
        """The sum of `value` over all steps."""
        if value not in self._sums:
            self._sums[value] = self._summed_up(value)
        return self._sums[value]

    def _summed_up(self, value: ir.Value) -> Tensor:
        owner: Any = value.owner
        if self._invariant(value):
            return self._constant(value) * self.loop.length
        if isinstance(owner, ir.Block) or self.is_stacked(value):
            return reduce_sum(self._all_steps(value), [0])
        summed = self._summed(owner)
        if summed is None:
            product = owner.name == "stablehlo.dot_general"
            return self._contraction(owner.opview) if product else reduce_sum(self._all_steps(value), [0])
        if owner.name == "stablehlo.reduce" and self.is_stacked(summed[0]):
            axes = [0, *(axis + 1 for axis in owner.attributes["dimensions"])]
            return reduce_sum(self._all_steps(summed[0]), axes)
        operands = [
            self._sum(operand) if operand in summed else self._constant(operand) for operand in owner.operands
        ]
        return hlo.remake(owner.opview, operands, types=[value.type])[0]

    def _contraction(self, op: Any) -> Tensor:
        """The sum of a product over the steps: they are one more contracted axis of both factors."""
        left, right, out = labels(op)
        x, y = (self._all_steps(operand) for operand in op.operation.operands)
        element = op.result.type.element_type
        return contract(x, [_STEP, *left], y, [_STEP, *right], to=out, like=op, element=element)

    def _constant(self, value: ir.Value) -> Tensor:
        if value in self._outside:
            return self._argument(self._outside[value], value.type)
        owner: Any = value.owner
        return Tensor(owner.clone().results[0])

    def _all_steps(self, value: ir.Value) -> Tensor:
        """The value in every step, stacked along axis 0."""
        if value in self._xs:
            part = self._xs[value]
            return hlo.move_axis(self._argument(part.outside, part.outside.type), part.axis, 0)
        return self._argument(self.loop.stack(value), with_axis(value.type, 0, self.loop.length))
