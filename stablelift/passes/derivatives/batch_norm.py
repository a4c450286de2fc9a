"""Derivatives of batch normalisation, which the specification writes in terms of sums over all axes but one.

Source: Ioffe and Szegedy 2015, arXiv:1502.03167.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from stablelift.ir import hlo
from stablelift.ir.reduction import reduce_sum
from stablelift.ir.tensor import Tensor
from stablelift.passes.derivatives.decomposition import decomposition


def _over(op: Any, x: Tensor) -> tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor], int]:
    """Summing over all axes but the features', repeating along them, and the number of elements of a
    feature.
    """
    feature = op.feature_index.value
    others = [axis for axis in range(x.rank) if axis != feature]
    count = math.prod(x.shape[axis] for axis in others)
    return (
        lambda t: reduce_sum(t, others),
        lambda t: hlo.broadcast_in_dim(t, x.shape, [feature]),
        count,
    )


@decomposition("stablehlo.batch_norm_inference")
def batch_norm_inference(op, x, scale, offset, mean, variance):
    _, repeat, _ = _over(op, x)
    factor = scale * hlo.rsqrt(variance + op.epsilon.value)
    return [(x - repeat(mean)) * repeat(factor) + repeat(offset)]


@decomposition("stablehlo.batch_norm_training")
def batch_norm_training(op, x, scale, offset):
    total, repeat, count = _over(op, x)
    mean = total(x) / count
    centred = x - repeat(mean)
    variance = total(centred * centred) / count
    factor = scale * hlo.rsqrt(variance + op.epsilon.value)
    return [centred * repeat(factor) + repeat(offset), mean, variance]


@decomposition("stablehlo.batch_norm_grad")
def batch_norm_grad(op, x, scale, mean, variance, ct):
    """The gradients of x, scale and offset, where `mean` and `variance` depend on x."""
    total, repeat, count = _over(op, x)
    centred = x - repeat(mean)
    inverse = hlo.rsqrt(variance + op.epsilon.value)
    of_offset = total(ct)
    of_scale = total(ct * centred) * inverse
    slope = repeat(of_offset) + centred * repeat(of_scale * inverse)
    return [(ct - slope / count) * repeat(scale * inverse), of_scale, of_offset]
