"""Batching of contractions: the batch is one more label, on the operands that carry it."""

from __future__ import annotations

from stablelift.ir import attr, hlo
from stablelift.ir.contract import contract, labels
from stablelift.ir.mlir import stablehlo
from stablelift.ir.tensor import emit
from stablelift.ir.types import i32, tensor_type
from stablelift.passes.batching.table import (
    BATCH,
    batch,
    batched_types,
    extent,
    require_number,
    require_sizes,
)


@batch("stablehlo.dot_general", shared=True, any_size=True)
def dot_general(op, lhs, rhs, mapped):
    left, right, out = labels(op)
    left = [BATCH, *left] if mapped[0] else left
    right = [BATCH, *right] if mapped[1] else right
    return contract(lhs, left, rhs, right, to=[BATCH, *out], like=op, element=op.result.type.element_type)


@batch("stablehlo.convolution", shared=True, any_size=True)
def convolution(op, lhs, rhs, mapped):
    """The batch is folded into an axis that the convolution maps over anyway, and unfolded from the result's.

    Where both operands carry it, it is one more group: each example's features meet its own kernels.
    """
    require_sizes(op)
    dims = stablehlo.ConvDimensionNumbers(op.dimension_numbers)
    size = (lhs if mapped[0] else rhs).shape[0]
    if size == 0:
        return hlo.constant(0, batched_types(op, size)[0])
    groups = op.feature_group_count.value, op.batch_group_count.value
    changed, folded, parts = {}, dims.output_feature_dimension, 1
    if not mapped[1]:
        lhs = _fold(lhs, dims.input_batch_dimension, groups[1])
        folded = dims.output_batch_dimension
    elif not mapped[0]:
        parts = max(groups)
        rhs = _fold(rhs, dims.kernel_output_feature_dimension, parts)
    else:
        require_number(op, size)  # of groups
        by_batch = groups[1] > 1
        lhs = _fold(lhs, dims.input_batch_dimension if by_batch else dims.input_feature_dimension, 1)
        rhs = _fold(rhs, dims.kernel_output_feature_dimension, 1)
        name = "batch_group_count" if by_batch else "feature_group_count"
        changed[name] = attr.i64(max(groups) * size)
    shape = list(op.result.type.shape)
    width, shape[folded] = shape[folded], _times(size, shape[folded])
    (result,) = hlo.remake(
        op, [lhs, rhs], types=[tensor_type(shape, op.result.type.element_type)], **changed
    )
    return _unfold(result, folded, parts, size, width)


def _fold(x, axis, groups):
    """`x` with its batch folded into `axis` (counted without it), behind the `groups` of that axis."""
    size, *shape = x.shape
    width = shape[axis]
    if groups > 1:
        x = hlo.reshape(x, [size, *shape[:axis], groups, width // groups, *shape[axis + 1 :]])
    x = hlo.move_axis(x, 0, axis + (groups > 1))
    return _reshape(x, [*shape[:axis], _times(size, width), *shape[axis + 1 :]], width)


def _unfold(x, axis, groups, size, width):
    """The inverse of `_fold`, where that made an axis of `width` larger."""
    shape = list(x.shape)
    parts = [groups, size, width // groups] if groups > 1 else [size, width]
    x = _reshape(x, [*shape[:axis], *parts, *shape[axis + 1 :]], 1)
    x = hlo.move_axis(x, axis + (groups > 1), 0)
    return hlo.reshape(x, [size, *shape[:axis], width, *shape[axis + 1 :]])


def _times(size, width):
    """The number of examples times another one, if it is known."""
    return size * width if size >= 0 else size


def _reshape(x, shape, width):
    """`x` in `shape`, of which one size may be unknown: `width` times the number of examples."""
    if all(size >= 0 for size in shape):
        return hlo.reshape(x, shape)
    sizes = [extent(size) * width if size < 0 else hlo.vector([size], i32()) for size in shape]
    type = tensor_type(shape, x.element_type)
    return emit("stablehlo.dynamic_reshape", x, hlo.concatenate(sizes, 0), type=type)
