"""Batching of linear algebra: matrix functions of the last axes, for whatever stands before them."""

from __future__ import annotations

from stablelift.ir import hlo
from stablelift.passes.batching.table import batch, batched_types


@batch("stablehlo.fft", "stablehlo.cholesky", "stablehlo.triangular_solve")
def over_last_axes(op, *operands):
    return hlo.remake(op, operands, types=batched_types(op, operands[0].shape[0]))
