"""Stacks: N values of one type as one value with a new leading axis, made as early as possible.

A stack of slices of one tensor is that tensor. A stack of the results of N equal ops is one batched op on
stacks of their operands (the batching rules say which op), so that a stack asked for at the end of a
computation moves up through it. A stack of anything else is a concatenation. Source: superword-level
parallelism, Larsen and Amarasinghe 2000, doi:10.1145/349299.349320.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from typing import Any, NamedTuple

from stablelift.ir import attr, hlo
from stablelift.ir.mlir import func, ir
from stablelift.ir.region import used_by
from stablelift.ir.tensor import Tensor
from stablelift.passes.batching.batcher import Batcher
from stablelift.passes.batching.table import batching, emit_batched
from stablelift.passes.layers.parts import concatenation, part_of
from stablelift.passes.liveness import calls_python
from stablelift.passes.module import Functions, body_of

Values = tuple[ir.Value, ...]


class Stacked(NamedTuple):
    """What stands for N values: a tensor with them along axis 0, or, not `mapped`, the one that all are."""

    tensor: Tensor
    mapped: bool


class Stacker:
    """Makes stacks of values in the block of one function, at the insertion point that is current.

    Ops are appended with no regard to order: `sort_block` has to follow. `stack_arguments` says what stands
    for N arguments of the function, or None where they are to be concatenated.
    """

    def __init__(
        self,
        functions: Functions,
        function: func.FuncOp,
        stack_arguments: Callable[[tuple[int, ...]], ir.Value | None] = lambda positions: None,
    ):
        self._functions = functions
        self._block = body_of(function)
        self._stack_arguments = stack_arguments
        # By result, for the bindings hash an op by what it holds, which changes.
        self._position: dict[ir.Value, int] = {
            result: index
            for index, op in enumerate(self._block.operations)
            for result in op.operation.results
        }
        self._known: dict[Values, Stacked] = {}
        self._parts: dict[tuple[ir.Value, int], Tensor] = {}
        self._element: dict[ir.Value, tuple[ir.Value, int]] = {}
        self._alike: dict[ir.Value, ir.Value] = {}  # a value -> what it and others are equal to
        self._replaced: list[ir.Operation] = []
        self._merged: dict[ir.Value, ir.Value] = {}  # what they return -> what took their place does
        self._spans: list[tuple[int, int]] = []  # where ops stand that have become one, disjoint
        self._batchers: dict[int, Batcher] = {}

    def stack(self, values: Sequence[ir.Value]) -> Stacked:
        """The values, of one type, as one."""
        key = tuple(values)
        if key not in self._known:
            self._known[key] = self._made(key)
        return self._known[key]

    def mapped(self, values: Sequence[ir.Value]) -> Tensor:
        """The values along axis 0, also where they are all the same."""
        found = self.stack(values)
        if found.mapped:
            return found.tensor
        x = found.tensor
        return hlo.broadcast_in_dim(x, (len(values), *x.shape), [axis + 1 for axis in range(x.rank)])

    def part(self, stacked: Tensor, index: int) -> Tensor:
        """Element `index` along axis 0, once for each."""
        key = stacked.value, index
        if key not in self._parts:
            one = hlo.slice_axis(stacked, 0, index, index + 1)
            self._parts[key] = hlo.reshape(one, stacked.shape[1:])
        return self._parts[key]

    def define(self, values: Sequence[ir.Value], stacked: Tensor) -> None:
        """Let `stacked` be the stack of `values`."""
        self._known[tuple(values)] = Stacked(stacked, True)
        self._element.update((value, (stacked.value, index)) for index, value in enumerate(values))

    def is_descending(self, columns: Sequence[Sequence[ir.Value]]) -> bool:
        """Whether the columns mostly take tensors apart from the last element to the first."""
        balance = 0
        for column in columns:
            first, second = self._part_of(column[0]), self._part_of(column[1])
            if first and second and first[0] == second[0]:
                balance += 1 if second[1] > first[1] else -1
        return balance < 0

    def _part_of(self, value: ir.Value) -> tuple[ir.Value, int] | None:
        return self._element.get(value) or part_of(value)

    def erase(self, ops: Sequence[ir.Operation]) -> None:
        """Erase ops in this order, and forget their results: a value that is made later may stand where one
        of them stood in memory, and then compares equal to it.
        """
        self._join(ops)
        gone = {result for op in ops for result in op.results}
        for value in gone:
            self._position.pop(value, None)
            self._element.pop(value, None)
        self._known = {values: found for values, found in self._known.items() if gone.isdisjoint(values)}
        for op in ops:
            op.erase()

    def replace(self, ops: Sequence[ir.Operation], by: Sequence[ir.Value]) -> None:
        """Let equal ops of the block be gone, and what returns `by`, a value for each result, be there.

        They stay until `finish`; of results that are used `define` says which stacks they are parts of.
        """
        self._join(ops)
        self._replaced += ops
        for op in ops:
            self._merged.update(zip(op.results, by, strict=True))

    def finish(self) -> None:
        """Let what still uses a value whose op was replaced take its part of a stack; erase those ops."""
        gone = {result for op in self._replaced for result in op.results}
        for value in (result for op in self._replaced for result in op.results):
            if _is_used_outside(value, gone):
                value.replace_all_uses_with(self._alike.get(value) or self._own_part(value))
        for op in sorted(self._replaced, key=lambda op: self._position[op.results[0]], reverse=True):
            op.erase()

    def _own_part(self, value: ir.Value) -> ir.Value:
        stack, index = self._element[value]
        return self.part(Tensor(stack), index).value

    def _made(self, values: Values) -> Stacked:
        first = values[0]
        if all(value == first for value in values):
            return Stacked(Tensor(first), False)
        return (
            self._as_one_tensor(values)
            or self._of_arguments(values)
            or self._of_constants(values)
            or self._of_equal_ops(values)
            or Stacked(concatenation([Tensor(value) for value in values]), True)
        )

    def _as_one_tensor(self, values: Values) -> Stacked | None:
        """Elements along axis 0 of one tensor at equal distances: that tensor, or a slice of it."""
        parts = [self._part_of(value) for value in values]
        known = [part for part in parts if part is not None]
        if len(known) < len(values) or any(part[0] != known[0][0] for part in known):
            return None
        whole, order = Tensor(known[0][0]), [index for _, index in known]
        step = order[1] - order[0] if len(order) > 1 else 1
        if not step or order != list(range(order[0], order[-1] + (1 if step > 0 else -1), step)):
            return None
        ends = [1] * (whole.rank - 1)
        limits = [max(order) + 1, *whole.shape[1:]]
        taken = hlo.slice(whole, [min(order), *(0 for _ in ends)], limits, [abs(step), *ends])
        return Stacked(taken if step > 0 else hlo.reverse(taken, [0]), True)

    def _of_arguments(self, values: Values) -> Stacked | None:
        if any(value.owner != self._block for value in values):
            return None
        positions = tuple(ir.BlockArgument(value).arg_number for value in values)
        found = self._stack_arguments(positions)
        return None if found is None else Stacked(Tensor(found), True)

    def _of_constants(self, values: Values) -> Stacked | None:
        """Constants that read the same are one; scalar integers that differ are a constant of one axis."""
        ops = [hlo.made_by(Tensor(value), "stablehlo.constant") for value in values]
        literals = [attr.literal(op) for op in ops if op is not None]
        if len(literals) < len(values):
            return None
        if all(literal == literals[0] for literal in literals):
            return Stacked(Tensor(values[0]), False)
        type: Any = values[0].type
        if type.rank or not isinstance(type.element_type, ir.IntegerType):
            return None
        return Stacked(hlo.vector([int(literal[0]) for literal in literals], type.element_type), True)

    def _of_equal_ops(self, values: Values) -> Stacked | None:
        """The values where they are the same result of equal ops, which become one."""
        owners: list[Any] = [value.owner for value in values]
        if any(isinstance(owner, ir.Block) for owner in owners):
            return None
        numbers = {ir.OpResult(value).result_number for value in values}
        if len(numbers) > 1:
            return None
        self.pack([owner.operation for owner in owners])
        return self._known.get(values)

    def pack(self, ops: Sequence[ir.Operation]) -> ir.Operation | None:
        """Put one batched op in place of N equal ones.

        Returns the last op that the batching rule made; None where nothing was to be batched, where one of
        the ops waits for another, or where one is part of a batched op already.
        """
        if not _are_equal(ops) or self._depend(ops) or any(op.results[0] in self._merged for op in ops):
            return None
        if calls_python(self._functions, ops[0]):
            return None
        first, size = ops[0], len(ops)
        operands = [self.stack(column) for column in zip(*(list(op.operands) for op in ops), strict=True)]
        flags = [operand.mapped for operand in operands]
        if not any(flags):
            for results in zip(*(list(op.results) for op in ops), strict=True):
                self._known[results] = Stacked(Tensor(results[0]), False)
            return None
        batcher = self._batchers.setdefault(size, Batcher(self._functions, size))
        mapped = batching[first.name].results_mapped(batcher, first.opview, flags)
        with first.location:
            found = emit_batched(batcher, first.opview, [operand.tensor for operand in operands], flags)
        self.replace(ops, [tensor.value for tensor in found])
        for results, tensor, flag in zip(
            zip(*(list(op.results) for op in ops), strict=True), found, mapped, strict=True
        ):
            if flag:
                self.define(results, tensor)
            else:
                self._known[results] = Stacked(tensor, False)
                self._alike.update(dict.fromkeys(results, tensor.value))
        made: Any = found[0].value.owner
        return made.operation

    def _depend(self, ops: Sequence[ir.Operation]) -> bool:
        """Whether the ops cannot become one, since one of them needs another's result."""
        firsts = {op.results[0] for op in ops}
        are_known = len(firsts) == len(ops) and all(first in self._position for first in firsts)
        return not are_known or self.lead_to([value for op in ops for value in op.operands], ops)

    def lead_to(self, values: Sequence[ir.Value], ops: Sequence[ir.Operation]) -> bool:
        """Whether one of the values is computed from a result of one of the ops of the block.

        Also by way of ops that have become one, whose results wait for what any of them waited for.
        """
        members = {self._position[op.results[0]] for op in ops}
        floor = self._floor(min(members))  # what stands above leads to none of them
        pending = list(values)
        seen: set[ir.Value] = set()
        while pending:
            value = pending.pop()
            value = self._merged.get(value, value)
            position = self._position.get(value)
            if position in members:
                return True
            if (position is None or position >= floor) and value not in seen:
                seen.add(value)
                owner: Any = value.owner
                if not isinstance(owner, ir.Block):
                    pending.extend(used_by(owner.operation))
        return False

    def _join(self, ops: Sequence[ir.Operation]) -> None:
        """Remember where ops stood that have become one, which waits for the last of them."""
        found = [self._position[op.results[0]] for op in ops if op.results[0] in self._position]
        if not found:
            return
        first, last = min(found), max(found)
        apart = [span for span in self._spans if span[1] < first or last < span[0]]
        met = [span for span in self._spans if span[1] >= first and last >= span[0]]
        self._spans = [*apart, (min([first, *(span[0] for span in met)]), max([last, *(s[1] for s in met)]))]

    def _floor(self, position: int) -> int:
        """The first position from which ops that have become one may lead to `position` or behind it."""
        return next((first for first, last in self._spans if first <= position <= last), position)


def _is_used_outside(value: ir.Value, made: Container[ir.Value]) -> bool:
    """Whether an op uses the value that makes none of `made`."""
    users = (use.owner.operation.results for use in value.uses)
    return any(not len(results) or results[0] not in made for results in users)


def _are_equal(ops: Sequence[ir.Operation]) -> bool:
    """Whether the ops do the same to operands of the same types, and can be batched."""
    first = ops[0]
    if first.name not in batching or len(first.regions) or "has_side_effect" in first.attributes:
        return False
    signature = _signature(first)
    return all(op.name == first.name and _signature(op) == signature for op in ops[1:])


def _signature(op: ir.Operation) -> Any:
    attributes = [(name, op.attributes[name]) for name in op.attributes]
    types = [value.type for value in op.operands] + [value.type for value in op.results]
    return attributes, types
