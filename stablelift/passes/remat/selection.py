"""Which values of a forward computation its reverse is given, under a policy.

The reverse wants some values. Each is saved, or recomputed from others, back to what is there anyway: the
forward's inputs, or those of them that cost nothing. A policy that decides value by value is asked on the way
back, so nothing is saved that only a saved value needs; the others weigh all values at once, see `cut`.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from stablelift.errors import LiftError
from stablelift.ir.mlir import ir
from stablelift.ir.policy import Policy, bytes_of
from stablelift.ir.region import used_by
from stablelift.ir.types import byte_size
from stablelift.passes.liveness import FunctionsByName, is_pure
from stablelift.passes.remat import cost
from stablelift.passes.remat.cut import EXPENSIVE, is_repeatable, values_to_save
from stablelift.passes.remat.knapsack import values_within
from stablelift.passes.remat.saveable import Decide, Offload, decision

Saved = Mapping[ir.Value, Offload | None]
"""The values that are saved; with an Offload those that wait in another memory."""


class Selection(NamedTuple):
    """What the reverse is given: saved values, and values that are there anyway."""

    saved: Saved
    free: list[ir.Value]


def select(
    functions: FunctionsByName,
    block: ir.Block,
    wanted: Sequence[ir.Value],
    free: Collection[ir.Value],
    policy: Policy,
    invariant: Collection[ir.Value] = (),
    length: int = 1,
) -> Selection:
    """The values of `block` that are saved so that all `wanted` ones can be had.

    An argument that is not free is saved if it is needed, and so is what an op with side effects returns.

    Args:
      free: Values that are there anyway.
      invariant: In a loop of `length` steps, values that are the same in all of them, and so are saved once.

    Raises:
      LiftError: The policy is a function that this process does not have.
    """
    decide = decision(policy)
    needed = list(dict.fromkeys(wanted))
    if decide is None:
        saved: Saved = dict.fromkeys(_weighed(Weighing(needed, free, invariant, length), policy))
    else:
        saved = _decided(functions, needed, {*free, *filter(_depends, invariant)}, decide)
    return Selection(saved, starts(needed, saved, free))


class Weighing(NamedTuple):
    """What a cut is made among: the values that are wanted, and those that cost nothing, or once only."""

    wanted: Sequence[ir.Value]
    free: Collection[ir.Value]
    invariant: Collection[ir.Value]
    length: int

    def cut(self, weight: float | None, allowed: Collection[str]) -> list[ir.Value]:
        """The values to save when a saved byte costs `weight` times its traffic; None counts bytes alone."""

        def saving(value: ir.Value) -> int:
            times = 1 if value in self.invariant else self.length
            return math.ceil(_FINE * cost.saving(value) * times * (weight or 1))

        def recomputing(op: ir.Operation) -> int:
            return int(_FINE * cost.recomputing(op) * self.length) if weight else 0

        return values_to_save(self.wanted, self.free, saving, recomputing, lambda op: is_repeatable(op, allowed))

    def size_bytes(self, saved: Sequence[ir.Value]) -> int:
        """What the saved values take together."""
        return sum(byte_size(x.type) * (1 if x in self.invariant else self.length) for x in saved)


_FINE = 16
"""Prices are whole numbers of this part of a byte."""

_PLENTY = 1 / 16
"""What a byte weighs where memory is plenty: less than the time it takes to write and read it."""


def _weighed(weighing: Weighing, policy: Policy) -> list[ir.Value]:
    """The values that a policy saves which weighs them against each other."""
    if policy.name == "budget":
        return _within(weighing, policy)
    return weighing.cut(None if policy.name == "min_cut" else 1.0, policy.arguments)


def _within(weighing: Weighing, policy: Policy) -> list[ir.Value]:
    """The values to save so that they take no more than the budget, and the rest the least time."""
    (size,) = policy.arguments
    least = weighing.size_bytes(weighing.cut(None, EXPENSIVE))
    most = weighing.size_bytes(weighing.cut(_PLENTY, EXPENSIVE))
    bound = least + size * max(0, most - least) if isinstance(size, float) else bytes_of(size)
    if bound < least:
        raise LiftError(
            f"error: {bound} bytes are too small a budget for what this reverse keeps\n"
            f"  hint: the smallest that can be met is {least} bytes"
        )
    found = values_within(
        weighing.wanted,
        weighing.free,
        lambda value: weighing.size_bytes([value]),
        lambda value: _PLENTY * cost.SAVING * weighing.size_bytes([value]),
        lambda op: cost.recomputing(op) * weighing.length,
        EXPENSIVE,
        bound,
    )
    return weighing.cut(None, EXPENSIVE) if found is None else found


def _decided(
    functions: FunctionsByName, wanted: Sequence[ir.Value], free: Collection[ir.Value], decide: Decide
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
    wanted: Sequence[ir.Value], saved: Collection[ir.Value], free: Collection[ir.Value]
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
        else:
            owner: Any = value.owner
            pending.extend(used_by(owner.operation))
    return list(found)
