"""Batching of CHLO: special functions and the like, shape-blind but for the last axis of `top_k`."""

from __future__ import annotations

from stablelift.ir import hlo
from stablelift.passes.batching.table import batch, batch_elementwise, batched_types

batch_elementwise(
    "chlo._asin_acos_kernel",
    "chlo.acos",
    "chlo.acosh",
    "chlo.asin",
    "chlo.asinh",
    "chlo.atan",
    "chlo.atanh",
    "chlo.bessel_i1e",
    "chlo.conj",
    "chlo.constant_like",
    "chlo.cosh",
    "chlo.digamma",
    "chlo.erf",
    "chlo.erf_inv",
    "chlo.erfc",
    "chlo.is_inf",
    "chlo.is_neg_inf",
    "chlo.is_pos_inf",
    "chlo.lgamma",
    "chlo.mulhi",
    "chlo.next_after",
    "chlo.polygamma",
    "chlo.sinh",
    "chlo.square",
    "chlo.tan",
    "chlo.zeta",
)


@batch("chlo.top_k", any_size=True)
def top_k(op, x):
    """The greatest elements of the last axis, whatever stands before it."""
    return hlo.remake(op, [x], types=batched_types(op, x.shape[0]))
