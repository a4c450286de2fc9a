"""Which values can be made again from which, in numbers: what a cut between forward and reverse is chosen on.

What is chosen depends on sizes, work and who uses whom, and on nothing else of the program. So choices are
functions of numbers and are remembered: equal layers, and the many runs of a search for a budget, are cut
once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, NamedTuple

from stablelift.ir.mlir import ir
from stablelift.ir.region import used_by

Repeatable = Callable[[ir.Operation], bool]
"""Whether an op may run a second time in the reverse."""

Saved = tuple[int, ...]
"""The values of a network that are saved."""


class Network(NamedTuple):
    """Values and ops by their numbers; values that are free are left out.

    Attributes:
      wanted: The values that the reverse uses.
      sizes: What saving each value takes, in bytes.
      makers: The op that may run again for each value; None where nothing may.
      operands: The values that each op needs.
      work: What one more run of each op takes, in bytes of traffic.
    """

    wanted: tuple[int, ...]
    sizes: tuple[int, ...]
    makers: tuple[int | None, ...]
    operands: tuple[tuple[int, ...], ...]
    work: tuple[float, ...]

    def size_bytes(self, saved: Iterable[int]) -> int:
        """What saving these values takes."""
        return sum(self.sizes[value] for value in saved)

    def repeating(self, saved: Iterable[int]) -> float:
        """The work of making all that is wanted from saved values."""
        ops: dict[int, None] = {}
        pending, seen = list(self.wanted), set(saved)
        while pending:
            value = pending.pop()
            maker = self.makers[value]
            if value in seen or maker is None:
                continue
            seen.add(value)
            if maker not in ops:
                ops[maker] = None
                pending.extend(self.operands[maker])
        return sum(self.work[op] for op in ops)


def network_of(
    wanted: Sequence[ir.Value],
    free: Collection[ir.Value],
    size_bytes: Callable[[ir.Value], int],
    recomputing: Callable[[ir.Operation], float],
    may_repeat: Repeatable,
) -> tuple[Network, list[ir.Value]]:
    """The network of what `wanted` values of a block may be made from, and which value each number is."""
    numbers: dict[ir.Value, int] = {}
    pending: list[ir.Value] = []

    def numbered(values: Iterable[ir.Value]) -> tuple[int, ...]:
        found: list[int] = []
        for value in dict.fromkeys(values):
            if value in free:
                continue
            if value not in numbers:
                numbers[value] = len(numbers)
                pending.append(value)
            found.append(numbers[value])
        return tuple(found)

    ends = numbered(wanted)
    makers: dict[int, int | None] = {}
    ops: dict[ir.Operation, int] = {}
    operands: list[tuple[int, ...]] = []
    while pending:
        value = pending.pop()
        owner: Any = value.owner
        if isinstance(owner, ir.Block) or not may_repeat(owner.operation):
            makers[numbers[value]] = None
            continue
        op: ir.Operation = owner.operation
        if op not in ops:
            ops[op] = len(ops)
            operands.append(numbered(used_by(op)))
        makers[numbers[value]] = ops[op]
    values = list(numbers)
    network = Network(
        ends,
        tuple(map(size_bytes, values)),
        tuple(makers[number] for number in range(len(values))),
        tuple(operands),
        tuple(map(recomputing, ops)),
    )
    return network, values
