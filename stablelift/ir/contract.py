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
from stablelift.ir.tensor import Tensor, emit

Labels = Sequence[Hashable]


def labels(op: Any) -> tuple[list[int], list[int], list[int]]:
    """The axis labels of a `stablehlo.dot_general`'s lhs, rhs and result: equal labels are one index."""
    dims = stablehlo.DotDimensionNumbers(op.dot_dimension_numbers)
    lhs = list(range(op.lhs.type.rank))
    rhs = [len(lhs) + axis for axis in range(op.rhs.type.rank)]
    batch, contracted = list(dims.lhs_batching_dimensions), list(dims.lhs_contracting_dimensions)
    for left, right in zip(batch, dims.rhs_batching_dimensions, strict=True):
        rhs[right] = left
    for left, right in zip(contracted, dims.rhs_contracting_dimensions, strict=True):
        rhs[right] = left
    free = [label for label in lhs if label not in batch + contracted]
    return lhs, rhs, batch + free + [label for label in rhs if label not in lhs]


def contract(
    x: Tensor,
    x_labels: Labels,
    y: Tensor,
    y_labels: Labels,
    *,
    to: Labels,
    like: Any,
    element: ir.Type | None = None,
) -> Tensor:
    """The product of `x` and `y`, summed over every label not in `to`, its axes in the order of `to`.

    Labels of `to` occur in `x` or `y`; a label of one operand that is neither in the other nor in `to` is
    summed there first. `like` is the `dot_general` whose precision is kept; `element` the result's element
    type (default: x's).
    """
    x, x_labels = _sum_private(x, x_labels, y_labels, to)
    y, y_labels = _sum_private(y, y_labels, x_labels, to)
    element = element or x.element_type
    found, swapped = _product_labels(x_labels, y_labels, to), False
    if found != list(to) and _product_labels(y_labels, x_labels, to) == list(to):
        # Either operand may stand left: take the order that spares a transpose.
        x, x_labels, y, y_labels = y, y_labels, x, x_labels
        found, swapped = list(to), True
    sizes = dict(zip(x_labels, x.shape, strict=True)) | dict(zip(y_labels, y.shape, strict=True))
    product = emit(
        "stablehlo.dot_general",
        x,
        y,
        attributes={"dot_dimension_numbers": _dimension_numbers(x_labels, y_labels, to)}
        | _precision(like, swapped),
        type=hlo.tensor_type([sizes[label] for label in found], element),
    )
    return hlo.transpose(product, [found.index(label) for label in to])


def _sum_private(x: Tensor, x_labels: Labels, y_labels: Labels, to: Labels) -> tuple[Tensor, Labels]:
    private = [axis for axis, label in enumerate(x_labels) if label not in y_labels and label not in to]
    if not private:
        return x, x_labels
    return hlo.reduce_sum(x, private), [label for axis, label in enumerate(x_labels) if axis not in private]


def _product_labels(x: Labels, y: Labels, to: Labels) -> list[Hashable]:
    """The labels of `dot_general(x, y)` in its own order: batch (in the order of `to`), free of x, free
    of y.
    """
    batch = [label for label in to if label in x and label in y]
    free = [label for label in x if label not in y] + [label for label in y if label not in x]
    return batch + free


def _dimension_numbers(x: Labels, y: Labels, to: Labels) -> Any:
    x, y = list(x), list(y)
    batch = [label for label in to if label in x and label in y]
    contracted = [label for label in x if label in y and label not in to]
    return stablehlo.DotDimensionNumbers.get(
        lhs_batching_dimensions=[x.index(label) for label in batch],
        rhs_batching_dimensions=[y.index(label) for label in batch],
        lhs_contracting_dimensions=[x.index(label) for label in contracted],
        rhs_contracting_dimensions=[y.index(label) for label in contracted],
    )


def _precision(like: Any, swapped: bool) -> dict[str, ir.Attribute]:
    """The precision attributes of `like`, their two sides exchanged when the operands were."""
    kept = {
        name: like.attributes[name] for name in ("precision_config", "algorithm") if name in like.attributes
    }
    if swapped and "precision_config" in kept:
        kept["precision_config"] = ir.ArrayAttr.get(list(reversed(list(kept["precision_config"]))))
    return kept
