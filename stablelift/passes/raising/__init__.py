"""lift-raise: recognise loops and branches of imported programs as lift ops.

    %r = stablehlo.while(%i = %c0, %x = %x0) cond { %i < 10 } do { ... %i + 1, f(%x) }
      ==>   %r = "lift.scan"(%c0, %x0) {callee = @while_body, length = 10, ...}

A counted loop and CHLO's `scan` become a `lift.scan`, any other loop a `lift.while` with a remark that says
why, and with the most steps it takes where its condition says so; `case` and `if` become `lift.switch`. What
a region uses from outside becomes an argument of its function; what a loop carries unchanged is no longer
carried; what it reads and writes at its counter becomes stacked inputs and results (`stacked.py`). Needs: the
module verifies. Keeps: results.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stablelift.ir import hlo
from stablelift.ir.lift import signature_of
from stablelift.ir.mlir import func, here, ir, walk
from stablelift.ir.tensor import Tensor
from stablelift.ir.types import i32
from stablelift.passes.base import ModulePass
from stablelift.passes.callgraph import callee_of
from stablelift.passes.inline import inline_at
from stablelift.passes.liveness import reached_from
from stablelift.passes.module import Functions, body_of, drop_argument, finish, replace
from stablelift.passes.raising.counted import NotCounted, maker, most_steps, trip_count
from stablelift.passes.raising.sequences import constant, integer_dtype
from stablelift.passes.raising.stacked import recognise
from stablelift.passes.remarks import remark
from stablelift.passes.scan.loop import Carried, Loop, Loops
from stablelift.passes.structure import call_typed, define, lift_op

RAISED = ("stablehlo.while", "stablehlo.case", "stablehlo.if", "chlo.scan")


@dataclass(frozen=True)
class Raise(ModulePass):
    name = "lift-raise"

    def run(self, module: ir.Module) -> None:
        functions = Functions(module)
        for op in reversed(walk(module.operation, *RAISED)):
            # Outer ops come first in the walk: inner ones are raised before the region around them moves.
            if not all(isinstance(value.type, ir.RankedTensorType) for value in op.operation.operands):
                continue
            with ir.InsertionPoint(op.operation), op.operation.location:
                raise_it = {"stablehlo.while": self._while, "chlo.scan": _raise_scan}
                results = raise_it.get(op.operation.name, _switch)(functions, op)
            replace(op, results)
        Loops(module).each(self._stack)

    def _while(self, functions: Functions, op: Any) -> list[Tensor]:
        initial = [Tensor(operand) for operand in op.operation.operands]
        cond, body = (region.blocks[0] for region in op.operation.regions)
        _inline_what_counts(functions, op, cond, body)
        fixed = _drop_unchanged(op, cond, body)
        moving = [index for index in range(len(initial)) if index not in fixed]
        carry = [initial[index] for index in moving]
        try:
            count = trip_count(cond, body, [value.value for value in carry])
            found = _lift_scan(functions, body, carry, count)
            remark(self.name, op, "raised a loop to a scan", f"it counts {count} steps")
        except NotCounted as why:
            most = most_steps(cond, body, [value.value for value in carry])
            found = _lift_while(functions, cond, body, carry, most)
            bound = "" if most is None else f"; it takes at most {most} steps"
            remark(self.name, op, "left a loop a while", f"{why}{bound}")
        results = dict(zip(moving, found, strict=True))
        return [results.get(index, initial[index]) for index in range(len(initial))]

    def _stack(self, loop: Loop) -> None:
        _inline_users_of_counters(loop)
        found = recognise(loop, lambda op, why: remark(self.name, op, "kept an access in a loop", why))
        if found:
            remark(self.name, loop, "raised what a loop reads and writes at its counter", found)


def _inline_what_counts(functions: Functions, op: Any, cond: ir.Block, body: ir.Block) -> None:
    """Inline the calls in a condition, and a call that is all of a body, as TensorFlow writes them."""
    inlined: set[str] = set()
    while True:
        is_one_call = len(body.operations) == 2
        calls = [
            inner
            for inner in walk(op, "func.call")
            if inner.block == cond or (is_one_call and inner.block == body)
        ]
        names = {callee_of(call) for call in calls}
        if not calls or names & inlined:  # there is none, or one that recurs
            return
        for call in calls:
            inline_at(call, functions[callee_of(call)])
        inlined |= names


def _inline_users_of_counters(loop: Loop) -> None:
    """Put the functions to which the body passes a counter, such as JAX's indexing, in their place."""
    while True:
        scalars = reached_from(loop.operations, [part.inside for part in loop.carry if _may_count(part)])
        calls = [
            op
            for op in loop.operations
            if op.name == "func.call"
            and any(integer_dtype(value.type) is not None and value in scalars for value in op.operands)
        ]
        if not calls:
            return
        for op in calls:
            loop.inline(op)


