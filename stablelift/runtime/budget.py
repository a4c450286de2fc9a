"""A memory budget that is kept: what reverse sweeps may save so that XLA's own account stays within it.

Every cut between a forward and a reverse sweep is given the same part of its own range, from the fewest bytes
that will do to the most that are of use; within that its integer program finds the least work. The part is
sought by false position on the peak that XLA's memory analysis reports, so the promise holds whatever XLA
adds of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from stablelift.errors import LiftError
from stablelift.ir.policy import Policy, bytes_of
from stablelift.runtime.program import Program

Finish = Callable[[Policy], Program]
"""A program after the passes, when its reverse sweeps keep what a policy says."""

_TRIALS = 4
"""How often the choice is made anew once the least and the most are known."""

_CLOSE = 0.02
"""A peak that leaves this part of the budget unused is close enough."""


class Kept(NamedTuple):
    """A policy, and what XLA needs under it beside arguments and results."""

    policy: Policy
    peak_bytes: int

    @property
    def part(self) -> float:
        """The part of its range that every cut is given."""
        return self.policy.arguments[0]


def within(budget: Policy, finish: Finish) -> Kept:
    """The policy that saves about the most that a budget allows, never more.

    XLA compiles six programs at most.

    Raises:
      LiftError: The budget is smaller than what any choice takes.
    """

    def tried(part: float) -> Kept:
        policy = Policy("budget", (part,))
        return Kept(policy, temporary_bytes(finish(policy)))

    (size,) = budget.arguments
    low, high = tried(0.0), tried(1.0)
    if low.peak_bytes > high.peak_bytes:
        low = high
    bound = bytes_of(size) if not isinstance(size, float) else _between(low, high, size)
    if low.peak_bytes > bound:
        raise LiftError(
            f"error: the program does not fit into a budget of {bound} bytes of temporary memory\n"
            f"  hint: the smallest budget that can be met is {low.peak_bytes} bytes"
        )
    if high.peak_bytes <= bound:
        return high
    for _ in range(_TRIALS):
        if bound - low.peak_bytes <= _CLOSE * bound:
            break
        slope = (high.part - low.part) / (high.peak_bytes - low.peak_bytes)
        trial = tried(low.part + slope * (bound - low.peak_bytes) * (1 - _CLOSE / 2))
        if trial.peak_bytes <= bound:
            low = max(low, trial, key=lambda kept: kept.peak_bytes)
        else:
            high = trial
    return low


def _between(low: Kept, high: Kept, fraction: float) -> int:
    """A fraction of the way from the least peak to the most that is of use, in bytes."""
    return low.peak_bytes + round(fraction * (high.peak_bytes - low.peak_bytes))


def temporary_bytes(program: Program) -> int:
    """What XLA needs for a finished program beside its arguments and results."""
    return program.compile().memory_analysis().temp_size_in_bytes
