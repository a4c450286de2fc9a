"""lift-tidy: a scan carries, reads and stacks nothing that it need not.

    %r:3 = "lift.scan"(%w, %w, %k, %c, %xs)    // carries %k unchanged; nobody uses %r#2
      ==>   %r = "lift.scan"(%w, %k, %c, %xs)

Dead carries and unused stacked results go; what every step carries unchanged becomes a constant; what comes
in or is carried twice does so once; a stacked constant is a broadcast, a stacked input the input. A loop of
one step is its body, one of none its start. Needs: calls are inlined. Keeps: results, bit for bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stablelift.ir import attr, hlo
from stablelift.ir.mlir import ir, is_used
from stablelift.ir.region import used_by
from stablelift.ir.tensor import Tensor
from stablelift.passes.base import ModulePass
from stablelift.passes.liveness import is_pure, needed_for
from stablelift.passes.module import call, replace
from stablelift.passes.remarks import remark
from stablelift.passes.scan.congruence import equal_carries
from stablelift.passes.scan.loop import Carried, Const, Loop, Loops, Scanned, Stacked


@dataclass(frozen=True)
class Tidy(ModulePass):
    name = "lift-tidy"

    def run(self, module: ir.Module) -> None:
        Loops(module).each(self._tidy)

    def _tidy(self, loop: Loop) -> None:
        if not any(is_used(result) for result in loop.op.results) and is_pure(loop.functions, loop.op):
            loop.op.erase()
        elif loop.length == 0:
            remark(self.name, loop, "removed a loop", "it has no steps")
            replace(loop.op, _no_steps(loop))
        elif loop.length == 1:
            remark(self.name, loop, "put a loop's body in its place", "it has one step")
            replace(loop.op, _one_step(loop))
        else:
            self._simplify(loop)

    def _simplify(self, loop: Loop) -> None:
        found: Changes = []
        while changes := [text for rule in _RULES for text in rule(loop)]:
            found += changes
        if found:
            remark(self.name, loop, "tidied a loop", "; ".join(found))
            with loop.rebuilt():
                pass


def _no_steps(loop: Loop) -> list[Tensor]:
    with ir.InsertionPoint(loop.op), loop.op.location:
        stacks = [hlo.constant(0, stacked.result.type) for stacked in loop.ys if stacked.result is not None]
    return [*(Tensor(carried.initial) for carried in loop.carry), *stacks]


def _one_step(loop: Loop) -> list[Tensor]:
    with ir.InsertionPoint(loop.op), loop.op.location:
        inputs = [Tensor(part.outside) for part in loop.consts]
        inputs += [Tensor(part.initial) for part in loop.carry]
        inputs += [hlo.reshape(Tensor(part.outside), list(part.inside.type.shape)) for part in loop.xs]
        results = call(loop.body, inputs)
        count = len(loop.carry)
        stacks = [
            hlo.reshape(y, list(stacked.result.type.shape))
            for y, stacked in zip(results[count:], loop.ys, strict=True)
            if stacked.result is not None
        ]
    return [*results[:count], *stacks]


Changes = list[str]
"""What a rule has changed, for the remark."""


def drop_constant_carries(loop: Loop) -> Changes:
    """What a step hands on as it got it, or as a constant that is also the start, is that in every step."""
    start = {part.inside: part.outside for part in loop.consts}
    constant = [
        part
        for part in loop.carry
        if part.following == part.inside
        or (part.following in start and start[part.following] == part.initial)
        or _same_constant(part.following, part.initial)
    ]
    for part in constant:
        loop.carry.remove(part)
        loop.consts.append(Const(part.initial, part.inside))
        _result_is(part, part.initial)
    return [f"{len(constant)} carried unchanged"] if constant else []


def _same_constant(x: ir.Value, y: ir.Value) -> bool:
    made = [hlo.made_by(Tensor(value), "stablehlo.constant") for value in (x, y)]
    if made[0] is None or made[1] is None:
        return False
    return attr.literal(made[0]) == attr.literal(made[1])


def merge_equal_carries(loop: Loop) -> Changes:
    """Of values that start equal and are computed alike in every step, one is carried."""
    merged = equal_carries(loop)
    for part, other in merged:
        loop.carry.remove(part)
        loop.replace(part.inside, other.inside)
        if part.result is not None and other.result is not None:
            part.result.replace_all_uses_with(other.result)
    return [f"{len(merged)} carried twice"] if merged else []


def merge_equal_inputs(loop: Loop) -> Changes:
    """A constant, or a stacked input, that comes in twice."""
    count = 0
    consts: dict[ir.Value, Const] = {}
    for const in list(loop.consts):
        first = consts.setdefault(const.outside, const)
        if first is not const:
            loop.replace(const.inside, first.inside)
            loop.consts.remove(const)
            count += 1
    scanned: dict[tuple[ir.Value, int], Scanned] = {}
    for part in list(loop.xs):
        other = scanned.setdefault((part.outside, part.axis), part)
        if other is not part:
            loop.replace(part.inside, other.inside)
            loop.xs.remove(part)
            count += 1
    return [f"{count} inputs read twice"] if count else []


def drop_repeated_inputs(loop: Loop) -> Changes:
    """A stacked input that is a broadcast along its axis is a constant."""
    count = 0
    for part in list(loop.xs):
        made = hlo.made_by(Tensor(part.outside), "stablehlo.broadcast_in_dim")
        dimensions = [] if made is None else list(made.attributes["broadcast_dimensions"])
        if made is None or part.axis in dimensions:
            continue
        kept = [axis - (axis > part.axis) for axis in dimensions]
        with ir.InsertionPoint(loop.op), loop.location:
            shape = list(part.inside.type.shape)
            constant = hlo.broadcast_in_dim(Tensor(made.operands[0]), shape, kept)
        loop.xs.remove(part)
        loop.consts.append(Const(constant.value, part.inside))
        count += 1
    return [f"{count} inputs the same in every step"] if count else []


def forward_stacked(loop: Loop) -> Changes:
    """A stacked result that another one is, or a constant, or a stacked input."""
    consts = {part.inside: part for part in loop.consts}
    scanned = {part.inside: part for part in loop.xs}
    first: dict[tuple[ir.Value, int], Stacked] = {}
    count = 0
    for part in list(loop.ys):
        known: ir.Value | None = None
        with ir.InsertionPoint(loop.op), loop.op.location:
            if part.value in consts:
                known = _repeated(consts[part.value], loop.length, part.axis).value
            elif part.value in scanned:
                x = scanned[part.value]
                known = hlo.move_axis(Tensor(x.outside), x.axis, part.axis).value
        if known is None:
            other = first.setdefault((part.value, part.axis), part)
            known = other.result if other is not part else None
        if known is not None:
            loop.ys.remove(part)
            _result_is(part, known)
            count += 1
    return [f"{count} stacked results known without the loop"] if count else []


def _repeated(const: Const, length: int, axis: int) -> Tensor:
    shape = list(const.inside.type.shape)
    shape.insert(axis, length)
    return hlo.broadcast_in_dim(
        Tensor(const.outside), shape, [position for position in range(len(shape)) if position != axis]
    )


def drop_dead(loop: Loop) -> Changes:
    """Stacked results that nobody uses, and carried values that neither a result, nor a live carry, nor a
    side effect needs.
    """
    unused = [part for part in loop.ys if not is_used(part.result)]
    wanted = [part.value for part in loop.ys if part not in unused]
    dead = _not_needed(loop, wanted)
    if dead:
        pure: set[str] = set()
        wanted += [x for op in loop.operations if not is_pure(loop.functions, op, pure) for x in used_by(op)]
        dead = _not_needed(loop, wanted)
    for part in unused:
        loop.ys.remove(part)
    for part in dead:
        loop.carry.remove(part)
    texts = [f"{len(unused)} stacked results unused"] if unused else []
    return [*texts, f"{len(dead)} carried for nothing"] if dead else texts


def _not_needed(loop: Loop, wanted: Sequence[ir.Value]) -> list[Carried]:
    """The carried values that neither a result, nor a live carry, nor one of the wanted values needs."""
    live = [part for part in loop.carry if is_used(part.result)]
    while True:
        needed = needed_for(loop.operations, [*wanted, *(part.following for part in live)])
        grown = [part for part in loop.carry if part in live or part.inside in needed]
        if len(grown) == len(live):
            return [part for part in loop.carry if part not in live]
        live = grown


_RULES = (
    drop_constant_carries,
    merge_equal_carries,
    drop_repeated_inputs,
    merge_equal_inputs,
    forward_stacked,
    drop_dead,
)


def _result_is(part: Carried | Stacked, value: ir.Value) -> None:
    if part.result is not None:
        part.result.replace_all_uses_with(value)