def _may_count(part: Carried) -> bool:
    start = constant(part.initial)
    return start is not None and start.ndim == 0


def _lift_scan(
    functions: Functions, body: ir.Block, carry: Sequence[Tensor], length: int
) -> list[Tensor]:
    callee, captured = _outline(functions, "while_body", body, _captures([body]))
    return lift_op(
        "lift.scan",
        [*captured, *carry],
        {callee.name.value: signature_of(callee)},
        callee=callee.name.value,
        num_consts=len(captured),
        num_carry=len(carry),
        length=length,
        reverse=False,
        unroll=1,
        in_axes=[],
        out_axes=[],
    )


def _raise_scan(functions: Functions, op: Any) -> list[Tensor]:
    """CHLO's body takes slices, then the carry, and returns in this order; a `lift.scan`'s carry is first."""
    view = op.operation.opview
    xs, initial, dimension = list(view.inputs), list(view.inits), view.dimension.value
    block = op.operation.regions[0].blocks[0]
    body, captured = _outline(functions, "scan_body", block, _captures([block]))
    name, results, outs = body.name.value, list(body.type.results), len(view.outputs)

    def step(arguments: list[Tensor]) -> list[Tensor]:
        first, second = len(captured), len(captured) + len(initial)
        consts, carry, slices = arguments[:first], arguments[first:second], arguments[second:]
        found = call_typed(name, [*consts, *slices, *carry], results)
        return [*found[outs:], *found[:outs]]

    inputs = list(body.type.inputs)
    slices = inputs[len(captured) : len(captured) + len(xs)]
    carried = [value.type for value in initial]
    callee = define(functions, "scan_step", [*inputs[: len(captured)], *carried, *slices], step)
    found = lift_op(
        "lift.scan",
        [*captured, *map(Tensor, initial), *map(Tensor, xs)],
        {callee.name.value: signature_of(callee)},
        callee=callee.name.value,
        num_consts=len(captured),
        num_carry=len(initial),
        length=xs[0].type.shape[dimension] if xs else view.scan_dim_size.value,
        reverse=view.is_reverse is not None and view.is_reverse.value,
        unroll=1,
        in_axes=[dimension] * len(xs),
        out_axes=[dimension] * outs,
    )
    return [*found[len(initial) :], *found[: len(initial)]]


def _lift_while(
    functions: Functions, cond: ir.Block, body: ir.Block, carry: Sequence[Tensor], most: int | None
) -> list[Tensor]:
    of_cond, cond_consts = _outline(functions, "while_cond", cond, _captures([cond]))
    of_body, body_consts = _outline(functions, "while_body", body, _captures([body]))
    return lift_op(
        "lift.while",
        [*cond_consts, *body_consts, *carry],
        {function.name.value: signature_of(function) for function in (of_cond, of_body)},
        cond=of_cond.name.value,
        body=of_body.name.value,
        num_cond_consts=len(cond_consts),
        num_body_consts=len(body_consts),
        max_trip_count=most,
    )


