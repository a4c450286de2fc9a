"""Which values of a forward computation its reverse is given, under a policy.

The reverse wants some values. Each is saved, or recomputed from others, back to what is there anyway: the
forward's inputs, or those of them that cost nothing. A policy that decides value by value is asked on the way
back, so nothing is saved that only a saved value needs; the others weigh all values at once, see `weighing`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from stablelift.ir.mlir import ir
from stablelift.ir.policy import Policy, within
from stablelift.ir.region import used_by
from stablelift.passes.liveness import FunctionsByName, is_pure
from stablelift.passes.remat.replays import replayed
from stablelift.passes.remat.saveable import Decide, Offload, Verdict, decision
from stablelift.passes.remat.weighing import Edge, Weighing

Saved = Mapping[ir.Value, Offload | None]
"""The values that are saved; with an Offload those that wait in another memory."""


class Selection(NamedTuple):
    """What the reverse is given: saved values, and values that are there anyway.

    `edges` says, under `MOST`, what it would cost to save less; `again` which values stand for others where
    these are recomputed.
    """

    saved: Saved
    free: list[ir.Value]
    edges: tuple[Edge, ...] = ()
    again: Mapping[ir.Value, ir.Value] = {}


def select(
    functions: FunctionsByName,
    block: ir.Block,
    wanted: Sequence[ir.Value],
    free: Collection[ir.Value],
    policy: Policy,
    invariant: Collection[ir.Value] = (),
    length: int = 1,
    times: int = 1,
) -> Selection:
    """The values of `block` that are saved so that all `wanted` ones can be had.

    An argument that is not free is saved if it is needed, and so is what an op with side effects returns.

    Args:
      free: Values that are there anyway.
      invariant: In a loop of `length` steps, values that are the same in all of them, and so are saved once.
      times: How often all of it is done, by the loops around it.

    Raises:
      LiftError: The policy is a function that this process does not have, or a budget that is too small.
    """
    decide = decision(policy)
    needed = list(dict.fromkeys(wanted))
    if decide is None:
        found, edges = Weighing(functions, block, needed, free, invariant, length, times).under(policy)
        return Selection(dict.fromkeys(found), starts(needed, found, free), edges)
    mark = within(policy)

    def verdict(op: ir.Operation, names: Collection[str]) -> Verdict:
        return mark in names or decide(op, names)

    again = replayed(block)
    saved = _decided(functions, needed, {*free, *filter(_depends, invariant)}, verdict, again)
    return Selection(saved, starts(needed, saved, free, again), again=again)


def _decided(
    functions: FunctionsByName,
    wanted: Sequence[ir.Value],
    free: Collection[ir.Value],
    decide: Decide,
    again: Mapping[ir.Value, ir.Value],
) -> dict[ir.Value, Offload | None]:
    saved: dict[ir.Value, Offload | None] = {}
    pending, seen = list(reversed(wanted)), set(free)
    while pending:
        value = pending.pop()
        if value in seen:
            continue
        seen.add(value)
        owner: Any = value.owner
        if isinstance(owner, ir.Block):
            saved[value] = None
            continue
        op = owner.operation
        if op.name == "stablehlo.constant":
            continue
        verdict = decide(op, names_of(value)) if is_pure(functions, op) else True
        if verdict and op.name != "lift.name":
            saved[value] = verdict if isinstance(verdict, Offload) else None
        elif value in again:
            pending.append(again[value])
        else:
            pending.extend(used_by(op))
    return saved


def _depends(value: ir.Value) -> bool:
    """Whether a value is more than a constant."""
    owner: Any = value.owner
    return isinstance(owner, ir.Block) or owner.name != "stablehlo.constant"


def names_of(value: ir.Value) -> set[str]:
    """The names that a value has been given."""
    found: set[str] = set()
    for use in value.uses:
        op: Any = use.owner
        if op.name == "lift.name":
            found.add(op.operation.attributes["name"].value)
            found |= names_of(op.operation.results[0])
    return found


def starts(
    wanted: Sequence[ir.Value],
    saved: Collection[ir.Value],
    free: Collection[ir.Value],
    again: Mapping[ir.Value, ir.Value] = {},
) -> list[ir.Value]:
    """The free values that recomputing the wanted ones starts from, or that are wanted themselves."""
    found: dict[ir.Value, None] = {}
    pending, seen = list(reversed(wanted)), set(saved)
    while pending:
        value = pending.pop()
        if value in seen:
            continue
        seen.add(value)
        if value in free:
            found[value] = None
        elif value in again:
            pending.append(again[value])
        else:
            owner: Any = value.owner
            pending.extend(used_by(owner.operation))
    return list(found)
