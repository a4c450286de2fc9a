"""A function's note of results that are cotangents of an element type whose sum is the maximum.

The type itself is lowered to that of the numbers that it is stored as.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stablelift.ir import attr
from stablelift.ir.mlir import func, ir

NOTE = "maxima"


def noted(*functions: func.FuncOp) -> set[int]:
    """The results of which one of these functions says that they are maxima."""
    noting: list[Any] = [function.attributes[NOTE] for function in functions if NOTE in function.attributes]
    return {position.value for positions in noting for position in positions}


def note(function: func.FuncOp, positions: Sequence[int]) -> None:
    """Let these be the results that are maxima."""
    if positions:
        function.attributes[NOTE] = ir.ArrayAttr.get([attr.i64(position) for position in positions])
    elif NOTE in function.attributes:
        del function.attributes[NOTE]
