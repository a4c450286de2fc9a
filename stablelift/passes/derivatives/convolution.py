"""Derivatives of convolutions."""

from __future__ import annotations

from typing import Any

from stablelift.ir import hlo
from stablelift.ir.convolve import Labels, convolve, labels
from stablelift.ir.tensor import Tensor
from stablelift.ir.window import slides
from stablelift.passes.derivatives.table import bilinear


@bilinear("stablehlo.convolution")
def convolution(op, ct, lhs, rhs):
    """Three labelled tensors, each the convolution of the other two; the lhs sees the kernel reversed.

    The operands and the result may differ in element type; each cotangent has its operand's.
    """
    left, right, out = labels(op)
    window = right.space(rhs.shape)
    moves = slides(op, len(window), dilations="rhs_dilation", bases="lhs_dilation")
    back = [slide.to_operand(size) for slide, size in zip(moves, window, strict=True)]
    across = [slide.to_window() for slide in moves]
    groups = max(op.feature_group_count.value, op.batch_group_count.value)
    reversal = list(op.window_reversal or [False] * len(window))
    x, y = hlo.convert(lhs, ct.element_type), hlo.convert(rhs, ct.element_type)

    def of_lhs():
        if 0 in rhs.shape + ct.shape:
            return hlo.zeros_like(lhs)
        flipped = _flip(y, right, [not reversed for reversed in reversal])
        space = left.space(lhs.shape)
        found = convolve(ct, out, flipped, right, to=left, space=space, slides=back, groups=groups, like=op)
        return hlo.convert(found, lhs.element_type)

    def of_rhs():
        if 0 in lhs.shape + ct.shape:
            return hlo.zeros_like(rhs)
        found = convolve(x, left, ct, out, to=right, space=window, slides=across, groups=groups, like=op)
        return hlo.convert(_flip(found, right, reversal), rhs.element_type)

    return of_lhs, of_rhs


def _flip(kernel: Tensor, labels: Labels, which: Any) -> Tensor:
    """The kernel reversed along the spatial axes that `which` marks, where it has more than one element."""
    axes = [
        axis for axis, flag in zip(labels.spatial(), which, strict=True) if flag and kernel.shape[axis] > 1
    ]
    return hlo.reverse(kernel, axes) if axes else kernel
