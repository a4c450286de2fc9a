"""Memory over time: the bytes a finished program holds while its ops run in program order.

An estimate without XLA, made to show where the peak is and what makes it. A result is held from its op to its
last use; a view shares the memory of what it shows; what updates a value in place takes over its memory if
nobody reads the old value later; elementwise ops whose only reader can do their work on the fly hold
nothing. The body of a loop is walked once, with what the loop carries held by the loop. Arguments are not
counted: they are there before and after.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from stablelift.ir.location import where
from stablelift.ir.mlir import context, func, functions, ir, parse
from stablelift.ir.region import used_by
from stablelift.ir.types import byte_size
from stablelift.passes.batching.table import elementwise_ops
from stablelift.runtime.account.census import steps_of

_VIEWS = ("stablehlo.reshape", "stablehlo.bitcast_convert", "stablehlo.optimization_barrier")
_IN_PLACE = ("stablehlo.dynamic_update_slice", "stablehlo.scatter", "stablehlo.while")
_GENERATED = ("stablehlo.constant", "stablehlo.iota", "stablehlo.broadcast_in_dim")
"""Ops whose results each reader can make for itself."""

_MOVED = ("stablehlo.slice", "stablehlo.dynamic_slice", "stablehlo.pad", "stablehlo.reverse")

_READING = ("stablehlo.reduce", "stablehlo.dynamic_update_slice", "stablehlo.broadcast_in_dim")


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
        walk = _Walk(known)
        walk.through(block, owned=False)
        arguments = sum(byte_size(argument.type) for argument in block.arguments)
        return Timeline(tuple(walk.moments), tuple(walk.spans), arguments, walk.at_peak())


class _Walk:
    """One walk through a program."""

    def __init__(self, known: Mapping[str, func.FuncOp]):
        self._functions = known
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

    def through(self, block: Any, *, owned: bool) -> None:
        """The ops of a block; `owned` says whether its arguments may be overwritten."""
        memory = _Memory(block, owned)
        for index, op in enumerate(memory.operations[:-1]):
            self._take(memory.taken[index])
            if not memory.is_on_the_fly(op):
                self._pass(op)
                self._inside(op)
            self._free(memory.freed[index])
        self._free(memory.freed[-1])

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
            self.through(op.regions[1].blocks[0], owned=True)
            self._span("loop", start, steps_of(op))
        elif op.name in ("stablehlo.case", "stablehlo.if"):
            self._branches(op)
        elif op.name == "func.call":
            callee: Any = op.attributes["callee"]
            self.through(self._functions[callee.value].regions[0].blocks[0], owned=False)
            self._span(f"@{callee.value}", start, 1)

    def _branches(self, op: ir.Operation) -> None:
        """The branch that takes most."""

        def most(region: Any) -> int:
            tried = _Walk(self._functions)
            tried.through(region.blocks[0], owned=False)
            return tried.peak_bytes

        self.through(max(op.regions, key=most).blocks[0], owned=False)

    def _span(self, what: str, start: int, steps: int | None) -> None:
        if len(self.moments) > start:
            self.spans.append(Span(what, start, len(self.moments), steps))


class _Memory:
    """The buffers of one block: which op takes each, and which frees it."""

    def __init__(self, block: Any, owned: bool):
        self.operations: list[ir.Operation] = [op.operation for op in block.operations]
        self._last = _last_uses(self.operations, self.is_on_the_fly)
        self._arguments = set(block.arguments)
        self._own = self._arguments.copy() if owned else set[ir.Value]()
        self._buffer: dict[ir.Value, ir.Value] = {}
        self.taken: list[list[ir.Value]] = [[] for _ in self.operations]
        self.freed: list[list[ir.Value]] = [[] for _ in self.operations]
        self._assign()

    def is_on_the_fly(self, op: ir.Operation) -> bool:
        """Whether the op's readers do its work, so that its result is never there as a whole."""
        if op.name not in elementwise_ops and op.name not in (*_GENERATED, *_MOVED) or len(op.results) != 1:
            return False
        readers = [use.owner.operation for use in op.results[0].uses]
        return (op.name in _GENERATED or len(readers) == 1) and all(map(_reads_on_the_fly, readers))

    def _assign(self) -> None:
        ends: dict[ir.Value, int] = {}
        made: dict[ir.Value, int] = {}
        for index, op in enumerate(self.operations):
            if self.is_on_the_fly(op):
                continue
            shared = self._shared(op, index, ends)
            for position, result in enumerate(op.results):
                buffer = self._buffer[result] = shared.get(position, result)
                made.setdefault(buffer, index)
                ends[buffer] = max(ends.get(buffer, index), self._last.get(result, index))
        for buffer, end in ends.items():
            if buffer not in self._arguments:
                self.taken[made[buffer]].append(buffer)
                self.freed[end].append(buffer)

    def _shared(self, op: ir.Operation, index: int, ends: Mapping[ir.Value, int]) -> dict[int, ir.Value]:
        """The results of an op that stand in memory which is there already, by position, with its buffer."""
        found: dict[int, ir.Value] = {}
        for position, result in enumerate(op.results):
            for operand in _may_share(op, position):
                buffer = self._buffer.get(operand, operand)
                is_ours = buffer in ends or buffer in self._own
                is_read_later = max(ends.get(buffer, 0), self._last.get(operand, 0)) > index
                fits = byte_size(buffer.type) == byte_size(result.type)
                overwrites = is_ours and fits and not is_read_later
                shows = op.name in _VIEWS and (is_ours or buffer in self._arguments)
                if (shows or overwrites) and buffer not in found.values():
                    found[position] = buffer
                    break
        return found


def _may_share(op: ir.Operation, position: int) -> list[ir.Value]:
    """The operands in whose memory a result may stand."""
    if op.name in (*_VIEWS, *_IN_PLACE):
        return [op.operands[position]]
    return list(op.operands) if op.name in elementwise_ops else []


def _reads_on_the_fly(op: ir.Operation) -> bool:
    """Whether an op can make its operands itself, element by element."""
    return op.name in elementwise_ops or op.name in (*_MOVED, *_READING)


def _last_uses(operations: Sequence[ir.Operation], is_on_the_fly: Any) -> dict[ir.Value, int]:
    """The position of the last op that reads each value; work done on the fly is done by its reader."""
    last: dict[ir.Value, int] = {}
    for index in range(len(operations) - 1, -1, -1):
        op = operations[index]
        when = index
        if is_on_the_fly(op):
            when = max(index, last.get(op.results[0], index))
        for value in used_by(op):
            last[value] = max(last.get(value, when), when)
    return last
