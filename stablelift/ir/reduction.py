"""Reductions, and the number that each begins with."""

from __future__ import annotations

import math
from collections.abc import Sequence

from stablelift.ir import attr
from stablelift.ir.mlir import ir
from stablelift.ir.region import fill
from stablelift.ir.tensor import Number, Tensor, emit, splat
from stablelift.ir.types import tensor_type


def reduce(x: Tensor, axes: Sequence[int], combine: str = "stablehlo.add", initial: Number = 0) -> Tensor:
    """`x` reduced over `axes` by the binary op `combine`; `x` itself when `axes` is empty."""
    if not axes:
        return x
    type = x.type
    element = type.element_type
    scalar = tensor_type([], element)
    shape = [size for axis, size in enumerate(type.shape) if axis not in axes]
    op = ir.Operation.create(
        "stablehlo.reduce",
        results=[tensor_type(shape, element)],
        operands=[x.value, splat(initial, scalar).value],
        attributes={"dimensions": attr.i64s(axes)},
        regions=1,
    )
    fill(op.regions[0], [scalar] * 2, lambda both: [emit(combine, *both, type=scalar)])
    return Tensor(op.result)


def reduce_sum(x: Tensor, axes: Sequence[int]) -> Tensor:
    return reduce(x, axes)


def identity_of(combine: str, element: ir.Type) -> Number | None:
    """The number that the binary op `combine` leaves every other as it is with; None for an op without one.
    """
    ends = _ends(element)
    return {
        "stablehlo.add": 0,
        "stablehlo.multiply": 1,
        "stablehlo.maximum": ends[0],
        "stablehlo.minimum": ends[1],
        "stablehlo.or": 0,
        "stablehlo.xor": 0,
        "stablehlo.and": ends[1] if _is_unsigned(element) else -1,
    }.get(combine)


def _ends(element: ir.Type) -> tuple[Number, Number]:
    """The least and the greatest number of an element type."""
    if not isinstance(element, ir.IntegerType):
        return -math.inf, math.inf
    if _is_unsigned(element):
        return 0, 2**element.width - 1
    return -(2 ** (element.width - 1)), 2 ** (element.width - 1) - 1


def _is_unsigned(element: ir.Type) -> bool:
    """Whether an integer type counts from 0: ui8 and its like, and i1."""
    return isinstance(element, ir.IntegerType) and (element.is_unsigned or element.width == 1)
