"""Batching of random numbers.

Bits of a generator come from each example's own state, in a loop over the examples. `rng` has no state: one
draw for all examples from a standard distribution, moved and scaled to each example's own.
"""

from __future__ import annotations

from typing import Any

from stablelift.ir import hlo
from stablelift.ir.lift import Signature
from stablelift.ir.mlir import ir, stablehlo
from stablelift.ir.tensor import Tensor, emit
from stablelift.passes.batching.batcher import Batcher
from stablelift.passes.batching.table import (
    Mapped,
    all_results,
    batch,
    batch_structure,
    batched_types,
    results_mapped,
    spread_over,
)
from stablelift.passes.structure import define, lift_op

results_mapped("stablehlo.rng_bit_generator")(all_results)


@batch_structure("stablehlo.rng_bit_generator")
def rng_bit_generator(batcher: Batcher, op: Any, operands: list[Tensor], mapped: Mapped) -> list[Tensor]:
    """The generator advances one state: a scan draws for each, as `jax.vmap` does."""
    types = [result.type for result in op.operation.results]
    state = op.operation.operands[0].type
    one = define(batcher.functions, "draw", [state], lambda states: hlo.remake(op, states, types=types))
    name = one.name.value
    return lift_op(
        "lift.scan",
        operands,
        {name: Signature([state], types)},
        callee=name,
        num_consts=0,
        num_carry=0,
        length=batcher.size,
        reverse=False,
        unroll=1,
        in_axes=[0],
        out_axes=[0] * len(types),
    )


@batch("stablehlo.rng", shared=True)
def rng(op: Any, a: Tensor, b: Tensor, shape: Tensor, mapped: Mapped) -> Tensor:
    """Uniform on [a, b), or normal with mean a and deviation b."""
    size = next(x.shape[0] for x, flag in zip((a, b), mapped, strict=False) if flag)
    (type,) = batched_types(op, size)
    if stablehlo.RngDistributionAttr(op.rng_distribution).value == "NORMAL":
        drawn = _draw(op, 0, 1, type)
        return spread_over(a, drawn) + spread_over(b, drawn) * drawn
    element = type.element_type
    if not isinstance(element, ir.IntegerType):
        drawn = _draw(op, 0, 1, type)
        start = spread_over(a, drawn)
        return start + (spread_over(b, drawn) - start) * drawn
    return _uniform_integers(op, a, b, type)


def _uniform_integers(op: Any, a: Tensor, b: Tensor, type: Any) -> Tensor:
    """A number of the positive ones of the type, and its remainder by the width of each example's range."""
    most = 2 ** (type.element_type.width - (not type.element_type.is_unsigned)) - 1
    drawn = _draw(op, 0, most, type)
    start = spread_over(a, drawn)
    return start + emit("stablehlo.remainder", drawn, spread_over(b, drawn) - start)


def _draw(op: Any, a: int, b: int, type: Any) -> Tensor:
    """The op for one distribution, in the shape of all examples."""
    scalar = hlo.tensor_type([], type.element_type)
    sizes = hlo.vector(type.shape, hlo.i64(0).type)
    (drawn,) = hlo.remake(op, [hlo.constant(a, scalar), hlo.constant(b, scalar), sizes], types=[type])
    return drawn
