"""How windows move over a tensor, and the `reduce_window` that reduces each of them.

Along one axis, element t of the result meets element k of the window and element i of the operand where

    t * stride + k * dilation = i * base + low

with `base` and `dilation` the distances of neighbours in the operand and in the window, `low` the padding in
front. The relation has three sides: whichever is computed from the other two, it is a sliding window again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from stablelift.ir import attr
from stablelift.ir.mlir import ir
from stablelift.ir.region import fill
from stablelift.ir.tensor import Tensor
from stablelift.ir.types import tensor_type


class Slide(NamedTuple):
    """The movement along one axis; the padding behind follows from the sizes (`high`)."""

    stride: int
    dilation: int
    base: int
    low: int

    def high(self, operand: int, window: int, result: int) -> int:
        """The padding behind for which these sizes fit without a remainder; negative where elements are cut
        off.
        """
        reach = (result - 1) * self.stride + (window - 1) * self.dilation + 1
        extent = (operand - 1) * self.base + 1 if operand else 0
        return reach - extent - self.low

    def to_operand(self, window: int) -> Slide:
        """The operand's side from the result's, through the window of size `window` reversed."""
        return Slide(self.base, self.dilation, self.stride, (window - 1) * self.dilation - self.low)

    def to_window(self) -> Slide:
        """The window's side from the operand's, the result taking the window's place."""
        return Slide(self.dilation, self.stride, self.base, self.low)


def slides(
    op: Any, rank: int, *, dilations: str = "window_dilations", bases: str = "base_dilations"
) -> list[Slide]:
    """The movement along each of `rank` axes, from an op's attributes; those left out have their defaults."""

    def numbers(name: str) -> list[int]:
        return list(op.attributes[name]) if name in op.attributes else [1] * rank

    padding = op.attributes["padding"] if "padding" in op.attributes else None
    lows = [0] * rank if padding is None else [low for low, _ in attr.rows(padding)]
    strides = numbers("window_strides")
    return [Slide(*one) for one in zip(strides, numbers(dilations), numbers(bases), lows, strict=True)]


def reduce_window(
    xs: Sequence[Tensor],
    initial: Sequence[Tensor],
    combine: Callable[[list[Tensor], list[Tensor]], Sequence[Tensor]],
    *,
    window: Sequence[int],
    slides: Sequence[Slide],
    shape: Sequence[int],
) -> list[Tensor]:
    """Each window of the tensors `xs` (of one shape) combined from the scalars `initial`, in results of
    `shape`.

    `combine` emits the new accumulators from the old ones and the next elements. The padding is `initial`
    too.
    """
    attributes: dict[str, ir.Attribute] = {
        "window_dimensions": attr.i64s(window),
        "window_strides": attr.i64s([slide.stride for slide in slides]),
        "base_dilations": attr.i64s([slide.base for slide in slides]),
        "window_dilations": attr.i64s([slide.dilation for slide in slides]),
    }
    sizes = zip(slides, xs[0].shape, window, shape, strict=True)
    if window:
        attributes["padding"] = attr.matrix([[slide.low, slide.high(*of)] for slide, *of in sizes])
    op = ir.Operation.create(
        "stablehlo.reduce_window",
        results=[tensor_type(shape, x.element_type) for x in xs],
        operands=[x.value for x in [*xs, *initial]],
        attributes=attributes,
        regions=1,
    )
    scalars = [tensor_type([], x.element_type) for x in xs]
    fill(op.regions[0], scalars * 2, lambda each: combine(each[: len(xs)], each[len(xs) :]))
    return [Tensor(result) for result in op.results]
