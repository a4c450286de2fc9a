"""The memory that a finished module needs beside its arguments and results, by going through it in order.

What a block needs is what its buffers take (`memory.py`); loops and calls add their own peak while they run.
"""

from __future__ import annotations

from collections.abc import Mapping

from stablelift.ir.mlir import func, functions, ir
from stablelift.passes.callgraph import Measured, callee_of
from stablelift.passes.memory import Buffers


def peak_bytes(module: ir.Module) -> int:
    """The peak over the public function of a module without lifts."""
    known = functions(module)
    return _Peaks(known).of_function("main" if "main" in known else next(iter(known)))


class _Peaks:
    """Peaks of functions and blocks, their arguments and what they return aside."""

    def __init__(self, known: Mapping[str, func.FuncOp]):
        self._known = known
        self.of_function = Measured(known, self._of_function, 0)

    def _of_function(self, name: str) -> int:
        return self._of_block(self._known[name].regions[0].blocks[0])

    def _of_block(self, block: ir.Block) -> int:
        ops = [op.operation for op in block.operations]
        buffers = Buffers(block, ops)
        sizes: dict[ir.Value, int] = {}
        live = peak = 0
        for op, filled, left in zip(ops, buffers.filled, buffers.left, strict=True):
            own = {buffer: size for buffer, size in filled.items() if buffer not in buffers.returned}
            sizes |= own
            live += sum(own.values())
            peak = max(peak, live + self._inside(op))
            live -= sum(sizes[buffer] for buffer in left)
        return peak

    def _inside(self, op: ir.Operation) -> int:
        """What an op needs while it runs."""
        if op.name == "func.call":
            return self.of_function(callee_of(op))
        if op.name not in ("stablehlo.while", "stablehlo.case", "stablehlo.if"):
            return 0
        return max((self._of_block(block) for region in op.regions for block in region.blocks), default=0)
