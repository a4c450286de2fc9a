"""Threefry on CPU as one expression of its counters.

JAX lowers it to a loop there, each of whose five iterations reads and writes the whole block: that takes XLA
more than twice as long to compile, and runs a fifth as fast. The bits are the same. Source: Salmon, Moraes,
Dror and Shaw 2011, doi:10.1145/2063384.2063405; the 2x32 variant with 20 rounds.
"""

from __future__ import annotations

from typing import Any

from jax import lax
from jax.extend.random import threefry2x32_p

from stablelift.lowering import jax_compat

_ROTATIONS = (13, 15, 26, 6), (17, 29, 16, 24)
_PARITY = 0x1BD11BDA


def threefry2x32(key1: Any, key2: Any, x: Any, y: Any) -> tuple[Any, Any]:
    """Two 32-bit words for each pair of counters `x`, `y` under a key of two words; uint32 of one shape."""

    def constant(value: int) -> Any:
        return lax.full_like(x, value)

    keys = key1, key2, key1 ^ key2 ^ constant(_PARITY)
    x, y = x + keys[0], y + keys[1]
    for group in range(5):
        for distance in _ROTATIONS[group % 2]:
            x = x + y
            left = lax.shift_left(y, constant(distance))
            y = x ^ (left | lax.shift_right_logical(y, constant(32 - distance)))
        x = x + keys[(group + 1) % 3]
        y = y + keys[(group + 2) % 3] + constant(group + 1)
    return x, y


ON_CPU = {threefry2x32_p: jax_compat.lowered_as(threefry2x32)}
"""The rule, where the program is for CPUs."""
