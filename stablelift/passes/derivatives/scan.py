"""Derivatives of `lift.scan`.

Forward mode carries tangents beside primals. The reverse of a scan is a scan the other way round, over the
residuals that the forward one stacks. A residual that is one of the loop's constants, is computed from them
alone, or is one of the stacked inputs, is not stacked again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stablelift.ir import hlo
from stablelift.ir.dialect import without_axis
from stablelift.ir.lift import attributes_of
from stablelift.ir.mlir import func, ir
from stablelift.ir.parts import split_by
from stablelift.ir.policy import Policy
from stablelift.ir.region import returned
from stablelift.ir.tensor import Tensor
from stablelift.passes.derivatives.binomial import Binomial
from stablelift.passes.derivatives.control import place, present
from stablelift.passes.derivatives.flow import (
    build,
    pick,
    residual_sources,
    settled_carry,
)
from stablelift.passes.derivatives.invariants import (
    function_of_constants,
    invariant_residuals,
    invariant_values,
)
from stablelift.passes.derivatives.replay import looked_into, named, replayable
from stablelift.passes.derivatives.sweeps import Derive, Positions
from stablelift.passes.derivatives.table import Tangents, instantiate, jvp, operands_of, vjp
from stablelift.passes.kept import release_calls
from stablelift.passes.maxima import call, define
from stablelift.passes.module import Functions, body_of, replace
from stablelift.passes.remat.partition import Split, with_residuals
from stablelift.passes.remat.replays import note_replay
from stablelift.passes.remat.report import partition_of, report
from stablelift.passes.remat.selection import Selection, select


class _Scan:
    """A `lift.scan`, its operands in three parts, and which of its carry is active for given active
    operands.
    """

    def __init__(self, derive: Derive, op: Any, active: Sequence[int]):
        attributes = attributes_of(op)
        self.body: str = attributes["callee"]
        self.length, self.reverse, self.unroll = (attributes[key] for key in ("length", "reverse", "unroll"))
        self.in_axes, self.out_axes = attributes["in_axes"], attributes["out_axes"]
        self.num_consts, self.num_carry = attributes["num_consts"], attributes["num_carry"]
        self.checkpoints: int | None = attributes.get("checkpoints")
        self.stop = self.num_consts + self.num_carry
        self.operands = operands_of(op)
        self.wrt = settled_carry(derive, self.body, active, self.num_consts, self.num_carry)
        self.consts = [index for index in self.wrt if index < self.num_consts]
        self.carry = [index - self.num_consts for index in self.wrt if self.num_consts <= index < self.stop]
        self.xs = [index - self.stop for index in self.wrt if index >= self.stop]

    def build(self, operands: Sequence[Tensor], body: func.FuncOp, **changed: Any) -> list[Tensor]:
        attributes = {"length": self.length, "reverse": self.reverse, "unroll": self.unroll} | changed
        return build("lift.scan", operands, [body], callee=body.name.value, **attributes)


@jvp("lift.scan")
def scan_jvp(derive: Derive, op: Any, tangents: Tangents) -> Tangents:
    scan = _Scan(derive, op, present(tangents))
    count, stop = scan.num_consts, scan.stop
    active = derive.active_results(scan.body, scan.wrt)
    ys = [index - scan.num_carry for index in active if index >= scan.num_carry]
    of = tuple(scan.carry) + tuple(scan.num_carry + index for index in ys)
    derived = derive.jvp(scan.body, scan.wrt, of)

    def given(index: int) -> Tensor:
        return instantiate(tangents[index], scan.operands[index])

    consts = [given(index) for index in scan.consts]
    carry = [given(count + index) for index in scan.carry]
    xs = [given(stop + index) for index in scan.xs]
    parts = [count, len(consts), scan.num_carry, len(carry), len(scan.operands) - stop, len(xs)]

    def step(arguments: list[Tensor]) -> list[Tensor]:
        c, dc, s, ds, x, dx = split_by(arguments, parts)
        results = call(derived, [*c, *s, *x, *dc, *ds, *dx])
        s, y, ds, dy = split_by(
            results, [scan.num_carry, len(results) - scan.num_carry - len(of), len(carry), len(ys)]
        )
        return [*s, *ds, *y, *dy]

    operands = [
        *scan.operands[:count],
        *consts,
        *scan.operands[count:stop],
        *carry,
        *scan.operands[stop:],
        *xs,
    ]
    body = define(
        derive.functions, f"{scan.body}__jvp_step", _step_types(operands, sum(parts[:4]), scan, scan.xs), step
    )
    results = scan.build(
        operands,
        body,
        num_consts=count + len(consts),
        num_carry=scan.num_carry + len(carry),
        in_axes=[*scan.in_axes, *pick(scan.in_axes, scan.xs)],
        out_axes=[*scan.out_axes, *pick(scan.out_axes, ys)],
        checkpoints=scan.checkpoints,
    )
    s, ds, y, dy = split_by(results, [scan.num_carry, len(carry), len(scan.out_axes), len(ys)])
    replace(op, [*s, *y])
    return place([*ds, *dy], of, len(s) + len(y))


def _step_types(operands: Sequence[Tensor], unmapped: int, scan: _Scan, xs: Sequence[int]) -> list[Any]:
    """The types that one step of a scan sees: its stacked operands, behind the others, without their axes."""
    axes = [*scan.in_axes, *pick(scan.in_axes, xs)]
    return [x.type for x in operands[:unmapped]] + _slices(operands[unmapped:], axes)


def _slices(stacked: Sequence[Tensor], axes: Sequence[int]) -> list[Any]:
    return [without_axis(x.type, axis) for x, axis in zip(stacked, axes, strict=True)]


@vjp("lift.scan")
def scan_vjp(derive: Derive, op: Any, cotangents: Tangents, wanted: Sequence[bool]) -> Tangents:
    scan = _Scan(derive, op, present(wanted))
    ys = [index - scan.num_carry for index in present(cotangents) if index >= scan.num_carry]
    of = tuple(scan.carry) + tuple(scan.num_carry + index for index in ys)
    if scan.checkpoints is not None:
        return _from_snapshots(derive, op, scan, of, ys, cotangents)
    region = looked_into(derive.region)
    policy, is_users = (region, False) if region else derive.loop_policy
    replays = region is not None
    choice = _Stacked(policy, is_users, replays, scan.num_consts, scan.stop, scan.length, derive.times)
    with derive.repeated(scan.length):
        split = derive.partition(scan.body, scan.wrt, of, choice)
    report(split.account)
    with ir.InsertionPoint(op.operation), op.operation.location:
        results, residuals = _forward_scan(derive, scan, split, region)
    carry_types = [results[index] for index in scan.carry]
    given = [
        instantiate(cotangents[index], like) for index, like in zip(scan.carry, carry_types, strict=True)
    ]
    stacked = [cotangents[scan.num_carry + index] for index in ys]
    replace(op, results)
    gradients = _reverse_scan(derive, scan, split, residuals, given, stacked, pick(scan.out_axes, ys))
    return place(gradients, scan.wrt, len(wanted))


def _from_snapshots(
    derive: Derive, op: Any, scan: _Scan, of: Positions, ys: Sequence[int], cotangents: Tangents
) -> Tangents:
    """As `scan_vjp`, from few carries that the forward loop keeps."""
    loop = Binomial(derive, scan, derive.partition(scan.body, scan.wrt, of))
    with ir.InsertionPoint(op.operation), op.operation.location:
        results, kept = loop.forward()
    cts = [instantiate(cotangents[index], results[index]) for index in scan.carry]
    stacked = [cotangents[scan.num_carry + index] for index in ys]
    replace(op, results)
    gradients = loop.reverse(kept, cts, stacked, pick(scan.out_axes, ys))
    return place(gradients, scan.wrt, len(scan.operands))


@dataclass(frozen=True)
class _Stacked:
    """The residuals of a scan's body: constants and slices are there anyway, the rest is stacked.

    What depends on the constants alone is computed once, before the loop. What the reverse recomputes need
    not stay behind a call: the loop's body is a boundary. Under a policy of the user's a barrier tells the
    passes over loops that memory matters more than the time which stacking something else would save.
    `replays` says whether it is the policy of a rematerialised function around the loop.
    """

    policy: Policy
    is_users: bool
    replays: bool
    num_consts: int
    stop: int
    length: int
    times: int

    def residuals(self, functions: Functions, split: Split) -> Split:
        block = body_of(split.forward)
        arguments = list(block.arguments)
        free = {*arguments[: self.num_consts], *arguments[self.stop :]}
        invariant = invariant_values(block, self.num_consts) - free
        name, wanted = split.forward.name.value, split.residuals

        def selected(wanted: Sequence[ir.Value]) -> Selection:
            length = max(1, self.length)
            return select(functions, block, wanted, free, self.policy, invariant, length, self.times)

        selection = selected(wanted)
        account = partition_of(
            functions, name, self.policy, wanted, selection, invariant, self.length, self.times
        )
        release_calls(split.reverse)
        if self.replays:
            carried, outputs = self.stop - self.num_consts, returned(block)
            ys = outputs[carried : len(outputs) - len(wanted)]
            saved = selected(ys).saved
            chosen = replayable(functions, split, selection, selected([*wanted, *outputs[:carried]]))
            chosen = chosen._replace(
                saved_results=frozenset(
                    carried + index
                    for index, y in enumerate(ys)
                    if y in saved and not isinstance(y.owner, ir.Block)
                )
            )
        else:
            chosen = with_residuals(functions, split, selection, barrier=self.is_users)
        return chosen._replace(account=account)


Residual = tuple[str, Tensor, int]
"""Where a residual comes from: ("const", it, 0), or ("stacked", all steps' values, their axis)."""


def _forward_scan(
    derive: Derive, scan: _Scan, split: Split, region: Policy | None
) -> tuple[list[Tensor], list[Residual]]:
    """The scan that also stacks what the reverse needs and does not have; its results, and the residuals.

    Inside of a rematerialised function whose policy is asked (`region`), it stacks what that keeps.
    """
    sources = residual_sources(split)
    constant = invariant_residuals(split, scan.num_consts)
    fresh = [
        position
        for position, source in enumerate(sources)
        if position not in constant and (source is None or scan.num_consts <= source < scan.stop)
    ]
    kept = len(split.forward.type.results) - split.num_residuals
    carried = [position for position in fresh if sources[position] is not None]
    replays = region and len(carried) < len(fresh)
    again = [position for position in carried if replays]
    fresh = [position for position in fresh if position not in again]

    def step(arguments: list[Tensor]) -> list[Tensor]:
        results = call(split.forward, arguments)
        return [*results[:kept], *(results[kept + position] for position in fresh)]

    inputs = list(split.forward.type.inputs)
    body = define(derive.functions, f"{scan.body}__fwd_step", inputs, step)
    results = scan.build(
        scan.operands,
        body,
        num_consts=scan.num_consts,
        num_carry=scan.num_carry,
        in_axes=scan.in_axes,
        out_axes=[*scan.out_axes, *[0] * len(fresh)],
    )
    stacked = dict(zip(fresh, results[kept:], strict=True))
    if region and replays:
        stacked = {position: named(x, region) for position, x in stacked.items()}
        body = _replay_step(derive, scan, split, [sources[position] for position in again])
        rest = scan.build(
            [*scan.operands, *stacked.values()],
            body,
            num_consts=scan.num_consts,
            num_carry=scan.num_carry,
            in_axes=[*scan.in_axes, *[0] * len(fresh)],
            out_axes=[*scan.out_axes, *[0] * len(again)],
        )
        note_replay(rest[:kept], results[:kept])
        stacked |= dict(zip(again, rest[kept:], strict=True))
    fixed: dict[int, Tensor] = {}
    if constant:
        before = function_of_constants(derive.functions, split, scan.num_consts, constant)
        fixed = dict(zip(constant, call(before, scan.operands[: scan.num_consts]), strict=True))
    residuals: list[Residual] = []
    for position, source in enumerate(sources[: len(sources) - split.num_spare]):
        if position in fixed:
            residuals.append(("const", fixed[position], 0))
        elif source is None or position in stacked:
            residuals.append(("stacked", stacked[position], 0))
        elif source < scan.num_consts:
            residuals.append(("const", scan.operands[source], 0))
        else:
            residuals.append(("stacked", scan.operands[source], scan.in_axes[source - scan.stop]))
    outputs = results[:kept]
    if region:
        outputs = [named(x, region) if i in split.saved_results else x for i, x in enumerate(outputs)]
    return outputs, residuals


def _replay_step(derive: Derive, scan: _Scan, split: Split, rest: Sequence[Any]) -> func.FuncOp:
    """A step of the loop that is run again: it is given what the first one kept, and hands on `rest` of its
    inputs too.
    """
    replay, count = split.replay, len(split.forward.type.inputs)
    assert replay is not None

    def step(arguments: list[Tensor]) -> list[Tensor]:
        return [*call(replay, arguments), *pick(arguments[:count], rest)]

    return define(derive.functions, f"{scan.body}__replay_step", list(replay.type.inputs), step)


def _reverse_scan(
    derive: Derive,
    scan: _Scan,
    split: Split,
    residuals: Sequence[Residual],
    carry: Sequence[Tensor],
    stacked: Sequence[Tensor],
    axes: Sequence[int],
) -> list[Tensor]:
    """The scan the other way round: cotangents of the carry and gradients of the constants are carried.

    Returns gradients of the body's inputs `wrt`, in their order.
    """
    constant = [index for index, residual in enumerate(residuals) if residual[0] == "const"]
    saved = [index for index, residual in enumerate(residuals) if residual[0] == "stacked"]
    sums = [hlo.zeros_like(scan.operands[index]) for index in scan.consts]
    parts = [len(constant), len(carry), len(sums), len(saved), len(stacked)]

    def step(arguments: list[Tensor]) -> list[Tensor]:
        consts, cts, totals, slices, ys = split_by(arguments, parts)
        found: list[Any] = place(consts, tuple(constant), len(residuals))
        for index, value in zip(saved, slices, strict=True):
            found[index] = value
        gradients = call(split.reverse, [*found, *cts, *ys])
        of_consts, of_carry, of_xs = split_by(gradients, [len(sums), len(scan.carry), len(scan.xs)])
        return [*of_carry, *(total + new for total, new in zip(totals, of_consts, strict=True)), *of_xs]

    operands = [
        *(residuals[index][1] for index in constant),
        *carry,
        *sums,
        *(residuals[index][1] for index in saved),
        *stacked,
    ]
    in_axes = [*(residuals[index][2] for index in saved), *axes]
    unmapped = sum(parts[:3])
    inputs = [x.type for x in operands[:unmapped]] + _slices(operands[unmapped:], in_axes)
    body = define(derive.functions, f"{scan.body}__bwd_step", inputs, step)
    results = scan.build(
        operands,
        body,
        reverse=not scan.reverse,
        num_consts=len(constant),
        num_carry=len(carry) + len(sums),
        in_axes=in_axes,
        out_axes=pick(scan.in_axes, scan.xs),
    )
    of_carry, of_consts, of_xs = split_by(results, [len(carry), len(sums), len(scan.xs)])
    return [*of_consts, *of_carry, *of_xs]
