"""A `lift.scan` taken apart for editing: what stands outside of it beside what its body sees.

A pass reads the four lists, edits them and the body's block, and lets `rebuilt` put the loop together again:

    def drop_unused(loop: Loop) -> None:
        loop.ys = [y for y in loop.ys if is_used(y.result)]
        with loop.rebuilt():
            ...                     # what depends on the new results (`y.result`) is emitted here

    Loops(module).each(drop_unused)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from stablelift.ir.dialect import without_axis
from stablelift.ir.lift import attributes_of, signature_of
from stablelift.ir.mlir import func, inline_call, ir, is_used, symbol, walk
from stablelift.ir.region import returned
from stablelift.ir.tensor import Tensor
from stablelift.passes.callgraph import callees, callees_first, references, referred_to
from stablelift.passes.liveness import sweep
from stablelift.passes.module import Functions, body_of, drop_argument, drop_return, finish
from stablelift.passes.structure import lift_op


@dataclass(eq=False)
class Const:
    """A value that every step sees."""

    outside: ir.Value
    inside: ir.Value


@dataclass(eq=False)
class Carried:
    """A value that each step hands to the following one."""

    initial: ir.Value
    inside: ir.Value
    following: ir.Value
    result: ir.Value | None


@dataclass(eq=False)
class Scanned:
    """A stacked input, of which each step sees a slice."""

    outside: ir.Value
    axis: int
    inside: ir.Value


@dataclass(eq=False)
class Stacked:
    """A value of each step, stacked in a result."""

    value: ir.Value
    axis: int
    result: ir.Value | None


class Loop:
    """A scan opened for editing. Handles on its op and its block are valid until `rebuilt` has ended."""

    def __init__(self, functions: Functions, op: Any, body: func.FuncOp):
        self.functions, self.op, self.body = functions, op.operation, body
        self.location = self.op.location
        attributes = attributes_of(op)
        self.length: int = attributes["length"]
        self.reverse: bool = attributes["reverse"]
        self.unroll: int = attributes["unroll"]
        split = attributes["num_consts"]
        stop = split + attributes["num_carry"]
        operands, results = list(self.op.operands), list(self.op.results)
        inside, outputs = list(self.block.arguments), returned(self.block)
        count = attributes["num_carry"]
        self.consts = [Const(*pair) for pair in zip(operands[:split], inside[:split], strict=True)]
        self.carry = [
            Carried(*parts)
            for parts in zip(
                operands[split:stop], inside[split:stop], outputs[:count], results[:count], strict=True
            )
        ]
        self.xs = [
            Scanned(*parts)
            for parts in zip(operands[stop:], attributes["in_axes"], inside[stop:], strict=True)
        ]
        self.ys = [
            Stacked(*parts)
            for parts in zip(outputs[count:], attributes["out_axes"], results[count:], strict=True)
        ]

    @property
    def block(self) -> ir.Block:
        return body_of(self.body)

    @property
    def operations(self) -> list[ir.Operation]:
        """The ops of the body, without its return."""
        return [op.operation for op in self.block.operations][:-1]

    @property
    def returned(self) -> list[ir.Value]:
        """What the body's return is to return, as the lists have it."""
        return [carried.following for carried in self.carry] + [stacked.value for stacked in self.ys]

    # Edits ----------------------------------------------------------------------------------------

    def const(self, outside: ir.Value) -> ir.Value:
        """`outside` as the body sees it: an argument that is there already, or a new one."""
        for known in self.consts:
            if known.outside == outside:
                return known.inside
        inside = self.block.add_argument(outside.type, self.body.location)
        self.consts.append(Const(outside, inside))
        return inside

    def slices(self, outside: ir.Value, axis: int) -> ir.Value:
        """One step's slice of `outside` as the body sees it: an argument that is there already, or a new one.
        """
        for known in self.xs:
            if known.outside == outside and known.axis == axis:
                return known.inside
        inside = self.block.add_argument(without_axis(outside.type, axis), self.body.location)
        self.xs.append(Scanned(outside, axis, inside))
        return inside

    def stack(self, value: ir.Value) -> Stacked:
        """`value` of each step in a result, along axis 0; one that is there already serves."""
        for known in self.ys:
            if known.value == value and known.axis == 0:
                return known
        self.ys.append(Stacked(value, 0, None))
        return self.ys[-1]

    def replace(self, old: ir.Value, new: ir.Value) -> None:
        """Let `new` take the place of `old`, a value of the body."""
        old.replace_all_uses_with(new)
        for part in (*self.carry, *self.ys):
            name = "following" if isinstance(part, Carried) else "value"
            if getattr(part, name) == old:
                setattr(part, name, new)

    def inline(self, call: ir.Operation) -> None:
        """Put the function that the body calls in the place of the call."""
        with ir.InsertionPoint(call), call.location:
            callee: Any = call.attributes["callee"]
            results = inline_call(self.functions[callee.value], list(call.operands))
        for old, new in zip(list(call.results), results, strict=True):
            self.replace(old, new)
        call.erase()

    # The end --------------------------------------------------------------------------------------

    @contextmanager
    def rebuilt(self) -> Iterator[None]:
        """Emit the edited loop; results of parts that remain are replaced, and `result` is the new one.

        What the caller emits in the context stands behind the loop. What it does not replace must be unused.
        """
        self._rebuild_body()
        with ir.InsertionPoint(self.op), self.op.location:
            self._emit()
            yield
        self.op.erase()

    def _rebuild_body(self) -> None:
        block = self.block
        drop_return(self.body)
        sweep(self.functions, block, self.returned)
        used = {value for value in self.returned}
        self.consts = [part for part in self.consts if is_used(part.inside) or part.inside in used]
        self.xs = [part for part in self.xs if is_used(part.inside) or part.inside in used]
        before = len(block.arguments)
        for part in (*self.consts, *self.carry, *self.xs):
            new = block.add_argument(part.inside.type, self.body.location)
            self.replace(part.inside, new)
            part.inside = new
        for _ in range(before):
            drop_argument(block, 0)
        finish(self.body, self.returned)

    def _emit(self) -> None:
        operands = [part.outside for part in self.consts]
        operands += [part.initial for part in self.carry]
        operands += [part.outside for part in self.xs]
        name = self.body.name.value
        results = lift_op(
            "lift.scan",
            [Tensor(operand) for operand in operands],
            {name: signature_of(self.body)},
            callee=name,
            num_consts=len(self.consts),
            num_carry=len(self.carry),
            length=self.length,
            reverse=self.reverse,
            unroll=self.unroll,
            in_axes=[part.axis for part in self.xs],
            out_axes=[part.axis for part in self.ys],
        )
        for part, result in zip((*self.carry, *self.ys), results, strict=True):
            if part.result is not None:
                part.result.replace_all_uses_with(result.value)
            part.result = result.value


