"""Derivatives of the Cholesky factorisation and of triangular solves, as compositions of linear maps.

Source: Murray 2016, "Differentiation of the Cholesky decomposition", arXiv:1602.07527; Giles 2008,
"Collected matrix derivative results for forward and reverse mode algorithmic differentiation".
"""

from __future__ import annotations

from stablelift.ir import hlo
from stablelift.ir.matrices import Triangular, adjoint, half_on_diagonal, matmul, transposed, triangle
from stablelift.ir.tensor import Tensor
from stablelift.passes.derivatives.table import NEGATION, LinearMap, compose, linear_maps, scale_by

CONJUGATE = LinearMap(hlo.conj, hlo.conj)
TRANSPOSE = LinearMap(transposed, transposed)
ADJOINT = LinearMap(adjoint, adjoint)
PLUS_ADJOINT = LinearMap(lambda t: t + adjoint(t), lambda ct: ct + adjoint(ct))


def _times(x: Tensor, *, left: bool) -> LinearMap:
    """The product with `x`, which stands on the left or on the right."""
    if left:
        return LinearMap(lambda t: matmul(x, t), lambda ct: matmul(transposed(x), ct))
    return LinearMap(lambda t: matmul(t, x), lambda ct: matmul(ct, transposed(x)))


def _solving(form: Triangular, a: Tensor) -> LinearMap:
    return LinearMap(lambda t: form.solve(a, t), lambda ct: form.transposed().solve(a, ct))


def _part(*, lower: bool, strict: bool = False) -> LinearMap:
    """Zeros outside of one triangle."""

    def masked(t: Tensor) -> Tensor:
        return triangle(t, lower=lower, strict=strict)

    return LinearMap(masked, masked)


@linear_maps("stablehlo.triangular_solve")
def triangular_solve(op, x, a, b):
    """op(A) X = B gives op(A) dX = dB - op(dA) X, with the triangle of dA that is read of A; mirrored on the
    right."""
    form = Triangular.of(op)
    solving = _solving(form, a)
    turning = [TRANSPOSE] * form.transpose + [CONJUGATE] * form.conjugate
    read = _part(lower=form.lower, strict=form.unit)
    return compose(read, NEGATION, *turning, _times(x, left=not form.left), solving), solving


@linear_maps("stablehlo.cholesky")
def cholesky(op, y, a):
    """A = L Lᴴ gives dL = L Φ(L⁻¹ dA L⁻ᴴ): Φ takes the lower triangle, with half of the diagonal.

    Of A one triangle is read, so dA is the Hermitian matrix Φ(dA) + Φ(dA)ᴴ. An upper factor is Lᴴ.
    """
    is_lower = op.lower is not None and op.lower.value
    factor = triangle(y if is_lower else adjoint(y), lower=True)
    turning = [ADJOINT] * (not is_lower)
    phi = compose(_part(lower=True), scale_by(half_on_diagonal(factor)))
    from_left = _solving(Triangular(left=True, lower=True), factor)
    from_right = _solving(Triangular(left=False, lower=True, transpose=True, conjugate=True), factor)
    hermitian = compose(phi, PLUS_ADJOINT)
    return compose(*turning, hermitian, from_left, from_right, phi, _times(factor, left=True), *turning)
