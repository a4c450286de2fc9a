"""Tensor contractions by labelled axes: the algebra behind `dot_general` and its rules.

Give each axis a label; `contract` multiplies two tensors and sums over every label that the result does not
name. Then each of the three tensors of a product is the contraction of the other two, which is all that its
derivative and its batching need to say (`labels` reads the labels off a `dot_general`).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from stablelift.ir import hlo
from stablelift.ir.mlir import ir, stablehlo
from stablelift.ir.reduction import reduce_sum
from stablelift.ir.tensor import Tensor, emit
from stablelift.ir.types import tensor_type

Labels = Sequence[Hashable]


def labels(op: Any) -> tuple[list[int], list[int], list[int]]:
    """The axis labels of a `stablehlo.dot_general`'s lhs, rhs and result: equal labels are one index."""
    dims = stablehlo.DotDimensionNumbers(op.dot_dimension_numbers)
    lhs = list(range(op.lhs.type.rank))
    rhs = [len(lhs) + axis for axis in range(op.rhs.type.rank)]
    batch, contracted = dims.lhs_batching_dimensions, dims.lhs_contracting_dimensions
    for left, right in zip(batch, dims.rhs_batching_dimensions, strict=True):
        rhs[right] = left
    for left, right in zip(contracted, dims.rhs_contracting_dimensions, strict=True):
        rhs[right] = left
    free = [label for label in lhs if label not in batch and label not in contracted]
    return lhs, rhs, batch + free + [label for label in rhs if label >= len(lhs)]


def contract(
    x: Tensor,
    x_labels: Labels,
    y: Tensor,
    y_labels: Labels,
    *,
    to: Labels,
    like: Any,
    element: ir.Type | None = None,
    ordered: bool = False,
) -> Tensor:
    """The product of `x` and `y`, summed over every label not in `to`, its axes in the order of `to`.

    Labels of `to` occur in `x` or `y`; a label of one operand that is neither in the other nor in `to` is
    summed there first. `like` is the `dot_general` whose precision is kept; `element` the result's element
    type (default: x's). `ordered` keeps `x` on the left, even where that takes a transpose more.
    """
    to = list(to)
    x, x_labels = _sum_private(x, x_labels, y_labels, to)
    y, y_labels = _sum_private(y, y_labels, x_labels, to)
    x_type, y_type = x.type, y.type
    sizes = dict(zip(x_labels, x_type.shape, strict=True)) | dict(zip(y_labels, y_type.shape, strict=True))
    wanted: ir.Type = element or x_type.element_type
    # The labels in the product's own order: batch, free of the left operand, free of the right.
    batch = [label for label in to if label in x_labels and label in y_labels]
    x_free = [label for label in x_labels if label not in y_labels]
    y_free = [label for label in y_labels if label not in x_labels]
    contracted = [label for label in x_labels if label in y_labels and label not in to]
    found = batch + x_free + y_free
    swapped = not ordered and found != to and batch + y_free + x_free == to
    if swapped:
        # Either operand may stand left: take the order that spares a transpose.
        x, x_labels, y, y_labels = y, y_labels, x, x_labels
        contracted = [label for label in x_labels if label in contracted]
        found = to
    numbers = stablehlo.DotDimensionNumbers.get(
        lhs_batching_dimensions=[x_labels.index(label) for label in batch],
        rhs_batching_dimensions=[y_labels.index(label) for label in batch],
        lhs_contracting_dimensions=[x_labels.index(label) for label in contracted],
        rhs_contracting_dimensions=[y_labels.index(label) for label in contracted],
    )
    product = emit(
        "stablehlo.dot_general",
        x,
        y,
        attributes={"dot_dimension_numbers": numbers} | _precision(like, swapped),
        type=tensor_type([sizes[label] for label in found], wanted),
    )
    return hlo.transpose(product, [found.index(label) for label in to])


def _sum_private(x: Tensor, x_labels: Labels, y_labels: Labels, to: Labels) -> tuple[Tensor, Labels]:
    private = [axis for axis, label in enumerate(x_labels) if label not in y_labels and label not in to]
    if not private:
        return x, x_labels
    return reduce_sum(x, private), [label for axis, label in enumerate(x_labels) if axis not in private]


def _precision(like: Any, swapped: bool) -> dict[str, ir.Attribute]:
    """The precision attributes of `like`, their two sides exchanged when the operands were."""
    attributes = like.attributes
    kept = {name: attributes[name] for name in ("precision_config", "algorithm") if name in attributes}
    if swapped and "precision_config" in kept:
        kept["precision_config"] = ir.ArrayAttr.get(list(reversed(list(kept["precision_config"]))))
    return kept
