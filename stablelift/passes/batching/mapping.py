"""Batching of `stablehlo.map`: its region, written for one element, is applied to those of all examples."""

from __future__ import annotations

from stablelift.ir import attr, hlo
from stablelift.passes.batching.table import batch, batched_types


@batch("stablehlo.map")
def map(op, *operands):
    axes = attr.i64s(range(operands[0].rank))
    return hlo.remake(op, operands, types=batched_types(op, operands[0].shape[0]), dimensions=axes)
