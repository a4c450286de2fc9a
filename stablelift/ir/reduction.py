"""Reductions, and the number that each begins with."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from stablelift.ir import attr
from stablelift.ir.mlir import ir
from stablelift.ir.region import fill
from stablelift.ir.tensor import Number, Tensor, emit, splat
from stablelift.ir.types import tensor_type

Combine = Callable[[list[Tensor], list[Tensor]], Sequence[Tensor]]
"""(accumulated, next) -> accumulated."""


def over_axes(
    xs: Sequence[Tensor], start: Sequence[Tensor], combine: Combine, axes: Sequence[int]
) -> list[Tensor]:
    """Tensors of one shape reduced together over `axes`."""
    kept = [size for axis, size in enumerate(xs[0].shape) if axis not in axes]
    op = ir.Operation.create(
        "stablehlo.reduce",
        results=[tensor_type(kept, x.element_type) for x in xs],
        operands=[x.value for x in [*xs, *start]],
        attributes={"dimensions": attr.i64s(axes)},
        regions=1,
    )
    scalars = [x.type for x in start]
    fill(op.regions[0], scalars * 2, lambda each: combine(each[: len(xs)], each[len(xs) :]))
    return [Tensor(result) for result in op.results]


def reduce(x: Tensor, axes: Sequence[int], combine: str = "stablehlo.add", initial: Number = 0) -> Tensor:
    """`x` reduced over `axes` by the binary op `combine`; `x` itself when `axes` is empty."""
    if not axes:
        return x
    start = splat(initial, tensor_type([], x.element_type))
    (found,) = over_axes([x], [start], lambda old, new: [emit(combine, *old, *new, type=start.type)], axes)
    return found


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
