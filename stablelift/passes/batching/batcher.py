"""Batching of whole functions: one batched clone for each function and pattern of mapped arguments.

First it is found out which values depend on a mapped argument (`results_mapped`, a least fixed point where
functions call themselves); then a clone is changed in place: what does not depend on one is left as it
stands, computed once; what does gets a type with the batch in front, or gives way to what its rule emits.
Rules read the op of the original function, whose types are those of one example. Equal calls share a clone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from stablelift.ir.dialect import with_axis
from stablelift.ir.lift import Signature, attributes_of, signature_of
from stablelift.ir.location import error_at
from stablelift.ir.mlir import func, ir, operations_of, walk
from stablelift.ir.region import captures
from stablelift.ir.tensor import Tensor
from stablelift.passes.batching.table import (
    BatchRule,
    Mapped,
    as_many_as,
    batching,
    require_number,
    require_sizes,
    spread,
)
from stablelift.passes.callgraph import callees
from stablelift.passes.module import Functions, body_of, retype

Flags = tuple[bool, ...]


class Step(NamedTuple):
    """An op that depends on the batch."""

    position: int
    """Where it stands in its function."""
    op: Any
    rule: BatchRule
    operands: list[bool]
    """Which of its operands are mapped,"""
    results: list[bool]
    """and which of its results."""
    captures: bool
    """Whether its regions use values from outside (which are not mapped)."""


class Dependence(NamedTuple):
    """What in a function depends on its mapped inputs: the results that do, and the ops."""

    results: Flags
    steps: Sequence[Step] = ()


class Batcher:
    """Batches functions of one module over one axis, which may have a name for collectives, and names of axes
    of a mesh: for sharding constraints, and for those of them that say what a type says.
    """

    def __init__(
        self,
        functions: Functions,
        size: int,
        axis_name: str | None = None,
        spmd_axis_name: tuple[str, ...] | None = None,
        mesh_axes: tuple[str, ...] | None = None,
    ):
        self.functions = functions
        self.size = size
        self.axis_name = axis_name
        self.spmd_axis_name = spmd_axis_name or ()
        self.mesh_axes = mesh_axes or ()
        self._clones: dict[tuple[str, Flags, Flags], str] = {}
        self._dependences: dict[tuple[str, Flags], Dependence] = {}
        self._open: set[tuple[str, Flags]] = set()
        self._recursive: set[tuple[str, Flags]] = set()
        self._uses_axis: dict[str, bool] = {}
        self._types: dict[Any, Any] = {}
        self._on_each: dict[tuple[int, tuple[str, ...]], Batcher] = {}

    def on_each(self, parts: int, axes: tuple[str, ...]) -> Batcher:
        """What batches the functions that each device along some axes of a mesh runs, on one of so many parts
        of the batch: constraints there are along other axes.
        """
        names = self.spmd_axis_name, self.mesh_axes
        others = [tuple(axis for axis in each if axis not in axes) for each in names]
        if parts == 1 and tuple(others) == names:
            return self
        if (parts, axes) not in self._on_each:
            made = Batcher(self.functions, self.size // parts, self.axis_name, *others)
            self._on_each[parts, axes] = made
        return self._on_each[parts, axes]

    # What depends on a mapped argument ------------------------------------------------------------

    def results_mapped(self, name: str, mapped: Mapped) -> Flags:
        """Which results of `@name` depend on its `mapped` inputs, or on the position along the axis."""
        return self._dependence(name, tuple(mapped)).results

    def _dependence(self, name: str, mapped: Flags) -> Dependence:
        """A function that calls itself is first assumed to map nothing, and gone through again until that
        holds.
        """
        key = (name, mapped)
        if key in self._open:
            self._recursive.add(key)
        elif key not in self._dependences:
            self._open.add(key)
            self._dependences[key] = self._settled(key)
            self._open.remove(key)
        return self._dependences[key]

    def _settled(self, key: tuple[str, Flags]) -> Dependence:
        name, mapped = key
        finished = dict(self._dependences)
        assumed: Flags = (False,) * len(self.functions[name].type.results)
        while True:
            self._dependences = finished | {key: Dependence(assumed)}
            found = self._analyse(name, mapped)
            if found.results == assumed or key not in self._recursive:
                return found
            assumed = found.results

    def _analyse(self, name: str, mapped: Mapped) -> Dependence:
        function = self.functions[name]
        arguments = body_of(function).arguments
        depends: set[ir.Value] = {
            argument for argument, is_mapped in zip(arguments, mapped, strict=True) if is_mapped
        }
        steps: list[Step] = []
        *operations, terminator = operations_of(function)
        for position, op in enumerate(operations):
            flags = [operand in depends for operand in op.operands]
            captures = len(op.regions) > 0 and _captures(op, depends)
            if True in flags or (self.axis_name is not None and self._needs_axis(op)):
                rule = batching.find(op)
                view = op.opview
                found = rule.results_mapped(self, view, flags)
                depends.update(result for result, flag in zip(op.results, found, strict=True) if flag)
                steps.append(Step(position, view, rule, flags, found, captures))
        return Dependence(tuple(value in depends for value in terminator.operands), steps)

    def _needs_axis(self, op: Any) -> bool:
        """Whether `op`, or a function it calls, is a collective over this axis."""
        if self.axis_name is None:
            return False
        if op.operation.name.startswith("lift.") and "axis_name" in op.attributes:
            return self.axis_name in attributes_of(op)["axis_name"]
        return any(self._function_needs_axis(callee) for callee in callees(op))

    def _function_needs_axis(self, name: str) -> bool:
        if name not in self._uses_axis:
            self._uses_axis[name] = False  # a recursive user rule meets itself here, and adds nothing
            self._uses_axis[name] = any(map(self._needs_axis, walk(self.functions[name])))
        return self._uses_axis[name]

    # Emission -------------------------------------------------------------------------------------

    def batch(self, name: str, mapped: Mapped, forced: Mapped | None = None) -> str:
        """The function that is `@name` with its `mapped` inputs carrying the batch on axis 0.

        The results that `results_mapped` finds carry it too, and those in `forced` are made to.
        """
        found = self._dependence(name, tuple(mapped))
        results = found.results
        if forced is not None:
            results = tuple(a or b for a, b in zip(results, forced, strict=True))
        key = (name, tuple(mapped), results)
        if key not in self._clones:
            function = self.functions.clone(name, f"{name}__vmap")
            self._clones[key] = function.name.value  # before its body is batched, which may call it
            self._batch_body(function, mapped, found, results)
        return self._clones[key]

    def signature(self, name: str, mapped: Mapped, results: Mapped) -> Signature:
        """The types of `@name` batched, for flags of its inputs and of its results."""
        inputs, outputs = signature_of(self.functions[name])
        return Signature(self.types(inputs, mapped), self.types(outputs, results))

    def types(self, types: Sequence[Any], mapped: Mapped) -> list[Any]:
        """`types`, the mapped ones with the batch in front."""
        return [self._batched(type) if flag else type for type, flag in zip(types, mapped, strict=True)]

    def _batched(self, type: Any) -> Any:
        if type not in self._types:
            self._types[type] = with_axis(type, 0, self.size)
        return self._types[type]

    def _batch_body(self, function: func.FuncOp, mapped: Mapped, found: Dependence, results: Flags) -> None:
        for argument, is_mapped in zip(body_of(function).arguments, mapped, strict=True):
            if is_mapped:
                argument.set_type(self._batched(argument.type))
        operations = operations_of(function)
        arguments = body_of(function).arguments
        examples = (Tensor(one) for one, is_mapped in zip(arguments, mapped, strict=True) if is_mapped)
        with as_many_as(next(examples, None)):
            for step in found.steps:
                self._batch_op(operations[step.position], step)
            terminator = operations[-1]
            with ir.InsertionPoint(terminator), function.location:
                wanting = [wants and not has for wants, has in zip(results, found.results, strict=True)]
                self._spread_operands(terminator, wanting)
        retype(function, list(terminator.operands))

    def _batch_op(self, op: ir.Operation, step: Step) -> None:
        """Batch the op of a clone whose operands have been, in place or by what the rule emits before it."""
        if step.rule.emit is None:
            if not all(step.operands):
                with ir.InsertionPoint(op), op.location:
                    self._spread_operands(op, [not is_mapped for is_mapped in step.operands])
            for result in op.results:
                result.set_type(self._batched(result.type))
            return
        if not step.rule.any_size:
            require_number(op, self.size)
            require_sizes(op)
        with ir.InsertionPoint(op), op.location:
            original = _with_captures_of(op, step.op) if step.captures else step.op
            given = [Tensor(operand) for operand in op.operands]
            results = step.rule.emit(self, original, given, step.operands)
            for old, new in zip(op.results, results, strict=True):
                old.replace_all_uses_with(new.value)
            if step.captures:
                original.operation.erase()
        op.erase()

    def _spread_operands(self, op: ir.Operation, wanting: Sequence[bool]) -> None:
        """Give the batch to the operands of `op` that want it."""
        for index, wants in enumerate(wanting):
            if wants:
                op.operands[index] = spread(Tensor(op.operands[index]), self.size).value


def _captures(op: ir.Operation, depends: set[ir.Value]) -> bool:
    """Whether the regions of `op` use values from outside of them, none of which may be mapped."""
    found = captures(op)
    if any(use.value in depends for use in found):
        raise error_at(op, f"the region of `{op.name}` uses a mapped value from outside it")
    return bool(found)


def _with_captures_of(op: ir.Operation, original: Any) -> Any:
    """A copy of `original` here, whose regions use from outside what those of `op`, its clone, use."""
    copy = original.operation.clone()
    for use, ours in zip(captures(copy), captures(op), strict=True):
        use.op.operands[use.position] = ours.value
    return copy.opview
