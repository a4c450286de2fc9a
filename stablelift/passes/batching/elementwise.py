"""Batching of elementwise ops: shape-blind, they are themselves on the batched operands."""

from __future__ import annotations

from stablelift.ir import hlo
from stablelift.ir.tensor import Tensor
from stablelift.passes.batching.table import (
    Mapped,
    batch,
    batch_elementwise,
    batch_structure,
    results_mapped,
    spread,
    spread_over,
)

batch_elementwise(
    "stablehlo.abs",
    "stablehlo.add",
    "stablehlo.and",
    "stablehlo.atan2",
    "stablehlo.bitcast_convert",
    "stablehlo.cbrt",
    "stablehlo.ceil",
    "stablehlo.compare",
    "stablehlo.complex",
    "stablehlo.convert",
    "stablehlo.cosine",
    "stablehlo.count_leading_zeros",
    "stablehlo.divide",
    "stablehlo.exponential",
    "stablehlo.exponential_minus_one",
    "stablehlo.floor",
    "stablehlo.imag",
    "stablehlo.is_finite",
    "stablehlo.log",
    "stablehlo.log_plus_one",
    "stablehlo.logistic",
    "stablehlo.maximum",
    "stablehlo.minimum",
    "stablehlo.multiply",
    "stablehlo.negate",
    "stablehlo.not",
    "stablehlo.or",
    "stablehlo.popcnt",
    "stablehlo.power",
    "stablehlo.real",
    "stablehlo.reduce_precision",
    "stablehlo.remainder",
    "stablehlo.round_nearest_afz",
    "stablehlo.round_nearest_even",
    "stablehlo.rsqrt",
    "stablehlo.shift_left",
    "stablehlo.shift_right_arithmetic",
    "stablehlo.shift_right_logical",
    "stablehlo.sign",
    "stablehlo.sine",
    "stablehlo.sqrt",
    "stablehlo.subtract",
    "stablehlo.tan",
    "stablehlo.tanh",
    "stablehlo.xor",
)

batch_elementwise("lift.name", "lift.stop_gradient", "lift.threefry2x32")


@batch("stablehlo.select", shared=True, any_size=True)
def select(op, predicate, on_true, on_false, mapped):
    """A scalar predicate chooses whole tensors: alone it stays scalar, mapped it chooses example by
    example.
    """
    scalar = op.pred.type.rank == 0
    size = next(x.shape[0] for x, flag in zip((predicate, on_true, on_false), mapped, strict=True) if flag)
    on_true, on_false = (
        x if flag else spread(x, size) for x, flag in zip((on_true, on_false), mapped[1:], strict=True)
    )
    if scalar and mapped[0]:
        predicate = spread_over(predicate, on_true)
    elif not scalar and not mapped[0]:
        predicate = spread(predicate, size)
    return hlo.select(predicate, on_true, on_false)


@batch("stablehlo.clamp", shared=True, any_size=True)
def clamp(op, low, x, high, mapped):
    """Scalar bounds stay scalar unless they differ from example to example."""
    size = next(each.shape[0] for each, flag in zip((low, x, high), mapped, strict=True) if flag)
    x = x if mapped[1] else spread(x, size)
    low, high = (
        spread_over(bound, x) if flag else bound if bound.rank == 0 < x.rank - 1 else spread(bound, size)
        for bound, flag in ((low, mapped[0]), (high, mapped[2]))
    )
    return hlo.remake(op, [low, x, high], types=[x.type])


@results_mapped("stablehlo.optimization_barrier")
def barrier_results_mapped(batcher, op, mapped: Mapped) -> list[bool]:
    """Each result is its operand."""
    return list(mapped)


@batch_structure("stablehlo.optimization_barrier")
def optimization_barrier(batcher, op, operands: list[Tensor], mapped: Mapped) -> list[Tensor]:
    return hlo.remake(op, operands, types=[x.type for x in operands])
