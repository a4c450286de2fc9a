"""Batching of contractions: the batch is one more label, on the operands that carry it."""

from __future__ import annotations

from stablelift.ir import hlo
from stablelift.ir.contract import contract, labels
from stablelift.passes.batching.table import BATCH, batch, batched_types


@batch("stablehlo.dot_general", shared=True)
def dot_general(op, lhs, rhs, mapped):
    left, right, out = labels(op)
    left = [BATCH, *left] if mapped[0] else left
    right = [BATCH, *right] if mapped[1] else right
    return contract(lhs, left, rhs, right, to=[BATCH, *out], like=op, element=op.result.type.element_type)


@batch("stablehlo.fft", "stablehlo.cholesky", "stablehlo.triangular_solve")
def over_last_axes(op, *operands):
    """Transforms and matrix functions of the last axes, for whatever stands before them."""
    return hlo.remake(op, operands, types=batched_types(op, operands[0].shape[0]))