def _drop_unchanged(op: Any, cond: ir.Block, body: ir.Block) -> set[int]:
    """Take what the body returns as it got it out of the carry; the positions of what was taken."""
    terminator = body.operations[len(body.operations) - 1].operation
    returned = list(terminator.operands)
    unchanged = [index for index, value in enumerate(returned) if value == body.arguments[index]]
    for index in unchanged:
        for block in (cond, body):
            block.arguments[index].replace_all_uses_with(op.operation.operands[index])
    # Read again: what was returned may have been an argument that is gone now.
    kept = [value for index, value in enumerate(terminator.operands) if index not in unchanged]
    if unchanged:
        with ir.InsertionPoint(terminator), terminator.location:
            ir.Operation.create("stablehlo.return", operands=kept)
        terminator.erase()
    for index in reversed(unchanged):
        for block in (cond, body):
            drop_argument(block, index)
    return set(unchanged)


def _switch(functions: Functions, op: Any) -> list[Tensor]:
    """`case` takes its last branch for an index out of range; `if` is a switch whose first branch is the
    false one.
    """
    blocks = [region.blocks[0] for region in op.operation.regions]
    index = Tensor(op.operation.operands[0])
    if op.operation.name == "stablehlo.if":
        blocks.reverse()
        index = hlo.convert(index, i32())
    else:
        last = hlo.constant(len(blocks) - 1, index.type)
        index = hlo.select(hlo.compare(index, "LT", 0), last, index)
    captures = _captures(blocks)
    outlined = [
        _outline(functions, f"branch_{number}", block, captures) for number, block in enumerate(blocks)
    ]
    return lift_op(
        "lift.switch",
        [index, *outlined[0][1]],
        {function.name.value: signature_of(function) for function, _ in outlined},
        branches=[function.name.value for function, _ in outlined],
    )


def _captures(blocks: Sequence[ir.Block]) -> list[ir.Value]:
    """The values from outside that ops in the blocks use, but for constants, in order of first use."""
    found: dict[ir.Value, None] = {}
    for block in blocks:
        own: set[ir.Value] = set(block.arguments)
        inside = [op for top in block.operations for op in (top, *walk(top))]
        for op in inside:
            own.update(op.operation.results)
            for region in op.operation.regions:
                own.update(argument for inner in region.blocks for argument in inner.arguments)
        for op in inside:
            for value in op.operation.operands:
                if value not in own and maker(value, "stablehlo.constant") is None:
                    found[value] = None
    return list(found)


def _outline(
    functions: Functions, wanted: str, block: ir.Block, captures: Sequence[ir.Value]
) -> tuple[func.FuncOp, list[Tensor]]:
    """Move a region's block into a function of the captured values and the block's arguments."""
    inputs = [value.type for value in captures] + [argument.type for argument in block.arguments]
    function = functions.create(wanted, inputs, here())
    target = body_of(function)
    arguments = list(target.arguments)
    for old, new in zip(list(block.arguments), arguments[len(captures) :], strict=True):
        old.replace_all_uses_with(new)
    translate = dict(zip(captures, arguments, strict=False))
    operations = [op.operation for op in block.operations]
    own = {result for op in operations for result in op.results}
    for operation in operations:
        target.append(operation)
        for user in (operation, *(op.operation for op in walk(operation))):
            for value in set(user.operands):
                known = value in translate or value in own
                constant = None if known else maker(value, "stablehlo.constant")
                if constant is not None:
                    with ir.InsertionPoint.at_block_begin(target):
                        translate[value] = constant.clone().results[0]
                if value in translate:
                    user.replace_uses_of_with(value, translate[value])
    terminator = operations[-1]
    returned = list(terminator.operands)
    terminator.erase()
    finish(function, returned)
    return function, [Tensor(value) for value in captures]
