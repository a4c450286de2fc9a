"""The kinds of step that a random program is made of: one table, which the families fill."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tests.programs.body import Body, Flavour, Value


class Step(NamedTuple):
    """One way to append ops; `write` gives the values that later steps may use."""

    write: Callable[[Body], Value | list[Value]]
    kinks: bool
    derived: bool
    nests: bool
    jumps: bool

    def suits(self, flavour: Flavour, depth: int) -> bool:
        """Whether the step may stand in a program of this flavour, `depth` functions or regions deep."""
        return (
            (flavour.kinks or not self.kinks)
            and (self.derived or not flavour.derived)
            and (flavour.jumps or not self.jumps)
            and (depth < 2 or not self.nests)
        )


STEPS: list[Step] = []


def step(*, kinks: bool = False, derived: bool = True, nests: bool = False, jumps: bool = False) -> Callable:
    """Enter a function in the table, with what restricts its use.

    `kinks`, `jumps`: see `Flavour`. `derived`: both modes have a rule. `nests`: it writes whole functions.
    """

    def enter(write: Callable[[Body], Value | list[Value]]) -> Callable[[Body], Value | list[Value]]:
        STEPS.append(Step(write, kinks, derived, nests, jumps))
        return write

    return enter


def advance(body: Body, count: int) -> None:
    """Append `count` steps to a body that has a value in scope."""
    suited = [each for each in STEPS if each.suits(body.flavour, body.depth)]
    for _ in range(count):
        made = body.choose(*suited).write(body)
        body.values += [made] if isinstance(made, Value) else made
