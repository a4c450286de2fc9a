"""Random bits: Threefry as an expression of its counters, and blocks of bits that are drawn once.

Source: Salmon, Moraes, Dror and Shaw 2011, doi:10.1145/2063384.2063405; the 2x32 variant with 20 rounds.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from stablelift.ir.lift import attributes_of
from stablelift.ir.tensor import Tensor, emit, splat
from stablelift.passes.kept import keep_call
from stablelift.passes.lower.table import lowers
from stablelift.passes.module import Functions, call


@lowers("lift.random_bits")
def lower_random_bits(functions: Functions, op: Any) -> list[Tensor]:
    """A call that XLA does not inline: fused into what reads a bit many times, it would be done as often."""
    results = call(functions[attributes_of(op)["callee"]], [Tensor(op.operation.operands[0])])
    keep_call(results[0].value.owner)
    return results


@lowers("lift.threefry2x32")
def lower_threefry2x32(functions: Functions, op: Any) -> list[Tensor]:
    """Twenty rounds that mix the two words, and a part of the key after each four of them."""
    key1, key2, x, y = map(Tensor, op.operation.operands)

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
    return [x, y]


_ROTATIONS = (13, 15, 26, 6), (17, 29, 16, 24)
_PARITY = 0x1BD11BDA


def _xor(x: Tensor, y: Tensor) -> Tensor:
    return emit("stablehlo.xor", x, y)
