"""The order in which the steps of a long loop are reversed from few snapshots, with the fewest steps run
again.

The reverse goes through the steps from the last to the first. Each is reached from the nearest snapshot
before it, and while one snapshot is free, the way there leaves another one behind: where binomial
coefficients say. With s snapshots beside the first carry, and each step run again at most r times, C(s + 1 +
r, r) steps can be reversed.

Source: Griewank and Walther 2000 (revolve, Algorithm 799), doi:10.1145/347837.347846.
"""

from __future__ import annotations

from math import comb
from typing import NamedTuple


class Schedule(NamedTuple):
    """Where the carries of a loop are kept, by slots: one for each snapshot, one for the first carry, and one
    for what is not to be kept, in this order.
    """

    first: list[int]
    """For each step, the slot in which the forward sweep puts the carry before it."""
    positions: list[int]
    """For each step, that of the carry from which its reverse starts."""
    slots: list[int]
    """For each step, the slot of that carry."""
    offsets: list[int]
    """For each step, where its way from there begins in `again`."""
    again: list[int]
    """For each step that is run again, in order, the slot in which the carry behind it is put."""

    @property
    def longest(self) -> int:
        """The most steps that are run again for one."""
        return max((step - start for step, start in enumerate(self.positions)), default=0)


def schedule(length: int, snapshots: int) -> Schedule:
    """The schedule for a loop of `length` steps, with so many snapshots beside the first carry."""
    initial, nowhere = snapshots, snapshots + 1
    found = Schedule([nowhere] * length, [0] * length, [initial] * length, [0] * length, [])
    found.first[:1] = [initial] * min(1, length)
    # The parts that are to be reversed, the last one on top: from, to, the slot of the carry, free slots.
    pending = [(0, length, initial, tuple(range(snapshots)))] if length else []
    sweeping = True  # what is left on the way to the last step, the forward sweep leaves
    origin, way = None, dict[int, int]()
    while pending:
        start, stop, slot, free = pending.pop()
        if stop - start > 1 and free:
            middle = start + _split(stop - start, len(free))
            pending += [(start, middle, slot, free), (middle, stop, free[0], free[1:])]
            if sweeping:
                found.first[middle] = free[0]
            else:
                origin = origin or (start, slot)
                way[middle] = free[0]
            continue
        begin = origin or (start, slot)
        for step in reversed(range(start, stop)):
            found.positions[step], found.slots[step] = begin
            found.offsets[step] = len(found.again)
            found.again.extend(way.get(position, nowhere) for position in range(begin[0] + 1, step + 1))
            begin, way = (start, slot), {}
        sweeping, origin = False, None
    return found


def _split(length: int, free: int) -> int:
    """How far to go before the next snapshot is left, with so many free, so that the fewest steps are
    repeated.

    All places within the bounds of Griewank's theorem are as good; this is the first.
    """
    repeats = 0
    while _reach(free + 1, repeats) < length:
        repeats += 1
    return max(1, _reach(free + 1, repeats - 2), length - _reach(free, repeats))


def _reach(snapshots: int, repeats: int) -> int:
    """The most steps that can be reversed from so many carries, none run again more often."""
    return comb(snapshots + repeats, repeats) if repeats >= 0 else 0
