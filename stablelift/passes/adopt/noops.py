"""Ops that give their operand as it is, which TensorFlow and torch-mlir leave in their files.

    %y = stablehlo.reshape %x : (tensor<3xf32>) -> tensor<3xf32>   ==>   %x

They would hide from the passes what a loop counts with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_BY_TYPE = ("stablehlo.reshape", "stablehlo.convert")
_BY_AXES = {"stablehlo.transpose": "permutation", "stablehlo.broadcast_in_dim": "broadcast_dimensions"}


def drop_no_ops(ops: Mapping[str, Sequence[Any]]) -> None:
    """Remove the ops, by name, whose result is their operand."""
    for name in (*_BY_TYPE, *_BY_AXES):
        for op in ops.get(name, ()):
            if op.operands[0].type == op.results[0].type and _keeps_axes(op):
                op.results[0].replace_all_uses_with(op.operands[0])
                op.erase()


def _keeps_axes(op: Any) -> bool:
    axes = _BY_AXES.get(op.name)
    return axes is None or list(op.attributes[axes]) == list(range(op.operands[0].type.rank))