class Loops:
    """The scans of a module, innermost first, each with a body that no other op refers to."""

    def __init__(self, module: ir.Module):
        self.functions = Functions(module)
        self._references = {
            name: references(function) for name, function in self.functions.by_name.items()
        }
        self._count = Counter(
            callee for ops in self._references.values() for op in ops for callee in callees(op)
        )

    def each(self, visit: Callable[[Loop], None]) -> None:
        """Open every scan in turn for `visit`."""
        for name in self.innermost_first():
            for op in self._scans_in(name):
                visit(self.open(op))

    def open(self, op: Any) -> Loop:
        return Loop(self.functions, op, self._own_body(op))

    def innermost_first(self) -> list[str]:
        """The functions of the module with scans in them, each behind those that it refers to."""
        holding = list(filter(self._scans_in, self._references))
        order = callees_first(
            self.functions.by_name, holding, below=lambda name: referred_to(self._references[name])
        )
        return list(filter(self._scans_in, order))

    def _scans_in(self, name: str) -> list[Any]:
        return [op for op in self._references[name] if op.name == "lift.scan"]

    def _own_body(self, op: Any) -> func.FuncOp:
        name = attributes_of(op)["callee"]
        if self._count[name] == 1:
            return self.functions[name]
        self._count[name] -= 1
        body = self.functions.clone(name, name)
        op.operation.attributes["callee"] = symbol(body.name.value)
        self._count[body.name.value] = 1
        self._count.update(callee for inner in walk(body) for callee in callees(inner))
        return body
