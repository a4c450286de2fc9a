"""What a cut saves when saved bytes have a price: the choices from the least memory to the least time.

A choice is the values that are saved; it takes their bytes, and the work of making the others again. At a
price of 1 a saved byte costs the time it takes to write and to read it, as `auto` has it; the higher the
price, the fewer bytes are worth it. With one price for all cuts of a program, no two of them could exchange
bytes and gain by it (Everett 1963, doi:10.1287/opre.11.3.399). Minimum cuts find the choices on the convex
hull of bytes and work, integer programs those between two of them.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from stablelift.errors import LiftError
from stablelift.ir.mlir import ir
from stablelift.ir.policy import MOST, Policy, bytes_of
from stablelift.ir.types import byte_size
from stablelift.passes.liveness import FunctionsByName, is_pure
from stablelift.passes.remat import cost
from stablelift.passes.remat.cut import EXPENSIVE, cheapest, is_repeatable
from stablelift.passes.remat.knapsack import within
from stablelift.passes.remat.network import Network, Saved, network_of

LOOPS = frozenset({"lift.scan", "lift.switch", "lift.while"})
"""Where memory is dear, the reverse of an outer loop runs an inner one again."""

_FINE = 1024
"""Prices are whole numbers of this part of a byte."""

_PLENTY = 1 / 16
"""What a saved byte weighs where all that matters is the work of the others."""

NEAR = 1.01
"""A price stands for all down to itself divided by this: they are told apart by a part."""

_ABOVE = 1.001
"""What leads from a price to one above all that it stands for."""

_MOST_EDGES = 32


class Edge(NamedTuple):
    """From one choice to the next one that saves more: the price below which it is worth it, and the bytes
    that it adds, in all the runs of the cut together."""

    price: float
    size_bytes: int


class _Choice(NamedTuple):
    saved: list[ir.Value]
    size_bytes: int
    work: float

    def cost(self, price: float) -> float:
        """What it costs in all, in bytes of traffic."""
        return self.work + price * cost.SAVING * self.size_bytes


@dataclass
class Weighing:
    """What a cut is made among: values of a block that are wanted, and those that cost nothing, or, in a loop
    of `length` steps, once only. `times` is how often all of it is done, by the loops around it.
    """

    functions: FunctionsByName
    block: ir.Block
    wanted: Sequence[ir.Value]
    free: Collection[ir.Value]
    invariant: Collection[ir.Value] = ()
    length: int = 1
    times: int = 1

    def __post_init__(self) -> None:
        self._work_of_functions = cost.of_functions(self.functions, cost.recomputing)
        self._networks: dict[frozenset[str], tuple[Network, list[ir.Value]]] = {}

    def under(self, policy: Policy) -> tuple[list[ir.Value], tuple[Edge, ...]]:
        """The values that a policy saves which weighs them, and with `MOST` what each step to it would cost.

        Raises:
          LiftError: They do not fit a budget.
        """
        if policy.name == "budget":
            return self._within_budget(*policy.arguments).saved, ()
        if policy.name == "price":
            return self._priced(*policy.arguments).saved, tuple(self._edges()) if policy == MOST else ()
        return self._cut(None if policy.name == "min_cut" else 1.0, policy.arguments).saved, ()

    def _cut(self, price: float | None, allowed: Collection[str]) -> _Choice:
        """The choice at a price; None counts bytes alone."""
        network, _ = self._network(allowed)
        saving, repeating = cost.SAVING * (price or 1), 1 if price else 0
        return self._choice(cheapest(network, _FINE * saving, _FINE * repeating), allowed)

    def _choice(self, saved: Saved, allowed: Collection[str]) -> _Choice:
        network, values = self._network(allowed)
        found = [values[number] for number in saved]
        return _Choice(found, network.size_bytes(saved), network.repeating(saved))

    def _network(self, allowed: Collection[str]) -> tuple[Network, list[ir.Value]]:
        """What the choice is made on, where ops that are `allowed` may be repeated whatever they cost."""
        key = frozenset(allowed)
        if key not in self._networks:
            may_repeat = partial(self._may_repeat, key)
            self._networks[key] = network_of(
                self.wanted, self.free, self._size_bytes, self._work, may_repeat
            )
        return self._networks[key]

    def _size_bytes(self, value: ir.Value) -> int:
        return byte_size(value.type) * (1 if value in self.invariant else self.length)

    def _work(self, op: ir.Operation) -> float:
        return cost.recomputing(op, self._work_of_functions) * self.length

    def _may_repeat(self, allowed: Collection[str], op: ir.Operation) -> bool:
        return is_repeatable(op, allowed) and (op.name not in LOOPS or is_pure(self.functions, op))

    # The choices, from the least memory to the least time

    @property
    def _least(self) -> _Choice:
        return self._cut(None, _DEAR)

    @property
    def _most(self) -> _Choice:
        """What `auto` saves: to save more takes more time."""
        return self._cut(1.0, ())

    def _priced(self, price: float, part: float) -> _Choice:
        """The choice at a price; of those that are as good there, the one this far from the fewest bytes."""
        found = self._between(price, part)
        if self.times == 1 or math.isinf(price):
            return found
        # The loop around may run all this again, one step at a time, instead of saving what it leaves.
        alone = max(1.0, price / self.times)
        whole = sum(self._work(op.operation) for op in self.block.operations)
        if self._cut(alone, _DEAR).cost(alone) + whole >= found.cost(price):
            return found  # nor would any other choice at that price
        again = self._between(alone, part)
        return again if again.cost(alone) + whole < found.cost(price) else found

    def _between(self, price: float, part: float) -> _Choice:
        if math.isinf(price):
            return self._least
        less = self._cut(price * _ABOVE, _DEAR)
        more = self._cut(price / NEAR, _DEAR) if price > NEAR else self._most
        if part == 0 or more.size_bytes <= less.size_bytes:
            return less
        if part == 1:
            return more
        return self._within(less.size_bytes + part * (more.size_bytes - less.size_bytes)) or less

    def _within(self, bound_bytes: float) -> _Choice | None:
        """The least work within a bound on what is saved; None where nothing fits."""
        network, _ = self._network(_DEAR)
        found = within(network, _PLENTY * cost.SAVING, bound_bytes)
        return None if found is None else self._choice(found, _DEAR)

    def _within_budget(self, size: float | int | str) -> _Choice:
        least, most = self._least, self._most
        if isinstance(size, float):
            bound = least.size_bytes + size * max(0, most.size_bytes - least.size_bytes)
        else:
            bound = bytes_of(size)
        if bound < least.size_bytes:
            raise LiftError(
                f"error: {bound} bytes are too small a budget for what this reverse keeps\n"
                f"  hint: the smallest that can be met is {least.size_bytes} bytes"
            )
        return most if most.size_bytes <= bound else self._within(bound) or least

    def _edges(self) -> Iterator[Edge]:
        """The steps from the least that is saved to the most, the dearest first."""
        least, most = self._least, self._most
        cheapest = self._cut(_ABOVE, _DEAR)
        yield from self._edges_between(least, cheapest, _MOST_EDGES)
        if most.size_bytes > cheapest.size_bytes:
            yield Edge(1.0, (most.size_bytes - cheapest.size_bytes) * self.times)

    def _edges_between(self, less: _Choice, more: _Choice, budget: int) -> Iterator[Edge]:
        added = more.size_bytes - less.size_bytes
        if added <= 0 or less.work <= more.work:
            return
        price = (less.work - more.work) / (cost.SAVING * added)
        middle = self._cut(price, _DEAR) if budget > 1 else less
        if middle.cost(price) < (1 - 1e-6) * less.cost(price):
            yield from self._edges_between(less, middle, budget // 2)
            yield from self._edges_between(middle, more, budget // 2)
        else:
            yield Edge(price, added * self.times)


_DEAR = EXPENSIVE | LOOPS
"""What may be repeated, beside what costs little, where memory is dearer than time."""
