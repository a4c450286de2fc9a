"""Batching of ops whose shapes are operands, as `jax.export` leaves them: all examples have one shape.

The batch is one more size in front of them.
"""

from __future__ import annotations

from stablelift.ir import attr, hlo
from stablelift.ir.tensor import Tensor
from stablelift.ir.types import i32
from stablelift.passes.batching.table import (
    batch,
    batch_structure,
    batched_types,
    extent,
    require_shared,
    results_mapped,
    shifted,
)


@results_mapped("stablehlo.get_dimension_size")
def size_mapped(batcher, op, mapped):
    return [False]


@batch_structure("stablehlo.get_dimension_size", any_size=True)
def get_dimension_size(batcher, op, operands, mapped):
    return [hlo.size_of(operands[0], op.dimension.value + 1)]


@batch("stablehlo.dynamic_reshape", shared=True, any_size=True)
def dynamic_reshape(op, x, shape, mapped):
    size = _size(op, x, mapped)
    return hlo.remake(op, [x, _before(extent(size), shape)], types=batched_types(op, size))


@batch("stablehlo.dynamic_broadcast_in_dim", shared=True, any_size=True)
def dynamic_broadcast_in_dim(op, x, shape, mapped):
    size = _size(op, x, mapped)
    changed = {"broadcast_dimensions": attr.i64s([0, *shifted(op.broadcast_dimensions)])}
    for name in ("known_expanding_dimensions", "known_nonexpanding_dimensions"):
        if name in op.attributes:
            changed[name] = attr.i64s(shifted(op.attributes[name]))
    return hlo.remake(op, [x, _before(extent(size), shape)], types=batched_types(op, size), **changed)


@batch("stablehlo.dynamic_pad", shared=True, any_size=True)
def dynamic_pad(op, x, value, *padding, mapped):
    size = _size(op, x, mapped)
    none = hlo.vector([0], i32())
    given = [x, value, *(_before(none, each) for each in padding)]
    return hlo.remake(op, given, types=batched_types(op, size))


@batch("stablehlo.real_dynamic_slice", shared=True, any_size=True)
def real_dynamic_slice(op, x, start, limit, strides, mapped):
    size = _size(op, x, mapped)
    first, step = (hlo.vector([number], i32()) for number in (0, 1))
    bounds = _before(first, start), _before(extent(size), limit), _before(step, strides)
    return hlo.remake(op, [x, *bounds], types=batched_types(op, size))


def _size(op, x: Tensor, mapped) -> int:
    """The number of examples of `x`, which alone may be mapped."""
    require_shared(op, mapped[1:])
    return x.shape[0]


def _before(size: Tensor, sizes: Tensor) -> Tensor:
    """The sizes, or positions, with one for the batch in front."""
    return hlo.concatenate([hlo.convert(size, sizes.element_type), sizes], 0)
