"""lift-fuse: scans of one length and direction that one loop can do become one.

    %y = "lift.scan"(%c, %x) {callee = @f}, %z = "lift.scan"(%d, tanh(%y)) {callee = @g}
      ==>   %y, %z = "lift.scan"(%c, %d, %x) {callee = f, then tanh, then g}

Vertical: the second reads what the first stacks, element by element; the array between them is then not made.
Horizontal: neither needs the other. Loops that multiply by weights stay apart, as their weights would drive
each other from the cache, and so do loops behind which another one would have to wait longer. Needs: calls
are inlined. Keeps: results.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stablelift.ir import hlo
from stablelift.ir.dialect import without_axis
from stablelift.ir.lift import attributes_of
from stablelift.ir.mlir import ir, is_used
from stablelift.ir.region import used_by
from stablelift.ir.tensor import Tensor
from stablelift.passes.base import ModulePass
from stablelift.passes.batching.table import elementwise_ops
from stablelift.passes.liveness import is_pure, reached_from
from stablelift.passes.module import body_of
from stablelift.passes.remarks import remark
from stablelift.passes.scan.batched import PRODUCTS
from stablelift.passes.scan.loop import Loop, Loops

_LOOPS = ("lift.scan", "lift.while", "stablehlo.while")


@dataclass(frozen=True)
class Fuse(ModulePass):
    name = "lift-fuse"

    def run(self, module: ir.Module) -> None:
        loops = Loops(module)
        for name in loops.innermost_first():
            block = body_of(loops.functions[name])
            apart: set[tuple[ir.Value, ir.Value]] = set()
            while self._fuse_one(loops, block, apart):
                pass

    def _fuse_one(self, loops: Loops, block: ir.Block, apart: set[tuple[ir.Value, ir.Value]]) -> bool:
        """Fuse the first two scans of a block that can be, but for those, by a result, that stay `apart`."""
        operations = [op.operation for op in block.operations]
        chains = _Chains(operations)
        scans = [index for index, op in enumerate(operations) if op.name == "lift.scan" and len(op.results)]
        for second in scans:
            for first in reversed([index for index in scans if index < second]):
                both = operations[first].results[0], operations[second].results[0]
                if both in apart or not _alike(operations[first], operations[second]):
                    continue
                pair = _Pair(loops, operations[first : second + 1], chains.grow(first, second))
                why = pair.refusal()
                if why is None:
                    remark(self.name, pair.second, f"fused two loops {pair.way}", "one loop does both")
                    pair.fuse()
                    return True
                apart.add(both)
                remark(self.name, pair.second, f"kept two loops apart that could fuse {pair.way}", why)
        return False


def _alike(first: ir.Operation, second: ir.Operation) -> bool:
    one, other = attributes_of(first), attributes_of(second)
    return all(one[key] == other[key] for key in ("length", "reverse", "unroll"))


class _Chains:
    """How many loops of a block must run one after the other, before each op and behind it, by position."""

    def __init__(self, operations: list[ir.Operation]):
        self.before, self.behind = [0] * len(operations), [0] * len(operations)
        made: dict[ir.Value, int] = {}
        for index, op in enumerate(operations):
            self.before[index] = max((made.get(value, 0) for value in used_by(op)), default=0)
            made.update((result, self.before[index] + (op.name in _LOOPS)) for result in op.results)
        used: dict[ir.Value, int] = {}
        for index, op in reversed(list(enumerate(operations))):
            self.behind[index] = max((used.get(result, 0) for result in op.results), default=0)
            for value in used_by(op):
                used[value] = max(used.get(value, 0), self.behind[index] + (op.name in _LOOPS))

    def grow(self, *loops: int) -> bool:
        """Whether the longest chain through any of these loops, by position, grows when they become one."""
        longest = max(self.before[loop] + self.behind[loop] for loop in loops)
        return max(self.before[loop] for loop in loops) + max(self.behind[loop] for loop in loops) > longest


class _Pair:
    """Two scans of a block, the first and the last of `operations`, and what stands between them."""

    def __init__(self, loops: Loops, operations: list[ir.Operation], lengthens: bool):
        self.first, self.second = loops.open(operations[0]), loops.open(operations[-1])
        self.between, self.lengthens = operations[1:-1], lengthens
        self.dependent = reached_from(self.between, self.first.op.results)
        self.vertical = any(part.outside in self.dependent for part in self.second.xs)
        self._inside: dict[tuple[ir.Value, int], Tensor] = {}

    @property
    def way(self) -> str:
        return "vertically" if self.vertical else "horizontally"

    # Whether --------------------------------------------------------------------------------------

    def refusal(self) -> str | None:
        """Why the two are not to be one; None where they are."""
        everything = (self.first.op, *self.between, self.second.op)
        if not all(is_pure(self.first.functions, op) for op in everything):
            return "one of them, or something between them, has side effects"
        starts = [part.outside for part in self.second.consts] + [part.initial for part in self.second.carry]
        if any(value in self.dependent for value in starts):
            return "the second begins with what the first ends with"
        if not all(self._is_by_step(part.outside, part.axis) for part in self.second.xs):
            return "what is done between them is not done step by step"
        if not self.vertical and self.lengthens:
            return "loops before one of them and behind the other would make a longer chain"
        if not self._repeats() and all(map(_multiplies_by_weights, (self.first, self.second))):
            return "each multiplies by weights of its own, which do not share the cache well"
        return None

    def _is_by_step(self, value: ir.Value, axis: int) -> bool:
        """Whether each slice of `value` follows from slices, at the same position, of what is stacked."""
        owner: Any = value.owner
        if value not in self.dependent:
            return True
        if owner.operation == self.first.op:
            return any(part.result == value and part.axis == axis for part in self.first.ys)
        shapes = {tuple(each.type.shape) for each in (*owner.operation.operands, *owner.operation.results)}
        by_step = owner.operation.name in elementwise_ops and len(shapes) == 1
        return by_step and all(self._is_by_step(operand, axis) for operand in owner.operation.operands)

    def _repeats(self) -> bool:
        """Whether one loop reads and starts with nothing that the other does not: the same loop once more."""
        first, second = (set(loop.op.operands) for loop in (self.first, self.second))
        return first <= second or second <= first

    # How ------------------------------------------------------------------------------------------

    def fuse(self) -> None:
        """Put the first loop's steps before the second's, and one loop in the place of the second."""
        first, second = self.first, self.second
        behind = [op for op in self.between if not self.dependent.isdisjoint(op.results)]
        for operation in reversed(behind):
            operation.move_after(second.op)
        begins = second.block.operations[0].operation
        self._move_in(begins)
        with ir.InsertionPoint(begins), second.location:
            for part in list(second.xs):
                if part.outside in self.dependent:
                    second.xs.remove(part)
                    second.replace(part.inside, self._slice(part.outside, part.axis).value)
        second.carry = [*first.carry, *second.carry]
        second.ys = [*first.ys, *second.ys]
        with second.rebuilt():
            pass
        for operation in reversed(behind):
            if not any(map(is_used, operation.results)) and is_pure(first.functions, operation):
                operation.erase()
        first.op.erase()
        del first.functions.by_name[first.body.name.value]
        first.body.operation.erase()

    def _move_in(self, begins: ir.Operation) -> None:
        """Move the first body's ops before `begins`, on what they see in the second body."""
        first, second = self.first, self.second
        for const in first.consts:
            first.replace(const.inside, second.const(const.outside))
        for x in first.xs:
            first.replace(x.inside, second.slices(x.outside, x.axis))
        for carried in first.carry:
            inside = second.block.add_argument(carried.inside.type, second.location)
            first.replace(carried.inside, inside)
            carried.inside = inside
        for operation in first.operations:
            operation.move_before(begins)

    def _slice(self, value: ir.Value, axis: int) -> Tensor:
        """One step's slice of a value between the loops, as the fused body computes it."""
        if (value, axis) not in self._inside:
            self._inside[value, axis] = self._sliced(value, axis)
        return self._inside[value, axis]

    def _sliced(self, value: ir.Value, axis: int) -> Tensor:
        owner: Any = value.owner
        type = without_axis(value.type, axis)
        if value not in self.dependent:
            splat = hlo.larger_splat(Tensor(value), type.shape)
            return splat if splat is not None else Tensor(self.second.slices(value, axis))
        for part in self.first.ys:
            if part.result == value:
                return Tensor(part.value)
        operands = [self._slice(operand, axis) for operand in owner.operation.operands]
        return hlo.remake(owner.operation.opview, operands, types=[type])[0]


def _multiplies_by_weights(loop: Loop) -> bool:
    consts = {part.inside for part in loop.consts}
    return any(
        op.name in PRODUCTS and not consts.isdisjoint(op.operands) for op in loop.operations
    )
