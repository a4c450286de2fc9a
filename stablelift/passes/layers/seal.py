"""lift-seal: what op by op would be computed as programs of their own is not computed as one.

    %a = "lift.call"(%k) {callee = @_normal}   ==>   the same, behind an optimization barrier

Op by op, JAX runs a jitted function (a random draw, say) as one program and each op that follows as another.
Compiled as one, XLA would merge the scaling of a draw into the draw, and the last bit would differ. A barrier
keeps that apart, but XLA drops it before it fuses loops, in which sums round otherwise, and a product that is
added to something does not round at all. So where ops follow each other, as in the norm of a draw, what each
of them uses comes out of a call that XLA keeps. So does a constant whose sine is taken: while it compiles,
XLA computes it in another way than where it runs. And so do the numbers that a jitted function is given.

All of this holds inside of the lifts that run op by op in JAX as well: maps, recomputation, derivatives.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from stablelift.ir import hlo
from stablelift.ir.lift import attributes_of
from stablelift.ir.mlir import func, ir, is_used
from stablelift.ir.tensor import Tensor, emit
from stablelift.passes.base import ModulePass
from stablelift.passes.callgraph import CALL_LIKE, PLAIN_CALLS, Measured, callee_of, callees, references
from stablelift.passes.kept import keep_call
from stablelift.passes.layers.pack import calls_to_pack
from stablelift.passes.liveness import erase_unused
from stablelift.passes.module import Functions, body_of, call
from stablelift.passes.remat.placement import behind_barrier
from stablelift.passes.structure import define

_BARRIER = "stablehlo.optimization_barrier"
_MOVES = ("broadcast_in_dim", "concatenate", "reshape", "slice", "transpose")
_CHOICES = ("abs", "clamp", "maximum", "minimum", "negate", "select", "sign")
_PARTS = ("complex", "imag", "real")
_EXACT = {
    *(f"stablehlo.{name}" for name in (*_MOVES, *_CHOICES, *_PARTS, "constant", "convert", "iota")),
    _BARRIER,
}
"""The ops that do not round."""
_ROUNDED = ("add", "ceil", "compare", "divide", "floor", "multiply", "sqrt", "subtract")
_FOLDED = _EXACT | {f"stablehlo.{name}" for name in _ROUNDED}
"""The ops of which constants are known before anything runs, to the last bit."""
_MERGED = tuple(f"stablehlo.{name}" for name in ("add", "divide", "multiply", "subtract"))
"""The ops that XLA makes fewer of where they follow each other."""
_AS_ONE = ("lift.scan", "lift.switch", "lift.while")
"""The ops whose functions are compiled as one program op by op as well."""


@dataclass(frozen=True)
class _Chain:
    """The ops of a function that are to be kept apart, and the values in it that are known."""

    ops: Sequence[ir.Operation]
    constants: set[ir.Value]


@dataclass(frozen=True)
class Seal(ModulePass):
    name = "lift-seal"

    def run(self, module: ir.Module) -> None:
        functions = Functions(module)
        merging = Measured(functions, lambda name: _merges(functions[name], merging), False)
        pending, seen = ["main"], {"main"}
        plain = {"main"}
        while pending:
            function = functions[pending.pop()]
            is_plain = function.name.value in plain
            erase_unused(functions, function)  # a call that is kept would keep alive what it is given
            packed = {callee_of(ops[0]) for ops in calls_to_pack(function)}
            for op in references(function):
                if _is_unit(op):
                    _seal(op)
                    if callee_of(op) not in packed and merging(callee_of(op)):
                        keep_call(op)
                else:
                    new = [name for name in callees(op) if name not in seen and op.name not in _AS_ONE]
                    seen.update(new)
                    pending.extend(new)
                    plain.update(new if is_plain and op.name in CALL_LIKE else ())
            if is_plain:  # what is dead in a user's rule is not known yet
                _separate(functions, function, _chained(function))


def _is_unit(op: ir.Operation) -> bool:
    """Whether the op is a call of a function that JAX has jitted, or what JAX runs as one operation."""
    return op.name == "lift.foreign" or op.name == "lift.call" and attributes_of(op).get("jitted", False)


def _seal(op: ir.Operation) -> None:
    """Each result behind a barrier of its own: one that turns out not to be needed keeps nothing alive."""
    for result in filter(is_used, list(op.results)):
        with ir.InsertionPoint.after(op), op.location:
            (sealed,) = behind_barrier([result])
        barrier: Any = sealed.owner
        result.replace_all_uses_except(sealed, barrier.operation)


def _merges(function: func.FuncOp, below: Measured[bool]) -> bool:
    """Whether XLA may merge what a call in the function, or in what that calls, returns into what follows.

    It could not if the function were inlined, and `lift-pack` took the call away to be packed with others.
    """
    return any(
        any(map(below, callees(op)))
        or any(use.owner.name in _MERGED for result in op.results for use in result.uses)
        for op in references(function)
    )


def _chained(function: func.FuncOp) -> _Chain:
    """The ops of a function that round, and use or are used by another one that does, and those in between.

    What XLA computes of constants alone while it compiles is as exact as what it would run, where an op has
    one result that is nearest to the true one. Where it approximates, the two differ.
    """
    ops = [each.operation for each in body_of(function).operations]
    chained: set[int] = set()
    since: dict[ir.Value, set[int]] = {}  # the last op that rounds, and those behind it that do not
    constant: set[ir.Value] = set()
    for number, op in enumerate(ops):
        before = {one for value in op.operands for one in since.get(value, ())}
        known = [value in constant for value in op.operands if hlo.is_inexact(value.type)]
        if op.name in _FOLDED and all(value in constant for value in op.operands):
            constant.update(op.results)
        elif op.name in _EXACT:
            since.update((result, before | {number}) for result in op.results if before)
        elif op.name.startswith(("stablehlo.", "chlo.", *PLAIN_CALLS)) and _has_floats(op.results):
            if known:  # behind a draw a barrier is enough
                since.update((result, {number}) for result in op.results)
            if before or known and (any(known) if _is_unit(op) else all(known)):
                chained |= before | {number}
    return _Chain([ops[number] for number in sorted(chained) if ops[number].name != _BARRIER], constant)


def _has_floats(values: Iterable[ir.Value]) -> bool:
    return any(hlo.is_inexact(value.type) for value in values)


def _separate(functions: Functions, function: func.FuncOp, chain: _Chain) -> None:
    """Let the ops use what calls return that XLA keeps; a value that several use comes out of one.

    That holds for constants as well: to divide by a known number, XLA multiplies. What is called with
    constants alone it would compute while it compiles, so they are given beside what only a device knows.
    """
    kept: dict[ir.Value, ir.Value] = {}
    unknown: list[ir.Value] = []
    if any(value in chain.constants for op in chain.ops for value in op.operands):
        with ir.InsertionPoint.at_block_begin(body_of(function)), function.location:
            unknown = [emit("stablehlo.replica_id").value]
    for op in chain.ops:
        for position, value in enumerate(op.operands):
            if not hlo.is_inexact(value.type) or _is_broadcast(value):
                continue
            if value not in kept:
                with ir.InsertionPoint(op), op.location:
                    beside = unknown if value in chain.constants else []
                    kept[value] = _kept(functions, [value, *beside])
            op.operands[position] = kept[value]


def _is_broadcast(value: ir.Value) -> bool:
    """Whether a value is an operand made to fit another one, as JAX does within the program of an op."""
    return not isinstance(value.owner, ir.Block) and value.owner.name == "stablehlo.broadcast_in_dim"


def _kept(functions: Functions, values: Sequence[ir.Value]) -> ir.Value:
    """The first of the values, out of a call that XLA keeps."""
    types = [value.type for value in values]
    spelled = [f"{'x'.join(map(str, each.shape))}_{each.element_type}" for each in types]
    wanted = "_".join(["sealed", *spelled])
    function = functions.by_name.get(wanted) or define(
        functions, wanted, types, lambda given: [Tensor(behind_barrier([x.value for x in given])[0])]
    )
    (result,) = call(function, [Tensor(value) for value in values])
    keep_call(result.value.owner)
    return result.value
