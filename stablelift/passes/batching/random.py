"""Batching of random numbers: one draw for all examples.

A generator has no axis for examples. Its bits come from the state of the first one, as under `jax.vmap`:
every example has bits of its own, but not those that it would have drawn alone. (JAX's default keys are
arithmetic on integers, and know nothing of this.) Numbers without a state come from a standard
distribution, moved and scaled to that of each example.
"""

from __future__ import annotations

from typing import Any

from stablelift.ir import hlo
from stablelift.ir.mlir import ir, stablehlo
from stablelift.ir.tensor import Tensor, emit
from stablelift.ir.types import i64, tensor_type
from stablelift.passes.batching.table import Mapped, batch, batched_types, spread_over


@batch("stablehlo.rng_bit_generator")
def rng_bit_generator(op: Any, states: Tensor) -> list[Tensor]:
    """The state of the first example moves on, the others stay."""
    size, *shape = states.shape
    types = batched_types(op, size)
    if size == 0:
        return [states, hlo.constant(0, types[1])]
    first = hlo.reshape(hlo.slice_axis(states, 0, 0, 1), shape)
    state, bits = hlo.remake(op, [first], types=[first.type, types[1]])
    others = hlo.slice_axis(states, 0, 1, size)
    return [hlo.concatenate([hlo.reshape(state, (1, *shape)), others], 0), bits]


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
    scalar = tensor_type([], type.element_type)
    sizes = hlo.vector(type.shape, i64())
    (drawn,) = hlo.remake(op, [hlo.constant(a, scalar), hlo.constant(b, scalar), sizes], types=[type])
    return drawn
