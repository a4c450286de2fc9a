"""Products at a loop's edge: those that need nothing of what the loop carries leave it as one for all steps.

    in the loop: dot(x_t, w)                      ==>   before it: dot(x, w), one stacked input
    in the loop: stacked result dot(f(c_t), w)    ==>   behind it: dot(y, w), the loop stacks y_t = f(c_t)

The input projection of a recurrent cell goes before its loop, the gradient of its inputs behind the reverse
one. What leaves is outlined as a function of one step, and mapped over the steps by our batching rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stablelift.ir import hlo
from stablelift.ir.mlir import ir
from stablelift.ir.region import used_by
from stablelift.ir.tensor import Tensor
from stablelift.passes.batching.batcher import Batcher
from stablelift.passes.batching.table import batching
from stablelift.passes.copying import Become, copy_ops
from stablelift.passes.liveness import calls_python, is_pure, needed_for, reached_from
from stablelift.passes.module import body_of, call, finish
from stablelift.passes.scan.loop import Loop, Stacked

PRODUCTS = ("stablehlo.dot_general", "stablehlo.convolution")


@dataclass(frozen=True)
class Part:
    """Some ops of a loop's body that may leave it together, in order; what they take and what they give."""

    operations: list[ir.Operation]
    inputs: list[ir.Value]
    outputs: list[ir.Value]


def products_before(loop: Loop) -> list[ir.Operation]:
    """Products that depend on stacked inputs, and on nothing that is carried."""
    operations = loop.operations
    moving = reached_from(operations, [part.inside for part in loop.carry])
    scanned = reached_from(operations, [part.inside for part in loop.xs])
    return [op for op in operations if _is_product(op, scanned) and op.results[0] not in moving]


def products_behind(loop: Loop) -> list[ir.Operation]:
    """Products on which stacked results depend, and nothing that is carried."""
    operations = loop.operations
    carried = needed_for(operations, [part.following for part in loop.carry])
    stacked = needed_for(operations, [part.value for part in loop.ys])
    return [op for op in operations if _is_product(op, stacked) and op.results[0] not in carried]


def _is_product(op: ir.Operation, among: set[ir.Value]) -> bool:
    return op.name in PRODUCTS and op.results[0] in among


def part_before(loop: Loop, products: Sequence[ir.Operation]) -> Part:
    """What computes the products from stacked inputs and constants."""
    outputs = [op.results[0] for op in products]
    needed = needed_for(loop.operations, outputs)
    return _part(loop, needed, outputs)


def part_behind(loop: Loop, products: Sequence[ir.Operation]) -> Part:
    """The products and all that is computed from them."""
    reached = reached_from(loop.operations, [op.results[0] for op in products])
    outputs = list(dict.fromkeys(part.value for part in loop.ys if part.value in reached))
    return _part(loop, reached, outputs)


def _part(loop: Loop, computed: set[ir.Value], outputs: list[ir.Value]) -> Part:
    """The ops whose results are `computed`, and the constants that they use."""
    operations: list[ir.Operation] = []
    for op in loop.operations:
        if not computed.isdisjoint(op.results):
            operations.append(op)
    made = {result for op in operations for result in op.results}
    used = dict.fromkeys(value for op in operations for value in used_by(op) if value not in made)
    literals = [value for value in used if hlo.made_by(Tensor(value), "stablehlo.constant") is not None]
    constants = [value.owner.operation for value in literals]  # type: ignore[union-attr]
    return Part([*constants, *operations], [value for value in used if value not in literals], outputs)


def can_be_mapped(loop: Loop, part: Part) -> bool:
    """Whether our batching rules know all ops of a part, and none does more than compute."""
    return all(
        (op.name in batching or not len(op.operands))
        and len(used_by(op)) == len(op.operands)
        and is_pure(loop.functions, op)
        and not calls_python(loop.functions, op)
        for op in part.operations
    )


class Mapped:
    """A part of a loop's body as a function of all steps."""

    def __init__(self, loop: Loop, part: Part, wanted: str):
        self.part = part
        functions, location = loop.functions, loop.op.location
        consts = {each.inside: each.outside for each in loop.consts}
        xs = {each.inside: each for each in loop.xs}
        step = functions.create(wanted, [value.type for value in part.inputs], location)
        become: Become = dict(zip(part.inputs, body_of(step).arguments, strict=True))
        with ir.InsertionPoint(body_of(step)), location:
            copy_ops(part.operations, become)
        finish(step, [become[value] for value in part.outputs])
        mapped = [value not in consts for value in part.inputs]
        name = step.name.value
        batched = Batcher(functions, loop.length).batch(name, mapped, [True] * len(part.outputs))
        self.function = functions[batched]
        self._sources: list[ir.Value | tuple[ir.Value, int] | Stacked] = [
            consts[value]
            if value in consts
            else (xs[value].outside, xs[value].axis)
            if value in xs
            else loop.stack(value)
            for value in part.inputs
        ]

    def emit(self) -> list[Tensor]:
        """Call the function here; a value for each of the part's outputs, its steps along axis 0."""
        return call(self.function, [_all_steps(source) for source in self._sources])


def _all_steps(source: ir.Value | tuple[ir.Value, int] | Stacked) -> Tensor:
    if isinstance(source, Stacked):
        assert source.result is not None
        return Tensor(source.result)
    if isinstance(source, tuple):
        return hlo.move_axis(Tensor(source[0]), source[1], 0)
    return Tensor(source)
