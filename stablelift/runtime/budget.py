"""A memory budget that is kept: what reverse sweeps may save so that XLA's own account stays within it.

The choices are in one order (`passes/remat/frontier.py`), along which the peak grows; so a budget comes down
to a place in it. The place is found by bisection, through the same places whatever the budget, so that only
these run through the passes: where the simulated peak, corrected by what it errs at both ends, is far from
the budget it decides; where it is near, XLA compiles the program and its own account decides. So the promise
holds whatever XLA adds of its own, and a larger budget never leads to an earlier choice.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import NamedTuple

from stablelift.errors import LiftError
from stablelift.ir.mlir import context, parse
from stablelift.ir.policy import LEAST, MOST, Policy, bytes_of
from stablelift.passes.peak import peak_bytes
from stablelift.passes.remat.frontier import frontier, is_whole
from stablelift.passes.remat.report import Partition
from stablelift.runtime.program import Program

Finish = Callable[[Policy], Program]
"""A program after the passes, when its reverse sweeps keep what a policy says."""

_STEPS = 16
"""How finely the choices are told apart, at least."""

_NEAR = 0.08
"""A simulated peak that differs from the budget by less than this part of it is not to be relied on."""

_CLOSE = 0.02
"""A peak that leaves this part of the budget unused is close enough."""


class Kept(NamedTuple):
    """A policy, and what the program needs under it beside arguments and results."""

    policy: Policy
    peak_bytes: int
    """By XLA's account."""
    simulated_bytes: int
    """By ours, before XLA has seen the program."""


class Choices:
    """What a program may keep, from the least memory to the least time, each tried when it is asked for."""

    def __init__(self, finish: Finish, steps: int = _STEPS):
        self._finish = finish
        self._programs: dict[Policy, Program] = {}
        self._simulated: dict[Policy, int] = {}
        self._peaks: dict[Program, int] = {}
        self._steps = steps

    @cached_property
    def order(self) -> list[Policy]:
        """The choices in their order, tried or not."""
        return frontier([edge for cut in self._cuts(MOST) for edge in cut.edges], self._steps)

    def is_worth_it(self, place: int) -> bool:
        """Whether a choice takes less time than the last whole step before it, and less memory than the most.

        A part of a step may not be: what is made again takes memory too, and a part of the bytes saves no
        work where it is that of one value.
        """
        if place in (0, len(self.order) - 1):
            return True
        policy = self.order[place]
        if self.simulated(policy) >= self.simulated(MOST):
            return False
        before = next(one for one in reversed(self.order[:place]) if is_whole(one))
        return self.seconds(policy) < self.seconds(before)

    def seconds(self, policy: Policy) -> float:
        """About how long all that it repeats, saves and reads again takes."""
        return sum(cut.added_seconds for cut in self._cuts(policy))

    def _cuts(self, policy: Policy) -> list[Partition]:
        return self.program(policy).finished.timing.partitions

    def program(self, policy: Policy) -> Program:
        """The program under a policy, after the passes."""
        if policy not in self._programs:
            self._programs[policy] = self._finish(policy)
        return self._programs[policy]

    def simulated(self, policy: Policy) -> int:
        """Its peak as we simulate it."""
        if policy not in self._simulated:
            self._simulated[policy] = simulated_bytes(self.program(policy))
        return self._simulated[policy]

    def kept(self, policy: Policy) -> Kept:
        """The choice after XLA has compiled the program."""
        program = self.program(policy)
        if program not in self._peaks:
            self._peaks[program] = temporary_bytes(program)
        return Kept(policy, self._peaks[program], self.simulated(policy))


def within(budget: Policy, choices: Choices) -> Kept:
    """The choice that saves about the most that a budget allows, never more.

    XLA compiles as many programs as a bisection takes steps, at most, and those at both ends.

    Raises:
      LiftError: The budget is smaller than what any choice takes.
    """
    (size,) = budget.arguments
    most = choices.kept(MOST)
    if not isinstance(size, float) and most.peak_bytes <= bytes_of(size):
        return most
    least = choices.kept(LEAST)
    if least.peak_bytes > most.peak_bytes:
        least = most
    bound = bytes_of(size) if not isinstance(size, float) else _between(least, most, size)
    if least.peak_bytes > bound:
        raise LiftError(
            f"error: the program does not fit into a budget of {bound} bytes of temporary memory\n"
            f"  hint: the smallest budget that can be met is {least.peak_bytes} bytes"
        )
    if most.peak_bytes <= bound:
        return most
    return _largest(choices, least, most, bound)


def _largest(choices: Choices, least: Kept, most: Kept, bound: int) -> Kept:
    """The largest choice that fits, knowing that the least does and the most does not."""
    order = choices.order
    errors = [kept.peak_bytes - kept.simulated_bytes for kept in (least, most)]
    low, high = 0, len(order) - 1
    best, relies = least, True
    while high - low > 1:
        middle = (low + high) // 2
        place = next(filter(choices.is_worth_it, range(middle, high)), None)
        if place is None:
            high = middle
            continue
        policy, part = order[place], place / (len(order) - 1)
        estimate = choices.simulated(policy) + errors[0] + part * (errors[1] - errors[0])
        if relies and estimate > bound * (1 + _NEAR):
            high = place
        elif relies and estimate < bound * (1 - _NEAR):
            low = place
        else:
            kept = choices.kept(policy)
            if kept.peak_bytes > bound:
                high = place
            else:
                low, best = place, max(best, kept, key=lambda kept: kept.peak_bytes)
                if bound - best.peak_bytes <= _CLOSE * bound:
                    break
        if high - low == 1 and relies and choices.kept(order[low]).peak_bytes > bound:
            low, high, relies = 0, low, False  # the simulation was too far off
    return max(best, *_fitting(choices, order[low], bound), key=lambda kept: kept.peak_bytes)


def _fitting(choices: Choices, policy: Policy, bound: int) -> list[Kept]:
    """The choice, if it fits."""
    kept = choices.kept(policy)
    return [kept] if kept.peak_bytes <= bound else []


def _between(low: Kept, high: Kept, fraction: float) -> int:
    """A fraction of the way from the least peak to the most that is of use, in bytes."""
    return low.peak_bytes + round(fraction * (high.peak_bytes - low.peak_bytes))


def temporary_bytes(program: Program) -> int:
    """What XLA needs for a finished program beside its arguments and results."""
    return program.compile().memory_analysis().temp_size_in_bytes


def simulated_bytes(program: Program) -> int:
    """The same, simulated."""
    with context() as ctx:
        module = parse(program.finished.bytecode, ctx)  # a name of its own: handles must not outlive it
        return peak_bytes(module)
