"""Derivatives of `lift.switch`: a switch of the branches' derivatives.

In reverse mode, residuals that are operands are passed on as they are; the others share slots by type. Inside
of a rematerialised function its policy says what the slots hold, see `replay.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from stablelift.ir import hlo
from stablelift.ir.lift import attributes_of
from stablelift.ir.mlir import ir
from stablelift.ir.parts import split_by
from stablelift.ir.tensor import Tensor
from stablelift.passes.derivatives.control import place, present
from stablelift.passes.derivatives.flow import active_in_any, build, pick, residual_sources
from stablelift.passes.derivatives.replay import Inside, looked_into, named
from stablelift.passes.derivatives.sweeps import Derive
from stablelift.passes.derivatives.table import Tangents, jvp, operands_of, vjp
from stablelift.passes.maxima import call, define
from stablelift.passes.module import replace
from stablelift.passes.remat.partition import Split
from stablelift.passes.remat.replays import note_replay
from stablelift.passes.remat.report import report


@jvp("lift.switch")
def switch_jvp(derive: Derive, op: Any, tangents: Tangents) -> Tangents:
    index, *operands = operands_of(op)
    branches = attributes_of(op)["branches"]
    wrt = present(tangents[1:])
    of = active_in_any(derive, branches, wrt)
    derived = [derive.jvp(branch, wrt, of) for branch in branches]
    names = [function.name.value for function in derived]
    given = pick(tangents[1:], wrt)
    results = build("lift.switch", [index, *operands, *given], derived, branches=names)
    count = len(op.operation.results)
    replace(op, results[:count])
    return place(results[count:], of, count)


@vjp("lift.switch")
def switch_vjp(derive: Derive, op: Any, cotangents: Tangents, wanted: Sequence[bool]) -> Tangents:
    """Residuals that are operands are passed to the reverse as they are; the others share slots by type."""
    index, *operands = operands_of(op)
    branches = attributes_of(op)["branches"]
    wrt, of = present(wanted[1:]), present(cotangents)
    region = looked_into(derive.region)
    choice = Inside(region) if region else None
    splits = [derive.partition(branch, wrt, of, choice) for branch in branches]
    for split in splits:
        report(split.account)
    slots, places = _slots(splits)
    taken = (slot for split, placed in zip(splits, places, strict=True) for slot in _taken(split, placed))
    read = sorted({slot for slot in taken if slot is not None})
    count = len(op.operation.results)
    inputs = [operand.type for operand in operands]

    def forward(split: Split, placed: list[int | None]) -> Callable[[list[Tensor]], list[Tensor]]:
        def branch(arguments: list[Tensor]) -> list[Tensor]:
            results = call(split.forward, arguments)
            filled: dict[int, Tensor] = {
                slot: residual
                for slot, residual in zip(placed, results[count:], strict=True)
                if slot is not None
            }
            spare = [filled.get(slot) or hlo.constant(0, type) for slot, type in enumerate(slots)]
            return [*results[:count], *spare]

        return branch

    def again(split: Split, placed: list[int | None]) -> Callable[[list[Tensor]], list[Tensor]]:
        def branch(arguments: list[Tensor]) -> list[Tensor]:
            values, saved = split_by(arguments, [len(operands), len(slots)])
            assert split.replay is not None
            return call(split.replay, [*values, *(saved[slot] for slot in placed if slot is not None)])

        return branch

    def reverse(split: Split, placed: list[int | None]) -> Callable[[list[Tensor]], list[Tensor]]:
        sources = residual_sources(split)

        def branch(arguments: list[Tensor]) -> list[Tensor]:
            values, saved, cts = split_by(arguments, [len(operands), len(read), len(of)])
            residuals = [
                values[source] if slot is None else saved[read.index(slot)]
                for source, slot in _taken(split, list(zip(sources, placed, strict=True)))
            ]
            return call(split.reverse, [*residuals, *cts])

        return branch

    pairs = list(zip(branches, splits, places, strict=True))
    with ir.InsertionPoint(op.operation), op.operation.location:
        ahead = [
            define(derive.functions, f"{name}__fwd_branch", inputs, forward(split, placed))
            for name, split, placed in pairs
        ]
        results = build("lift.switch", [index, *operands], ahead, branches=[f.name.value for f in ahead])
        kept = results[count:]
        if region and kept:
            kept = [named(x, region) for x in kept]
            replays = [
                define(derive.functions, f"{name}__replay_branch", [*inputs, *slots], again(split, placed))
                for name, split, placed in pairs
            ]
            names = [function.name.value for function in replays]
            replay = build("lift.switch", [index, *operands, *kept], replays, branches=names)
            note_replay(replay, results[:count])
    given = pick(cotangents, of)
    types = [*inputs, *pick(slots, read), *(ct.type for ct in given)]
    back = [
        define(derive.functions, f"{name}__bwd_branch", types, reverse(split, placed))
        for name, split, placed in pairs
    ]
    replace(op, results[:count])
    names = [function.name.value for function in back]
    gradients = build("lift.switch", [index, *operands, *pick(kept, read), *given], back, branches=names)
    return [None, *place(gradients, wrt, len(operands))]


def _taken(split: Split, residuals: Sequence[Any]) -> Sequence[Any]:
    """Those of the residuals that the reverse function takes."""
    return residuals[: len(residuals) - split.num_spare]


def _slots(splits: Sequence[Split]) -> tuple[list[Any], list[list[int | None]]]:
    """The types of the residuals that branches share, and for each branch the slot of each of its residuals.

    A residual that is one of the branch's inputs has none.
    """
    slots: list[Any] = []
    places: list[list[int | None]] = []
    for split in splits:
        free = list(range(len(slots)))
        placed: list[int | None] = []
        types = list(split.forward.type.results)[len(split.forward.type.results) - split.num_residuals :]
        for type, source in zip(types, residual_sources(split), strict=True):
            if source is not None:
                placed.append(None)
                continue
            slot = next((slot for slot in free if slots[slot] == type), None)
            if slot is None:
                slot = len(slots)
                slots.append(type)
            else:
                free.remove(slot)
            placed.append(slot)
        places.append(placed)
    return slots, places
