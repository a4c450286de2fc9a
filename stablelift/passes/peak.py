"""The memory that a finished module needs beside its arguments and results, by going through it in order.

Each op holds what it reads until its last reader, and fills new memory, as a compiler would that keeps the
order: with these of XLA's habits. Elementwise ops and what only moves elements are computed where they are
read, unless a product or a loop reads them; a reshape is the same memory; an update in place and what a loop
carries take the memory over from what they replace, if nobody reads that later. Loops and calls add their own
peak while they run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from stablelift.ir.mlir import func, functions, ir
from stablelift.ir.region import used_by
from stablelift.ir.types import byte_size
from stablelift.passes.callgraph import callee_of

_SAME_MEMORY = frozenset({"stablehlo.optimization_barrier", "stablehlo.reshape", "stablehlo.bitcast_convert"})

_TAKES_OVER = frozenset({"stablehlo.dynamic_update_slice", "stablehlo.scatter", "stablehlo.while"})
"""Ops whose results may take the memory of the operands that they replace."""

_FILLS_MEMORY = frozenset(
    {
        "stablehlo.all_gather",
        "stablehlo.all_reduce",
        "stablehlo.case",
        "stablehlo.cholesky",
        "stablehlo.concatenate",
        "stablehlo.convolution",
        "stablehlo.custom_call",
        "stablehlo.dot_general",
        "stablehlo.fft",
        "stablehlo.gather",
        "stablehlo.if",
        "stablehlo.reduce",
        "stablehlo.reduce_window",
        "stablehlo.rng_bit_generator",
        "stablehlo.select_and_scatter",
        "stablehlo.sort",
        "stablehlo.triangular_solve",
        "func.call",
        *_TAKES_OVER,
    }
)
"""Ops whose results are in memory; those of all others are where one of these reads them, or two ops do."""

_READS_ANYTHING = frozenset({"stablehlo.reduce"})
"""Ops of these that compute what they read on the way."""


def peak_bytes(module: ir.Module) -> int:
    """The peak over the public function of a module without lifts."""
    known = functions(module)
    return _Peaks(known).of_function("main" if "main" in known else next(iter(known)))


class _Peaks:
    """Peaks of functions and blocks, their arguments and what they return aside."""

    def __init__(self, known: Mapping[str, func.FuncOp]):
        self._known = known
        self._of_functions: dict[str, int] = {}

    def of_function(self, name: str) -> int:
        if name not in self._of_functions:
            self._of_functions[name] = self._of_block(self._known[name].regions[0].blocks[0])
        return self._of_functions[name]

    def _of_block(self, block: ir.Block) -> int:
        ops = [op.operation for op in block.operations]
        held = _Held(block, ops)
        live = peak = 0
        for position, op in enumerate(ops):
            live += sum(held.filled_at[position].values())
            peak = max(peak, live + self._inside(op))
            live -= held.left_at[position]
        return peak

    def _inside(self, op: ir.Operation) -> int:
        """What an op needs while it runs."""
        if op.name == "func.call":
            return self.of_function(callee_of(op))
        if op.name not in ("stablehlo.while", "stablehlo.case", "stablehlo.if"):
            return 0
        return max((self._of_block(block) for region in op.regions for block in region.blocks), default=0)


class _Held:
    """When the memory of a block's values is filled (`filled_at`, by who holds it) and given up (`left_at`).
    """

    def __init__(self, block: ir.Block, ops: list[ir.Operation]):
        self._sizes: dict[ir.Value, int] = {}
        self._holder: dict[ir.Value, ir.Value] = {}  # whose memory a value is in
        self._last: dict[ir.Value, int] = {}
        self._readers: dict[ir.Value, int] = {}
        self.filled_at: list[dict[ir.Value, int]] = [{} for _ in ops]
        self.left_at = [0] * len(ops)
        uses = [used_by(op) for op in ops]
        self._materialised = _materialised(ops, uses)
        self._through: dict[ir.Value, tuple[ir.Value, ...]] = {}  # what is read where a value is
        last_use = {value: at for at, used in enumerate(uses) for value in used}
        for argument in block.arguments:
            self._holder[argument] = argument
        for at, (op, used) in enumerate(zip(ops, uses, strict=True)):
            for value in used:
                self._read(value, at)
            self._make(op, at, last_use)
        returned = {self._holder.get(value) for value in (uses[-1] if uses else ())}
        for at, filled in enumerate(self.filled_at):
            for holder in list(filled):
                if holder in returned:
                    filled[holder] = 0  # the caller's
                else:
                    self.left_at[self._last.get(holder, at)] += filled[holder]

    def _read(self, value: ir.Value, at: int) -> None:
        for holder in self._sources(value):
            self._last[holder] = at

    def _sources(self, value: ir.Value) -> Iterable[ir.Value]:
        """The memory that reading a value reads."""
        if value in self._holder:
            return (self._holder[value],)
        return self._through.get(value, ())

    def _make(self, op: ir.Operation, at: int, last_use: Mapping[ir.Value, int]) -> None:
        operands = list(op.operands)
        for index, result in enumerate(op.results):
            if op.name in _SAME_MEMORY and operands[index] in self._holder:
                self._holder[result] = self._holder[operands[index]]
            elif result not in self._materialised:
                found = dict.fromkeys(source for value in used_by(op) for source in self._sources(value))
                self._through[result] = tuple(found)
            else:
                holder = self._taken_over(op, operands, index, at, last_use)
                if holder is None:
                    holder = result
                    self.filled_at[at][result] = byte_size(result.type)
                self._holder[result] = holder
                self._last.setdefault(holder, at)

    def _taken_over(
        self, op: ir.Operation, operands: list[ir.Value], index: int, at: int, last_use: Mapping[ir.Value,
        int]
    ) -> ir.Value | None:
        """Whose memory a result can have."""
        if op.name not in _TAKES_OVER or index >= len(operands):
            return None
        operand = operands[index]
        holder = self._holder.get(operand)
        if holder is None or isinstance(holder.owner, ir.Block) and op.name == "stablehlo.while":
            return None  # a loop may not change an argument
        is_last = last_use[operand] == at and operand not in operands[:index]
        return holder if is_last else None


def _materialised(ops: list[ir.Operation], uses: list[list[ir.Value]]) -> set[ir.Value]:
    """The values that are in memory, and not computed where they are read."""
    found: set[ir.Value] = {result for op in ops if op.name in _FILLS_MEMORY for result in op.results}
    for op, used in zip(ops, uses, strict=True):
        if op.name in _FILLS_MEMORY - _READS_ANYTHING or op.name.endswith("return"):
            found.update(value for value in used if isinstance(value, ir.OpResult))
    return found
