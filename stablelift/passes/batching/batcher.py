"""Batching of whole functions: one batched clone for each function and pattern of mapped arguments.

First it is found out which values depend on a mapped argument (`results_mapped`, a least fixed point where
functions call themselves); then the clone is changed in place: what does not depend on one is left as it
stands, computed once; each op that does is replaced by what its rule emits. Equal calls share a clone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stablelift.ir.dialect import with_axis
from stablelift.ir.lift import Signature, attributes_of, signature_of
from stablelift.ir.location import error_at
from stablelift.ir.mlir import func, ir, walk
from stablelift.ir.tensor import Tensor
from stablelift.passes.batching.table import Mapped, batching, spread
from stablelift.passes.callgraph import callees
from stablelift.passes.module import Functions, body_of, finish

Flags = tuple[bool, ...]


class Batcher:
    """Batches functions of one module over one axis."""

    def __init__(self, functions: Functions, size: int, axis_name: str | None = None):
        self.functions = functions
        self.size = size
        self.axis_name = axis_name
        self._clones: dict[tuple[str, Flags, Flags], str] = {}
        self._results: dict[tuple[str, Flags], Flags] = {}
        self._open: set[tuple[str, Flags]] = set()
        self._recursive: set[tuple[str, Flags]] = set()
        self._uses_axis: dict[str, bool] = {}

    # What depends on a mapped argument ------------------------------------------------------------

    def results_mapped(self, name: str, mapped: Mapped) -> Flags:
        """Which results of `@name` depend on its `mapped` inputs, or on the position along the axis.

        A function that calls itself is first assumed to map nothing, and gone through again until that holds.
        """
        key = (name, tuple(mapped))
        if key in self._open:
            self._recursive.add(key)
        elif key not in self._results:
            self._open.add(key)
            self._results[key] = self._settled(key)
            self._open.remove(key)
        return self._results[key]

    def _settled(self, key: tuple[str, Flags]) -> Flags:
        name, mapped = key
        finished = dict(self._results)
        assumed: Flags = (False,) * len(self.functions[name].type.results)
        while True:
            self._results = finished | {key: assumed}
            found = self._analyse(name, mapped)
            if found == assumed or key not in self._recursive:
                return found
            assumed = found

    def _analyse(self, name: str, mapped: Mapped) -> Flags:
        block = body_of(self.functions[name])
        depends: set[ir.Value] = {
            argument for argument, is_mapped in zip(block.arguments, mapped, strict=True) if is_mapped
        }
        *operations, terminator = block.operations
        for op in operations:
            flags = [operand in depends for operand in op.operation.operands]
            if any(flags) or self._needs_axis(op):
                found = batching.find(op).results_mapped(self, op, flags)
                depends.update(
                    result for result, flag in zip(op.operation.results, found, strict=True) if flag
                )
        return tuple(value in depends for value in terminator.operation.operands)

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
        results = self.results_mapped(name, mapped)
        if forced is not None:
            results = tuple(a or b for a, b in zip(results, forced, strict=True))
        key = (name, tuple(mapped), results)
        if key not in self._clones:
            function = self.functions.clone(name, f"{name}__vmap")
            self._clones[key] = function.name.value  # before its body is batched, which may call it
            self._batch_body(function, mapped, results)
        return self._clones[key]

    def signature(self, name: str, mapped: Mapped, results: Mapped) -> Signature:
        """The types of `@name` batched, for flags of its inputs and of its results."""
        inputs, outputs = signature_of(self.functions[name])
        return Signature(self.types(inputs, mapped), self.types(outputs, results))

    def types(self, types: Sequence[Any], mapped: Mapped) -> list[Any]:
        """`types`, the mapped ones with the batch in front."""
        return [
            with_axis(type, 0, self.size) if flag else type for type, flag in zip(types, mapped, strict=True)
        ]

    def _batch_body(self, function: func.FuncOp, mapped: Mapped, results: Mapped) -> None:
        block = body_of(function)
        *operations, terminator = block.operations
        batched = self._map_arguments(function, mapped)
        replaced = [op for op in operations if self._replace(op, batched)]

        with ir.InsertionPoint(terminator.operation), function.location:
            outputs = [
                batched.get(value) or (spread(Tensor(value), self.size) if flag else Tensor(value))
                for value, flag in zip(terminator.operation.operands, results, strict=True)
            ]
        terminator.operation.erase()
        for op in reversed(replaced):
            op.operation.erase()
        for _ in mapped:
            block.erase_argument(0)
        finish(function, [output.value for output in outputs])

    def _map_arguments(self, function: func.FuncOp, mapped: Mapped) -> dict[ir.Value, Tensor]:
        """Give the clone its new arguments, behind the old ones; the batched values by what they stand for.
        """
        block = body_of(function)
        batched: dict[ir.Value, Tensor] = {}
        for argument, is_mapped in zip(list(block.arguments), mapped, strict=True):
            type = with_axis(argument.type, 0, self.size) if is_mapped else argument.type
            new = block.add_argument(type, function.location)
            if is_mapped:
                batched[argument] = Tensor(new)
            else:
                argument.replace_all_uses_with(new)
        return batched

    def _replace(self, op: Any, batched: dict[ir.Value, Tensor]) -> bool:
        """Emit the batched form of `op` before it, if it depends on the batch; `op` itself is then dead."""
        operation = op.operation
        operands = list(operation.operands)
        mapped = [operand in batched for operand in operands]
        if operation.regions:
            _refuse_captures(op, batched)
        if not any(mapped) and not self._needs_axis(op):
            return False
        rule = batching.find(op)
        given = [batched.get(operand) or Tensor(operand) for operand in operands]
        flags = rule.results_mapped(self, op, mapped)
        with ir.InsertionPoint(operation), operation.location:
            results = rule.emit(self, op, given, mapped)
        for old, new, is_mapped in zip(list(operation.results), results, flags, strict=True):
            if is_mapped:
                batched[old] = new
            else:
                old.replace_all_uses_with(new.value)
        return True


def _refuse_captures(op: Any, batched: dict[ir.Value, Tensor]) -> None:
    for inner in walk(op):
        if any(operand in batched for operand in inner.operation.operands):
            raise error_at(op, f"the region of `{op.operation.name}` uses a mapped value from outside it")
