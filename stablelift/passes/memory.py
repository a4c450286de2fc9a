"""Which memory the values of a finished block are in, from which op on and until which.

A value is in memory until its last reader, and takes memory of its own, as with a compiler that keeps the
order: with these of XLA's habits. Elementwise ops and what only moves elements are computed where they are
read, unless a product or a loop reads them; a reshape is the same memory; an update in place and what a loop
carries take the memory over from what they replace, if nobody reads that later.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from stablelift.ir.mlir import ir
from stablelift.ir.region import used_by
from stablelift.ir.types import byte_size

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

_READS_MEMORY = _FILLS_MEMORY - {"stablehlo.reduce"}
"""Ops of these whose operands are in memory: a reduction computes what it reads on the way."""


class Buffers:
    """The memory of a block's values. A buffer is named by the value that fills it first.

    Attributes:
      filled: For each op of the block the buffers that it fills, with their bytes.
      left: For each op the buffers that nobody reads behind it.
      returned: The buffers that the block's last op hands to whoever runs the block; they are never left.
    """

    def __init__(self, block: ir.Block, ops: list[ir.Operation]):
        self._holder: dict[ir.Value, ir.Value] = {}  # whose memory a value is in
        self._last: dict[ir.Value, int] = {}
        self.filled: list[dict[ir.Value, int]] = [{} for _ in ops]
        self.left: list[list[ir.Value]] = [[] for _ in ops]
        uses = [used_by(op) for op in ops]
        self._materialised = _materialised(ops, uses)
        self._through: dict[ir.Value, tuple[ir.Value, ...]] = {}  # what is read where a value is
        last_use = {value: at for at, used in enumerate(uses) for value in used}
        for argument in block.arguments:
            self._holder[argument] = argument
        for at, (op, used) in enumerate(zip(ops, uses, strict=True)):
            for value in used:
                self._read(value, at)
            self._make(op, used, at, last_use)
        found = (self._holder.get(value) for value in (uses[-1] if uses else ()))
        self.returned = {holder for holder in found if holder is not None}
        for at, filled in enumerate(self.filled):
            for holder in filled:
                if holder not in self.returned:
                    self.left[self._last.get(holder, at)].append(holder)

    def are_filled_by(self, op: ir.Operation) -> bool:
        """Whether the op runs by itself: its results are in memory, and not computed where they are read."""
        return any(result in self._holder for result in op.results)

    def _read(self, value: ir.Value, at: int) -> None:
        for holder in self._sources(value):
            self._last[holder] = at

    def _sources(self, value: ir.Value) -> Iterable[ir.Value]:
        """The memory that reading a value reads."""
        if value in self._holder:
            return (self._holder[value],)
        return self._through.get(value, ())

    def _make(
        self, op: ir.Operation, used: list[ir.Value], at: int, last_use: Mapping[ir.Value, int]
    ) -> None:
        name = op.name
        for index, result in enumerate(op.results):
            if name in _SAME_MEMORY and used[index] in self._holder:
                self._holder[result] = self._holder[used[index]]
            elif result not in self._materialised:
                found = dict.fromkeys(source for value in used for source in self._sources(value))
                self._through[result] = tuple(found)
            else:
                holder = self._taken_over(op, index, at, last_use) if name in _TAKES_OVER else None
                if holder is None:
                    holder = result
                    self.filled[at][result] = byte_size(result.type)
                self._holder[result] = holder
                self._last.setdefault(holder, at)

    def _taken_over(
        self,
        op: ir.Operation,
        index: int,
        at: int,
        last_use: Mapping[ir.Value, int],
    ) -> ir.Value | None:
        """Whose memory a result can have."""
        operands = list(op.operands)
        if index >= len(operands):
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
        name = op.name
        if name in _READS_MEMORY or name.endswith("return"):
            found.update(value for value in used if isinstance(value, ir.OpResult))
    return found
