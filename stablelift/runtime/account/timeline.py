"""Memory over time: the bytes a finished program holds while its ops run in program order.

An estimate without XLA, made to show where the peak is and what makes it: of the buffers of
`passes/memory.py`, which budgets go by as well. The body of a loop is walked once, with what the loop carries
held by the loop. Results of the program are counted; its arguments are not: they are there before and after.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from stablelift.ir.location import where
from stablelift.ir.mlir import context, func, functions, ir, parse
from stablelift.ir.types import byte_size
from stablelift.passes.callgraph import Measured, callee_of, inlined_sizes
from stablelift.passes.memory import Buffers
from stablelift.runtime.account.census import steps_of


class Moment(NamedTuple):
    """The running of one op."""

    op: str
    place: str | None
    """`file:line:col` of the op."""
    held_bytes: int
    """What is held while it runs, its results included."""


class Span(NamedTuple):
    """The moments inside of one loop or one called function: from `start` up to, not including, `stop`."""

    what: str
    start: int
    stop: int
    steps: int | None
    """How often they are repeated; None where that depends on values."""


class Held(NamedTuple):
    """A value that is held for a while."""

    size_bytes: int
    op: str
    """The op that made it."""
    type: str
    place: str | None


class Timeline(NamedTuple):
    """The moments of a program, in order."""

    moments: tuple[Moment, ...]
    spans: tuple[Span, ...]
    argument_bytes: int
    at_peak: tuple[Held, ...]
    """What is held when most is, the largest first."""

    @property
    def peak(self) -> Moment | None:
        """The moment at which most is held; None for a program that computes nothing."""
        return max(self.moments, key=lambda moment: moment.held_bytes, default=None)

    @property
    def peak_bytes(self) -> int:
        """What is held then, arguments left aside."""
        return 0 if self.peak is None else self.peak.held_bytes


def timeline_of(bytecode: bytes) -> Timeline:
    """The timeline of a finished module, from its entry point `@main`."""
    with context() as ctx:
        module = parse(bytecode, ctx)
        known = functions(module)
        block = known["main"].regions[0].blocks[0]
        walk = _Walk(known, inlined_sizes(known))
        walk.through(block, returns=True)
        arguments = sum(byte_size(argument.type) for argument in block.arguments)
        return Timeline(tuple(walk.moments), tuple(walk.spans), arguments, walk.at_peak())


_MOST_OPS = 100_000
"""A call of a function that stands for more ops is one moment."""


class _Walk:
    """One walk through a program."""

    def __init__(self, known: Mapping[str, func.FuncOp], size: Measured[int]):
        self._functions = known
        self._size = size
        self.moments: list[Moment] = []
        self.spans: list[Span] = []
        self._held: dict[ir.Value, None] = {}
        self._held_bytes = self.peak_bytes = 0
        self._at_peak: list[ir.Value] = []

    def at_peak(self) -> tuple[Held, ...]:
        """What is held when most is, the largest first."""
        found = []
        for buffer in self._at_peak:
            op: Any = buffer.owner
            found.append(Held(byte_size(buffer.type), op.name, str(buffer.type), where(op.location)))
        return tuple(sorted(found, key=lambda held: held.size_bytes, reverse=True))

    def through(self, block: Any, *, returns: bool = False) -> None:
        """The ops of a block; with `returns` what it returns is counted here, else it is whoever runs it that
        holds that.
        """
        operations = [op.operation for op in block.operations]
        buffers = Buffers(block, operations)
        handed_on = set[ir.Value]() if returns else buffers.returned
        for op, filled, left in zip(operations, buffers.filled, buffers.left, strict=True):
            self._take([buffer for buffer in filled if buffer not in handed_on])
            if buffers.are_filled_by(op):
                self._pass(op)
                self._inside(op)
            self._free(left)

    def _take(self, buffers: Sequence[ir.Value]) -> None:
        for buffer in buffers:
            self._held[buffer] = None
            self._held_bytes += byte_size(buffer.type)

    def _free(self, buffers: Sequence[ir.Value]) -> None:
        for buffer in buffers:
            del self._held[buffer]
            self._held_bytes -= byte_size(buffer.type)

    def _pass(self, op: ir.Operation) -> None:
        self.moments.append(Moment(op.name, where(op.location), self._held_bytes))
        if self._held_bytes > self.peak_bytes:
            self.peak_bytes = self._held_bytes
            self._at_peak = list(self._held)

    def _inside(self, op: ir.Operation) -> None:
        """What runs inside of an op, once."""
        start = len(self.moments)
        if op.name == "stablehlo.while":
            self.through(op.regions[1].blocks[0])
            self._span("loop", start, steps_of(op))
        elif op.name in ("stablehlo.case", "stablehlo.if"):
            self._branches(op)
        elif op.name == "func.call":
            callee = callee_of(op)
            if self._size(callee) <= _MOST_OPS:
                self.through(self._functions[callee].regions[0].blocks[0])
                self._span(f"@{callee}", start, 1)

    def _branches(self, op: ir.Operation) -> None:
        """The branch that takes most."""

        def most(region: Any) -> int:
            tried = _Walk(self._functions, self._size)
            tried.through(region.blocks[0])
            return tried.peak_bytes

        self.through(max(op.regions, key=most).blocks[0])

    def _span(self, what: str, start: int, steps: int | None) -> None:
        if len(self.moments) > start:
            self.spans.append(Span(what, start, len(self.moments), steps))
