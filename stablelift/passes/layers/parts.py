"""The elements of a stack: known from how they are taken out, and put together again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stablelift.ir import hlo
from stablelift.ir.mlir import ir
from stablelift.ir.tensor import Tensor


def part_of(value: ir.Value) -> tuple[ir.Value, int] | None:
    """The tensor and the position along its axis 0 of which `value` is the element; None for any other."""
    reshaped = hlo.made_by(Tensor(value), "stablehlo.reshape")
    sliced = reshaped and hlo.made_by(Tensor(reshaped.operation.operands[0]), "stablehlo.slice")
    if not sliced:
        return None
    whole = sliced.operation.operands[0]
    start, limit = list(sliced.attributes["start_indices"]), list(sliced.attributes["limit_indices"])
    type: Any = whole.type
    element: Any = value.type
    is_whole = not any(start[1:]) and limit[1:] == list(type.shape)[1:] == list(element.shape)
    if (
        not is_whole
        or limit[0] != start[0] + 1
        or any(stride != 1 for stride in sliced.attributes["strides"])
    ):
        return None
    return whole, start[0]


def concatenation(xs: Sequence[Tensor]) -> Tensor:
    """The tensors along a new leading axis."""
    return hlo.concatenate([hlo.reshape(x, (1, *x.shape)) for x in xs], 0)
