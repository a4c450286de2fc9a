"""What was chosen between a forward and a reverse function, for a user to read: `Partition`.

As with remarks, whoever runs passes collects (`pipeline.run` does). Outside of `partitions()` nothing is
kept.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any, NamedTuple

from stablelift.ir.location import where
from stablelift.ir.mlir import ir
from stablelift.ir.policy import Policy
from stablelift.ir.types import byte_size
from stablelift.passes.liveness import FunctionsByName
from stablelift.passes.remat import cost
from stablelift.passes.remat.cut import repeated_ops
from stablelift.passes.remat.selection import Selection
from stablelift.passes.remat.weighing import Edge

FATES = ("saved", "offloaded", "recomputed")
"""What may become of a value that the reverse uses: the last ones are made again from the others."""


class Value(NamedTuple):
    """A forward value that the reverse uses, or that is saved so that it can be made again."""

    fate: str
    size_bytes: int
    """What it takes when it is saved: for a loop, in all steps together."""
    is_used: bool
    """Whether the reverse uses the value itself."""
    op: str
    """The op that computes it; "carry" for what a loop carries."""
    type: str
    place: str | None
    """`file:line:col` of the op."""

    def __str__(self) -> str:
        place = f"  {self.place}" if self.place else ""
        return f"{self.fate:<10} {spelled(self.size_bytes):>9}  {self.op} : {self.type}{place}"


class Partition(NamedTuple):
    """What crosses one cut between a forward and a reverse function."""

    function: str
    steps: int
    policy: str
    values: tuple[Value, ...]
    repeated_flops: int
    """The additions and multiplications that are done again."""
    repeated_seconds: float
    """About how long that takes, on a core that moves ten gigabytes a second."""
    times: int = 1
    """How often all of it is done, where what is kept depends on that."""
    edges: tuple[Edge, ...] = ()
    """Under the policy `MOST`, the steps to it from the fewest bytes, each with the price that it is worth.
    """

    @property
    def added_seconds(self) -> float:
        """About how long all runs of it take with what is repeated, saved and read again."""
        return self.times * (self.repeated_seconds + cost.SAVING * self.size_bytes("saved") /
        _BYTES_PER_SECOND)

    def size_bytes(self, fate: str) -> int:
        """The bytes of the values of one fate."""
        return sum(value.size_bytes for value in self.values if value.fate == fate)

    @property
    def by_jaxs_rule_bytes(self) -> int:
        """What JAX saves without a policy: all that the reverse uses and has not anyway."""
        return sum(value.size_bytes for value in self.values if value.is_used)

    def __str__(self) -> str:
        steps = f", {self.steps} steps" if self.steps > 1 else ""
        totals = ", ".join(f"{spelled(size)} {fate}" for fate in FATES if (size := self.size_bytes(fate)))
        head = f"`{self.function}`{steps}, policy {self.policy}: {totals or 'nothing kept'}"
        head += f"; JAX's rule would save {spelled(self.by_jaxs_rule_bytes)}"
        return "\n".join([head, *(f"  {value}" for value in self.values)])


def spelled(size_bytes: int) -> str:
    """A size as it is read."""
    for unit in ("B", "kB", "MB"):
        if size_bytes < 1000:
            return f"{size_bytes:.3g} {unit}"
        size_bytes /= 1000  # type: ignore[assignment]
    return f"{size_bytes:.4g} GB"


def partition_of(
    functions: FunctionsByName,
    function: str,
    policy: Policy,
    wanted: Sequence[ir.Value],
    selection: Selection,
    invariant: Collection[ir.Value] = (),
    steps: int = 1,
    times: int = 1,
) -> Partition:
    """The account of a selection; values that are there anyway, and constants, are left out of it."""
    values: list[Value] = []
    used = set(wanted)
    about = cache(lambda type: (str(type), byte_size(type)))
    for value in dict.fromkeys([*selection.saved, *wanted]):
        owner: Any = _unnamed(value).owner
        is_argument = isinstance(owner, ir.Block)
        if value not in selection.saved and (is_argument or value in selection.free):
            continue
        fate = "recomputed"
        if value in selection.saved:
            fate = "offloaded" if selection.saved[value] else "saved"
        type, size = about(value.type)
        size *= 1 if value in invariant else steps
        op = "carry" if is_argument else owner.name
        place = None if is_argument else where(owner.location)
        values.append(Value(fate, size, value in used, op, type, place))
    values.sort(key=lambda value: (FATES.index(value.fate), -value.size_bytes))
    again = repeated_ops(wanted, [*selection.saved, *selection.free], selection.again)
    work, count = (cost.of_functions(functions, measure) for measure in (cost.recomputing, cost.flops))
    seconds = sum(cost.recomputing(op, work) for op in again) * steps / _BYTES_PER_SECOND
    flops = sum(cost.flops(op, count) for op in again) * steps
    return Partition(function, steps, str(policy), tuple(values), flops, seconds, times, selection.edges)


_BYTES_PER_SECOND = 1e10


def _unnamed(value: ir.Value) -> ir.Value:
    """The value before it was given names."""
    owner: Any = value.owner
    while not isinstance(owner, ir.Block) and owner.name == "lift.name":
        value = owner.operands[0]
        owner = value.owner
    return value


_collector: ContextVar[list[Partition] | None] = ContextVar("partitions", default=None)


@contextmanager
def partitions() -> Iterator[list[Partition]]:
    """A list that receives the partitions that are made while the context lasts."""
    found: list[Partition] = []
    token = _collector.set(found)
    try:
        yield found
    finally:
        _collector.reset(token)


def report(partition: Partition | None) -> None:
    """Hand a partition, where there is one, to whoever collects them: once for each use of it."""
    collector = _collector.get()
    if collector is not None and partition is not None:
        collector.append(partition)
