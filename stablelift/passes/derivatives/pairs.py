"""Pairs: a call, and a derivative of the same function on the same operands. They are one computation.

JAX's own differentiation leaves them, which calls a lift and asks for its tangents or its pullback later; so
does a pullback that is kept. The results of forward mode take the place of the call's. Reverse mode goes back
through the call, which then returns residuals too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stablelift.ir import hlo
from stablelift.ir.lift import attributes_of
from stablelift.ir.mlir import func, ir, walk
from stablelift.ir.tensor import Tensor
from stablelift.passes.callgraph import PLAIN_CALLS, callee_of
from stablelift.passes.derivatives.control import call_vjp
from stablelift.passes.derivatives.sweeps import Derive, Positions
from stablelift.passes.derivatives.table import instantiate, operands_of
from stablelift.passes.module import call, replace

Called = tuple[str, tuple[ir.Value, ...]]
"""The name of a function, and what it is applied to."""


def is_value(op: ir.Operation) -> bool:
    """Whether a transform is asked for results alone, as they are where tangents reach the inputs."""
    return op.name == "lift.jvp" and not attributes_of(op)["of"]


def calls_beside(function: func.FuncOp, transforms: Sequence[ir.Operation]) -> list[tuple[ir.Operation, ...]]:
    """Derivatives among the transforms, in their order, each with the call or value it is to be one with."""
    wanted: dict[Called, list[ir.Operation]] = {}
    for op in transforms:
        if not is_value(op):
            wanted.setdefault(_called(op), []).append(op)
    found: dict[ir.Operation, ir.Operation] = {}
    for beside in walk(function, *PLAIN_CALLS, "lift.jvp") if wanted else ():
        if beside.name == "lift.jvp" and not is_value(beside):
            continue
        derivatives = wanted.get(_called(beside), [])
        op = next((op for op in derivatives if _are_pair(beside, op)), None)
        if op is not None:
            derivatives.remove(op)
            found[op] = beside
    return [(op, found[op]) for op in transforms if op in found]


def _called(op: ir.Operation) -> Called:
    if op.name in PLAIN_CALLS:
        return callee_of(op), tuple(op.operands)
    moved = attributes_of(op)["of" if op.name == "lift.vjp" else "wrt"]
    return callee_of(op), tuple(op.operands)[: len(op.operands) - len(moved)]


def _are_pair(beside: ir.Operation, op: ir.Operation) -> bool:
    """Whether they are in one block, their inputs are reached alike, and what follows the call can follow
    forward mode.
    """
    if beside.block != op.block:
        return False
    if is_value(beside) and beside.attributes["wrt"] != op.attributes["wrt"]:
        return False
    if op.name == "lift.vjp":
        return True
    users = (use.owner.operation for result in beside.results for use in result.uses)
    return all(_is_behind(user, op) for user in users)


def _is_behind(user: ir.Operation | None, op: ir.Operation) -> bool:
    while user is not None and user.block != op.block:
        user = user.parent
    return user is not None and op.is_before_in_block(user)


def replace_pair(op: ir.Operation, beside: ir.Operation, derive: Derive) -> None:
    """Let a derivative, and the call or value beside it, be computed together."""
    if op.name == "lift.jvp":
        given = list(op.results)
        for old, new in zip(beside.results, given, strict=False):
            old.replace_all_uses_with(new)
        beside.erase()
        if "again" in op.attributes:
            del op.attributes["again"]  # what it computes is computed here
        replace_transform(op, derive)
        return
    if op.is_before_in_block(beside):
        beside.move_before(op)
    for old, new in zip(op.results, beside.results, strict=False):
        old.replace_all_uses_with(new)
    beside, attributes, operands = _as_call(beside), attributes_of(op), operands_of(op)
    primals, results = len(operands) - len(attributes["of"]), len(beside.results)
    wanted = [index in attributes["wrt"] for index in range(primals)]
    with ir.InsertionPoint(op), op.location:
        arriving = [_moved(x) if x.value.owner == beside else x for x in operands[primals:]]
        cotangents: list[Tensor | None] = [None] * results
        for index, x in zip(attributes["of"], arriving, strict=True):
            cotangents[index] = None if hlo.is_zero(x.value) else x  # what another pullback does not reach
        gradients = call_vjp(derive, beside.opview, cotangents, wanted)
        given = [instantiate(gradients[index], operands[index]).value for index in attributes["wrt"]]
    for old, new in zip(list(op.results)[results:], given, strict=True):
        old.replace_all_uses_with(new)
    op.erase()


def _moved(x: Tensor) -> Tensor:
    """The same, by an op whose operand follows what becomes of `x`."""
    return hlo.emit("stablehlo.reshape", x, type=x.type)


def _as_call(beside: ir.Operation) -> ir.Operation:
    """The call that a value stands for."""
    if beside.name in PLAIN_CALLS:
        return beside
    with ir.InsertionPoint(beside), beside.location:
        given: Any = {
            "results": [result.type for result in beside.results],
            "operands": _called(beside)[1],
            "attributes": {"callee": beside.attributes["callee"]},
        }
        made = ir.Operation.create("func.call", **given)
    for old, new in zip(beside.results, made.results, strict=True):
        old.replace_all_uses_with(new)
    beside.erase()
    return made


def replace_transform(op: ir.Operation, derive: Derive) -> None:
    """Put a call of the derived function in the place of a transform."""
    attributes = attributes_of(op)
    what = attributes["callee"], attributes["wrt"], attributes["of"]
    is_again = attributes.get("again") and derive.quiet.speaks(attributes["callee"])
    if is_again and op.name == "lift.vjp":
        _replace_again(op, derive, what)
        return
    function = derive.jvp(*what) if op.name == "lift.jvp" else derive.joint(*what)
    if is_again:
        function = derive.quiet(function)
    with ir.InsertionPoint(op), op.location:
        results = call(function, operands_of(op))
    replace(op, results)


def _replace_again(op: ir.Operation, derive: Derive, what: tuple[str, Positions, Positions]) -> None:
    """A pullback that has lost its call: what computes the results once more is quiet, the rest is not."""
    split, operands = derive.partition(*what), operands_of(op)
    primals, results = len(operands) - len(what[2]), len(op.results) - len(what[1])
    with ir.InsertionPoint(op), op.location:
        found = call(derive.quiet(split.forward), operands[:primals])
        gradients = call(split.reverse, [*found[results:], *operands[primals:]])
    replace(op, [*found[:results], *gradients])
