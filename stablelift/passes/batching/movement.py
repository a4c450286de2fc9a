"""Batching of data movement: the batch stays in front, everything else moves one axis back."""

from __future__ import annotations

from stablelift.ir import hlo
from stablelift.ir.tensor import emit
from stablelift.ir.types import i32
from stablelift.passes.batching.initial import pad_with
from stablelift.passes.batching.table import (
    batch,
    batched_types,
    extent,
    require_number,
    require_sizes,
    shifted,
    spread,
)


@batch("stablehlo.broadcast_in_dim", any_size=True)
def broadcast_in_dim(op, x):
    shape = (x.shape[0], *op.result.type.shape)
    return hlo.broadcast_in_dim(x, shape, [0, *shifted(op.broadcast_dimensions)])


@batch("stablehlo.reshape", any_size=True)
def reshape(op, x):
    return hlo.reshape(x, (x.shape[0], *op.result.type.shape))


@batch("stablehlo.transpose", any_size=True)
def transpose(op, x):
    return hlo.transpose(x, [0, *shifted(op.permutation)])


@batch("stablehlo.reverse", any_size=True)
def reverse(op, x):
    return hlo.reverse(x, shifted(op.dimensions))


@batch("stablehlo.slice", any_size=True)
def slice(op, x):
    start, limit, strides = list(op.start_indices), list(op.limit_indices), list(op.strides)
    if x.shape[0] >= 0:
        return hlo.slice(x, [0, *start], [x.shape[0], *limit], [1, *strides])
    first, last, steps = (hlo.vector(each, i32()) for each in ([0, *start], limit, [1, *strides]))
    ends = hlo.concatenate([extent(x.shape[0]), last], 0)
    return emit("stablehlo.real_dynamic_slice", x, first, ends, steps, type=batched_types(op, x.shape[0])[0])


@batch("stablehlo.concatenate", any_size=True)
def concatenate(op, *xs):
    return hlo.concatenate(xs, op.dimension.value + 1)


@batch("stablehlo.pad", shared=True, any_size=True)
def pad(op, x, value, mapped):
    low, high, interior = list(op.edge_padding_low), list(op.edge_padding_high), list(op.interior_padding)
    if not mapped[1]:
        return hlo.pad(x, [0, *low], [0, *high], [0, *interior], value)
    require_sizes(op)
    require_number(op, value.shape[0])
    x = x if mapped[0] else spread(x, value.shape[0])
    return pad_with(x, value, low, high, interior)
