"""Counted loops: how many times a `stablehlo.while` runs, where that can be read off it.

A counter is a carried integer that starts at a constant and grows by one, up or down. A loop is counted when
its condition depends on counters and constants alone. It has a bound when its condition asks, among others,
for a comparison of a counter with a constant: "until it converges, but at most 100 times".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from stablelift.ir.mlir import ir, stablehlo
from stablelift.ir.region import returned
from stablelift.passes.raising.sequences import Sequences, constant, integer_dtype

_MOST_STEPS_TRIED = 1 << 16
"""A condition that is not a comparison of a counter is tried for as many steps."""


_MOST_STEPS_BOUND = 1 << 20
"""A loop that may take more steps has no bound: its reverse keeps twice the square root of them carries."""


class NotCounted(Exception):
    """Why a loop is no counted loop."""


class Counter:
    """A carried integer that grows by the same number in every step."""

    def __init__(self, start: int, step: int, dtype: np.dtype):
        self.start, self.step, self.dtype = start, step, dtype

    def values(self, length: int) -> np.ndarray:
        """What it is in each of the first `length` steps."""
        steps = np.arange(length, dtype=np.uint64) * np.uint64(self.step % 2**64)
        return (steps + np.uint64(self.start % 2**64)).astype(self.dtype)


def counters(
    inside: Sequence[ir.Value], following: Sequence[ir.Value], initial: Sequence[ir.Value]
) -> dict[int, Counter]:
    """The counters among carried values, by position."""
    found = {}
    for position, (argument, next_one, start) in enumerate(zip(inside, following, initial, strict=True)):
        dtype, first, step = integer_dtype(argument.type), constant(start), _step(argument, next_one)
        if dtype is not None and first is not None and first.ndim == 0 and step is not None:
            found[position] = Counter(int(first), step, dtype)
    return found


def trip_count(cond: ir.Block, body: ir.Block, initial: Sequence[ir.Value]) -> int:
    """The number of steps of a counted loop.

    Raises:
      NotCounted: The loop is none, and why.
    """
    of_argument = _counters_of(cond, body, initial)
    if not of_argument:
        raise NotCounted("it carries no counter that starts at a constant and grows by one")
    (test,) = returned(cond)
    steps = _compared(test, of_argument)
    return steps if steps is not None else _tried(test, of_argument)


def most_steps(cond: ir.Block, body: ir.Block, initial: Sequence[ir.Value]) -> int | None:
    """How many steps a loop takes at most, whatever else its condition asks for; None if nothing says so."""
    of_argument = _counters_of(cond, body, initial)
    bounds = []
    pending = returned(cond)
    while pending:
        test = _plain(pending.pop())
        both = maker(test, "stablehlo.and")
        if both is not None:
            pending += both.operands
            continue
        try:
            bounds.append(_compared(test, of_argument))
        except NotCounted:
            pass
    known = [bound for bound in bounds if bound is not None and bound <= _MOST_STEPS_BOUND]
    return min(known, default=None)


def _plain(test: ir.Value) -> ir.Value:
    """A test that is converted to what it is, or compared with false, as JAX has it, without that."""
    while True:
        op = test.owner
        if isinstance(op, ir.Block) or op.name not in ("stablehlo.convert", "stablehlo.compare"):
            return test
        if op.name == "stablehlo.compare":
            direction, other = _direction(op), constant(op.operands[1])
            if direction != "NE" or other is None or other.dtype != bool or other.any():
                return test
        if op.operands[0].type != test.type:
            return test
        test = op.operands[0]


def _direction(compare: Any) -> str:
    return str(stablehlo.ComparisonDirectionAttr(compare.attributes["comparison_direction"]).value)


def _counters_of(
    cond: ir.Block, body: ir.Block, initial: Sequence[ir.Value]
) -> dict[ir.Value, Counter]:
    """The counters of a loop, by the arguments of its condition."""
    found = counters(list(body.arguments), returned(body), initial)
    return {cond.arguments[position]: counter for position, counter in found.items()}


def _step(argument: ir.Value, following: ir.Value) -> int | None:
    """What a carried value grows by, if that is a constant."""
    owner = following.owner
    if isinstance(owner, ir.Block) or owner.name not in ("stablehlo.add", "stablehlo.subtract"):
        return None
    left, right = owner.operands
    if right == argument and owner.name == "stablehlo.add":
        left, right = right, left
    step = constant(right) if left == argument else None
    if step is None or step.ndim:
        return None
    return int(step) if owner.name == "stablehlo.add" else -int(step)


_MIRRORED = {"LT": "GT", "LE": "GE", "GT": "LT", "GE": "LE", "NE": "NE", "EQ": "EQ"}


def _compared(test: ir.Value, of_argument: dict[ir.Value, Counter]) -> int | None:
    """The number of steps while a comparison of a counter with a constant holds; None for another test."""
    compare = maker(test, "stablehlo.compare")
    if compare is None:
        return None
    direction = _direction(compare)
    left, right = compare.operands
    if right in of_argument:
        left, right, direction = right, left, _MIRRORED[direction]
    bound = constant(right)
    if left not in of_argument or bound is None:
        return None
    counter = of_argument[left]
    distance, step = int(bound) - counter.start, counter.step
    if direction in ("LT", "LE"):
        distance += direction == "LE"
    elif direction in ("GT", "GE"):
        distance, step = -distance + (direction == "GE"), -step
    elif direction == "NE":
        if distance == 0:
            return 0
        if step == 0 or distance % step or distance // step < 0:
            raise NotCounted(f"its counter steps over the bound {bound}")
        return distance // step
    else:
        return None
    if distance <= 0:
        return 0
    if step <= 0:
        raise NotCounted(f"its counter moves away from the bound {bound}")
    return _within(counter, -(-distance // step))


def _within(counter: Counter, steps: int) -> int:
    """`steps`, unless the counter overflows before it has reached its bound."""
    least, most = (0, 1) if counter.dtype == bool else _limits(counter.dtype)
    if not least <= counter.start + steps * counter.step <= most:
        raise NotCounted("its counter overflows before the bound is reached")
    return steps


def _limits(dtype: np.dtype) -> tuple[int, int]:
    limits = np.iinfo(dtype)
    return int(limits.min), int(limits.max)


def _tried(test: ir.Value, of_argument: dict[ir.Value, Counter]) -> int:
    """The number of steps while any other test of counters holds, found by computing it."""
    known = {value: counter.values(_MOST_STEPS_TRIED) for value, counter in of_argument.items()}
    holds = Sequences(_MOST_STEPS_TRIED, known)[test]
    if holds is None:
        raise NotCounted("its condition depends on more than counters and constants")
    if holds.all():
        raise NotCounted(f"its condition still holds after {_MOST_STEPS_TRIED} steps")
    return int(np.argmin(holds))


def maker(value: ir.Value, name: str) -> ir.Operation | None:
    """The op that made a value, if it is a `name`."""
    owner = value.owner
    if isinstance(owner, ir.Block) or owner.operation.name != name:
        return None
    return owner.operation
