"""Axes that are counted from the last one: that of `sort` may be, and only it. Rules count from the first.

    "stablehlo.sort"(%x) {dimension = -1} : (tensor<3x4xf32>) -> ...   ==>   {dimension = 1}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from stablelift.ir import attributes as attr


def count_axes_from_the_first(ops: Mapping[str, Sequence[Any]]) -> None:
    """Give each sort, of the ops by name, its axis as the rules expect it; the last one is its default."""
    for op in ops.get("stablehlo.sort", ()):
        attributes = op.operation.attributes
        axis = attributes["dimension"].value if "dimension" in attributes else -1
        rank = op.operation.operands[0].type.rank
        if axis < 0:
            attributes["dimension"] = attr.i64(axis + rank)
