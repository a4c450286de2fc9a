"""Convolutions by labelled axes: what `contract` is for `dot_general`, `convolve` is for `convolution`.

Each axis has a label: a number for a spatial axis, and for the others a letter. A letter in both operands is
summed over, one in an operand and the result is kept. Where a convolution has groups, each of the three
tensors holds them in front of the elements of one of its axes. Then each tensor of a convolution is a
convolution of the other two.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

from stablelift.ir import attr, hlo
from stablelift.ir.mlir import ir, stablehlo
from stablelift.ir.tensor import Tensor, emit
from stablelift.ir.types import tensor_type
from stablelift.ir.window import Slide


class Labels(NamedTuple):
    """The label of each axis, and that of the axis that holds the groups."""

    axes: list[Hashable]
    group: Hashable

    def spatial(self) -> list[int]:
        """The axes that stand for space, in the order of their labels."""
        return [self.axes.index(label) for label in range(len(self.axes) - 2)]

    def space(self, shape: Sequence[int]) -> list[int]:
        """The sizes of the spatial axes."""
        return [shape[axis] for axis in self.spatial()]


def labels(op: Any) -> tuple[Labels, Labels, Labels]:
    """The labels of a `stablehlo.convolution`'s lhs, rhs and result: n examples, c features in and o out."""
    dims = stablehlo.ConvDimensionNumbers(op.dimension_numbers)
    by_batch = op.batch_group_count.value > 1
    lhs = {dims.input_batch_dimension: "n", dims.input_feature_dimension: "c"}
    rhs = {dims.kernel_input_feature_dimension: "c", dims.kernel_output_feature_dimension: "o"}
    out = {dims.output_batch_dimension: "n", dims.output_feature_dimension: "o"}
    return (
        _labels(lhs, dims.input_spatial_dimensions, "n" if by_batch else "c"),
        _labels(rhs, dims.kernel_spatial_dimensions, "o"),
        _labels(out, dims.output_spatial_dimensions, "o"),
    )


def _labels(letters: dict[int, str], spatial: Sequence[int], group: str) -> Labels:
    found: dict[int, Hashable] = {**letters, **{axis: label for label, axis in enumerate(spatial)}}
    return Labels([found[axis] for axis in range(len(found))], group)


def convolve(
    x: Tensor,
    x_labels: Labels,
    y: Tensor,
    y_labels: Labels,
    *,
    to: Labels,
    space: Sequence[int],
    slides: Sequence[Slide],
    groups: int,
    like: Any,
) -> Tensor:
    """The convolution of `x` with the kernel `y`, whose labels and groups lie as `to` says.

    The groups of `x` may lie in its summed axis or in the one it keeps. `space` are the result's spatial
    sizes, `slides` how `y` moves over `x`; `like` is the convolution whose precision is kept.
    """
    (kept,) = (label for label in x_labels.axes if label not in y_labels.axes)
    (summed,) = (label for label in x_labels.axes if label not in to.axes)
    (made,) = (label for label in y_labels.axes if label not in x_labels.axes)
    y = _regroup(y, y_labels, made, groups)
    sizes = dict(zip(y_labels.axes, y.shape, strict=True)) | dict(enumerate(space))
    sizes[kept] = x.shape[x_labels.axes.index(kept)] // (groups if x_labels.group == kept else 1)
    dims = stablehlo.ConvDimensionNumbers.get(
        x_labels.axes.index(kept),
        x_labels.axes.index(summed),
        x_labels.spatial(),
        y_labels.axes.index(summed),
        y_labels.axes.index(made),
        y_labels.spatial(),
        to.axes.index(kept),
        to.axes.index(made),
        to.spatial(),
    )
    attributes = {
        "dimension_numbers": dims,
        "feature_group_count": attr.i64(groups if x_labels.group == summed else 1),
        "batch_group_count": attr.i64(groups if x_labels.group == kept else 1),
    }
    attributes |= _movement(slides, x_labels.space(x.shape), y_labels.space(y.shape), space)
    if "precision_config" in like.attributes:
        attributes["precision_config"] = like.attributes["precision_config"]
    type = tensor_type([sizes[label] for label in to.axes], x.element_type)
    result = emit("stablehlo.convolution", x, y, attributes=attributes, type=type)
    return _regroup(result, Labels(to.axes, made), to.group, groups)


def _movement(
    slides: Sequence[Slide], operand: Sequence[int], window: Sequence[int], result: Sequence[int]
) -> dict[str, ir.Attribute]:
    """The attributes that say how the kernel moves; none without spatial axes."""
    if not slides:
        return {}
    sizes = zip(slides, operand, window, result, strict=True)
    return {
        "window_strides": attr.i64s([slide.stride for slide in slides]),
        "padding": attr.matrix([[slide.low, slide.high(*of)] for slide, *of in sizes]),
        "lhs_dilation": attr.i64s([slide.base for slide in slides]),
        "rhs_dilation": attr.i64s([slide.dilation for slide in slides]),
    }


def _regroup(x: Tensor, labels: Labels, group: Hashable, groups: int) -> Tensor:
    """`x` with its groups moved to the front of the axis labelled `group`."""
    if groups == 1 or group == labels.group:
        return x
    source, target = labels.axes.index(labels.group), labels.axes.index(group)
    shape = list(x.shape)
    shape[source : source + 1] = [groups, shape[source] // groups]
    # Where `target` stands now, without the groups: they come to lie in front of it.
    split = hlo.move_axis(hlo.reshape(x, shape), source, target)
    merged = list(x.shape)
    merged[source] //= groups
    merged[target] *= groups
    return hlo.reshape(split, merged)
