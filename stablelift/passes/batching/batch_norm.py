"""Batching of batch normalisation: each example's features are further features."""

from __future__ import annotations

from stablelift.ir import hlo
from stablelift.ir.tensor import Tensor
from stablelift.passes.batching.table import batch


@batch("stablehlo.batch_norm_grad", "stablehlo.batch_norm_inference", "stablehlo.batch_norm_training")
def over_features(op, *operands):
    """The batch is folded into the feature axis of every operand, and unfolded from that of every result."""
    feature, size = op.feature_index.value, operands[0].shape[0]
    folded = [_fold(x, feature if x.rank > 2 else 0) for x in operands]
    like = {x.rank: x.type for x in reversed(folded)}
    types = [like[result.type.rank] for result in op.operation.results]
    results = hlo.remake(op, folded, types=types)
    return [_unfold(y, feature if y.rank > 1 else 0, size) for y in results]


def _fold(x: Tensor, axis: int) -> Tensor:
    """`x` with its batch in front of `axis` (counted without the batch), as one axis."""
    size, *shape = x.shape
    shape[axis] *= size
    return hlo.reshape(hlo.move_axis(x, 0, axis), shape)


def _unfold(x: Tensor, axis: int, size: int) -> Tensor:
    """The inverse of `_fold`."""
    shape = list(x.shape)
    shape[axis : axis + 1] = [size, shape[axis] // size]
    return hlo.move_axis(hlo.reshape(x, shape), axis, 0)
