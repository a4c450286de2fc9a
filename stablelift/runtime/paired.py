"""A lift and its gradient, which plain JAX lowers one after the other, as two halves of one program.

When JAX lowers a lift it is not known yet whether a gradient of it follows. Where one does, in the same
block, the call of the lift is replaced by one that returns what the gradient needs as well: XLA would not see
that a loop in the gradient computes what the lift's has computed.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from stablelift.ir.mlir import ir
from stablelift.lowering import jax_compat
from stablelift.passes.derivatives.halves import Halves

_MET = "stablelift lifts beside gradients"


class Met:
    """The call of a lift that has been lowered, and its results by way of ops that stay where they are."""

    def __init__(self, results: Sequence[ir.Value]):
        self._call: Any = results[0].owner
        self._ways = [
            ir.Operation.create("stablehlo.reshape", results=[value.type], operands=[value])
            for value in results
        ]

    @property
    def results(self) -> list[ir.Value]:
        return [way.results[0] for way in self._ways]

    @property
    def is_here(self) -> bool:
        """Whether it is in the block that is being built."""
        here: Any = ir.InsertionPoint.current
        return self._call.operation.block == here.block

    def completed(self, ctx: Any, name: str, halves: Halves, operands: Sequence[ir.Value]) -> list[ir.Value]:
        """The gradients, now that the call returns residuals as well, of primals and cotangents."""
        forward, reverse = (_merged(ctx, name, half) for half in halves)
        with ir.InsertionPoint(self._call), self._call.location:
            found = jax_compat.call_merged(ctx, forward, list(self._call.operands))
        for way, value in zip(self._ways, found, strict=False):
            way.operands[0] = value
        self._call.operation.erase()
        return list(jax_compat.call_merged(ctx, reverse, [*operands, *list(found)[len(self._ways) :]]))


def remember(ctx: Any, key: Hashable, results: Sequence[ir.Value]) -> list[ir.Value]:
    """The results of a call, which may be replaced when its gradient is met."""
    met = jax_compat.memo_of(ctx).setdefault(_MET, {})[key] = Met(results)
    return met.results


def met_before(ctx: Any, key: Hashable) -> Met | None:
    """The call of the same lift on the same operands in this block, once."""
    known = jax_compat.memo_of(ctx).get(_MET, {})
    return known.pop(key) if key in known and known[key].is_here else None


def _merged(ctx: Any, name: str, half: bytes) -> str:
    memo = jax_compat.memo_of(ctx)
    key = "stablelift half", half
    if key not in memo:
        memo[key] = jax_compat.merge(ctx, name, half)
    return memo[key]
