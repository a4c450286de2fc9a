"""Threefry on CPU as one expression of its counters.

JAX lowers it to a loop there, each of whose five iterations reads and writes the whole block: that takes XLA
more than twice as long to compile, and runs a fifth as fast. The bits are the same. Source: Salmon, Moraes,
Dror and Shaw 2011, doi:10.1145/2063384.2063405; the 2x32 variant with 20 rounds.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from jax.extend.random import threefry2x32_p

from stablelift.ir import hlo
from stablelift.ir.tensor import Tensor, emit, splat
from stablelift.lowering import jax_compat

_ROTATIONS = (13, 15, 26, 6), (17, 29, 16, 24)
_PARITY = 0x1BD11BDA


def _threefry2x32(ctx: Any, *args: Any) -> list[Any]:
    """Two words for each pair of counters under a key of two words: (key1, key2, x, y), which broadcast."""
    type = jax_compat.ir_type(ctx, ctx.avals_out[0])
    return [word.value for word in threefry2x32(*(_broadcast(Tensor(arg), type.shape) for arg in args))]


def threefry2x32(key1: Tensor, key2: Tensor, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Two words for each pair of counters `x`, `y` under a key of two words; `ui32` of one shape."""

    @cache
    def constant(value: int) -> Tensor:
        return splat(value, x.type)

    keys = key1, key2, _xor(_xor(key1, key2), constant(_PARITY))
    x, y = x + keys[0], y + keys[1]
    for group in range(5):
        for distance in _ROTATIONS[group % 2]:
            x = x + y
            left = emit("stablehlo.shift_left", y, constant(distance))
            right = emit("stablehlo.shift_right_logical", y, constant(32 - distance))
            y = _xor(x, emit("stablehlo.or", left, right))
        x = x + keys[(group + 1) % 3]
        y = y + keys[(group + 2) % 3] + constant(group + 1)
    return x, y


def _xor(x: Tensor, y: Tensor) -> Tensor:
    return emit("stablehlo.xor", x, y)


def _broadcast(x: Tensor, shape: Any) -> Tensor:
    """A scalar, or a tensor with axes of one element, in this shape."""
    return x if list(x.shape) == list(shape) else hlo.broadcast_in_dim(x, shape, range(x.rank))


ON_CPU = {threefry2x32_p: _threefry2x32}
"""The rule, where the program is for CPUs."""
