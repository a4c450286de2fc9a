"""lift-seal: what op by op would be computed as programs of their own is not computed as one.

    %a = "lift.call"(%k) {callee = @_normal}   ==>   the same, behind an optimization barrier

Op by op, JAX runs a jitted function (a random draw, say) as one program and each op that follows as another.
Compiled as one, XLA would merge the scaling of a draw into the draw, and the last bit would differ. A barrier
keeps that apart, but XLA drops it before it fuses loops, in which sums round otherwise, and a product that is
added to something does not round at all. So where ops follow each other, as in the norm of a draw, what each
of them uses comes out of a call that XLA keeps.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from stablelift.ir import hlo
from stablelift.ir.lift import attributes_of
from stablelift.ir.mlir import func, ir, is_used
from stablelift.ir.tensor import Tensor
from stablelift.passes.base import ModulePass
from stablelift.passes.callgraph import PLAIN_CALLS, callees, references
from stablelift.passes.kept import keep_call
from stablelift.passes.liveness import erase_unused
from stablelift.passes.module import Functions, body_of, call
from stablelift.passes.remat.placement import behind_barrier
from stablelift.passes.structure import define

SEALED = "sealed"
"""What the names begin with of the functions whose calls are kept."""
_BARRIER = "stablehlo.optimization_barrier"
_MOVES = ("broadcast_in_dim", "concatenate", "reshape", "slice", "transpose")
_CHOICES = ("abs", "clamp", "maximum", "minimum", "negate", "select", "sign")
_PARTS = ("complex", "imag", "real")
_EXACT = {
    *(f"stablehlo.{name}" for name in (*_MOVES, *_CHOICES, *_PARTS, "constant", "convert", "iota")),
    _BARRIER,
}
"""The ops that do not round."""
_FOLDED = {*_EXACT, *(f"stablehlo.{name}" for name in ("add", "divide", "multiply", "sqrt", "subtract"))}
"""The ops of known numbers that XLA computes while it compiles, with the bits of running them."""


_AS_ONE = ("lift.scan", "lift.switch", "lift.while")
"""The ops whose functions are compiled as one program op by op as well."""


@dataclass(frozen=True)
class Seal(ModulePass):
    name = "lift-seal"

    def run(self, module: ir.Module) -> None:
        functions = Functions(module)
        pending, seen = ["main"], {"main"}
        plain = {"main"}
        while pending:
            function = functions[pending.pop()]
            is_plain = function.name.value in plain
            erase_unused(functions, function)  # a call that is kept would keep alive what it is given
            for op in references(function):
                if _is_unit(op):
                    _seal(op)
                else:
                    new = [name for name in callees(op) if name not in seen and op.name not in _AS_ONE]
                    seen.update(new)
                    pending.extend(new)
                    plain.update(new if is_plain and op.name in PLAIN_CALLS else ())
            if is_plain:  # what is dead in the body of another lift is not known yet
                _separate(functions, _chained(function))


def _is_unit(op: ir.Operation) -> bool:
    """Whether the op is a call of a function that JAX has jitted."""
    return op.name == "lift.call" and "layer" not in attributes_of(op)


def _seal(op: ir.Operation) -> None:
    """Each result behind a barrier of its own: one that turns out not to be needed keeps nothing alive."""
    for result in filter(is_used, list(op.results)):
        with ir.InsertionPoint.after(op), op.location:
            (sealed,) = behind_barrier([result])
        barrier: Any = sealed.owner
        result.replace_all_uses_except(sealed, barrier.operation)


def _chained(function: func.FuncOp) -> list[ir.Operation]:
    """The ops of a function that round, and use or are used by another one that does, and those in between.


    What is computed of known numbers alone is a known number.
    """
    ops = [each.operation for each in body_of(function).operations]
    chained: set[int] = set()
    since: dict[ir.Value, set[int]] = {}  # the last op that rounds, and those behind it that do not
    constant: set[ir.Value] = set()
    for number, op in enumerate(ops):
        before = {one for value in op.operands for one in since.get(value, ())}
        if op.name in _FOLDED and "iota" not in op.name and all(value in constant for value in op.operands):
            constant.update(op.results)
        elif _is_unit(op) and op.operands and all(value in constant for value in op.operands):
            chained.add(number)  # to JAX these are numbers that the function does not know
            since.update((result, {number}) for result in op.results)
        elif op.name in _EXACT:
            since.update((result, before | {number}) for result in op.results if before)
        elif op.name.startswith(("stablehlo.", "lift.call")) and _has_floats(op.results):
            if _has_floats(op.operands):  # behind a draw a barrier is enough
                since.update((result, {number}) for result in op.results)
            if before:
                chained |= before | {number}
    return [ops[number] for number in sorted(chained) if ops[number].name != _BARRIER]


def _has_floats(values: Iterable[ir.Value]) -> bool:
    return any(hlo.is_inexact(value.type) for value in values)


def _separate(functions: Functions, ops: Sequence[ir.Operation]) -> None:
    """Let the ops use what calls return that XLA keeps; a value that several use comes out of one.

    That holds for constants as well: to divide by a known number, XLA multiplies.
    """
    kept: dict[ir.Value, ir.Value] = {}
    for op in ops:
        for position, value in enumerate(op.operands):
            if not hlo.is_inexact(value.type) or _is_broadcast(value):
                continue
            if value not in kept:
                with ir.InsertionPoint(op), op.location:
                    kept[value] = _kept(functions, value, op.operation.block.arguments)
            op.operands[position] = kept[value]


def _is_broadcast(value: ir.Value) -> bool:
    """Whether a value is an operand made to fit another one, as JAX does within the program of an op."""
    return not isinstance(value.owner, ir.Block) and value.owner.name == "stablehlo.broadcast_in_dim"


def _kept(functions: Functions, value: ir.Value, arguments: Sequence[ir.Value]) -> ir.Value:
    """The value, out of a call; of a constant one XLA would fold the call, were it given nothing else."""
    is_known = not isinstance(value.owner, ir.Block) and value.owner.name == "stablehlo.constant"
    given = [value, *(arguments[:1] if is_known else ())]
    wanted = "_".join([SEALED, *map(_spelled, given)])
    function = functions.by_name.get(wanted) or define(
        functions,
        wanted,
        [each.type for each in given],
        lambda given: [Tensor(behind_barrier([each.value for each in given])[0])],
    )
    (result,) = call(function, list(map(Tensor, given)))
    keep_call(result.value.owner)
    return result.value


def _spelled(value: ir.Value) -> str:
    return f"{'x'.join(map(str, value.type.shape))}_{value.type.element_type}"
