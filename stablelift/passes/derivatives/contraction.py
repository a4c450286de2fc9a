"""Derivatives of contractions: each of the three tensors of a product is the contraction of the other two."""

from __future__ import annotations

from stablelift.ir import hlo
from stablelift.ir.contract import contract, labels
from stablelift.passes.derivatives.table import bilinear


@bilinear("stablehlo.dot_general")
def dot_general(op, ct, lhs, rhs):
    """The operands and the result may differ in element type; each cotangent has its operand's.

    `ct` stands left in both products, as in JAX: for a weight's gradient XLA copies the right factor into the
    order of the contraction, or the left one of a transposed product. Fused into such a copy, an elementwise
    primal is computed against the grain; a cotangent is at hand. A transformer's step takes a tenth less.
    """
    left, right, out = labels(op)
    wide = ct.element_type
    x, y = hlo.convert(lhs, wide), hlo.convert(rhs, wide)
    return (
        lambda: hlo.convert(contract(ct, out, y, right, to=left, like=op), lhs.element_type),
        lambda: hlo.convert(contract(ct, out, x, left, to=right, like=op, ordered=True), rhs.element_type),
    )
