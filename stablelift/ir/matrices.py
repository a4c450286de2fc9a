"""Matrices in the last two axes: products, transposes, triangles and triangular solves.

Products ask for the highest precision, since they stand beside factorisations that work in it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from stablelift.ir import attr, hlo
from stablelift.ir.mlir import ir, stablehlo
from stablelift.ir.tensor import Tensor, emit
from stablelift.ir.types import i32, tensor_type


def matmul(x: Tensor, y: Tensor) -> Tensor:
    """The product of two matrices, for each of the leading axes that both have."""
    leading = list(range(x.rank - 2))
    dims = stablehlo.DotDimensionNumbers.get(leading, leading, [x.rank - 1], [y.rank - 2])
    highest = stablehlo.PrecisionAttr.get("HIGHEST")
    attributes = {"dot_dimension_numbers": dims, "precision_config": ir.ArrayAttr.get([highest, highest])}
    type = tensor_type([*x.shape[:-1], y.shape[-1]], x.element_type)
    return emit("stablehlo.dot_general", x, y, attributes=attributes, type=type)


def transposed(x: Tensor) -> Tensor:
    return hlo.transpose(x, [*range(x.rank - 2), x.rank - 1, x.rank - 2])


def adjoint(x: Tensor) -> Tensor:
    """The conjugate transpose."""
    return hlo.conj(transposed(x))


def triangle(x: Tensor, *, lower: bool, strict: bool = False) -> Tensor:
    """`x` with zeros outside of one triangle; `strict`: on the diagonal too."""
    row, column = _places(x)
    inside = hlo.compare(row, ("G" if lower else "L") + ("T" if strict else "E"), column)
    return hlo.select(inside, x, hlo.zeros_like(x))


def half_on_diagonal(x: Tensor) -> Tensor:
    """A constant of x's type: 1/2 on the diagonal, 1 elsewhere."""
    row, column = _places(x)
    return hlo.select(hlo.compare(row, "EQ", column), hlo.constant(0.5, x.type), hlo.constant(1, x.type))


def _places(x: Tensor) -> tuple[Tensor, Tensor]:
    """The row and the column of each element."""
    element = i32()
    return hlo.iota(x.shape, x.rank - 2, element), hlo.iota(x.shape, x.rank - 1, element)


@dataclass(frozen=True)
class Triangular:
    """How a triangular matrix A enters a product, op(A) X with `left` or X op(A), and which part of it is
    read.

    op transposes, conjugates, or does both. `unit`: the diagonal is taken to be 1, whatever is stored there.
    """

    left: bool
    lower: bool
    unit: bool = False
    transpose: bool = False
    conjugate: bool = False

    @staticmethod
    def of(op: Any) -> Triangular:
        """The form of a `stablehlo.triangular_solve`."""
        kind = stablehlo.TransposeAttr(op.transpose_a).value
        return Triangular(
            left=op.left_side.value,
            lower=op.lower.value,
            unit=op.unit_diagonal.value,
            transpose=kind != "NO_TRANSPOSE",
            conjugate=kind == "ADJOINT",
        )

    def transposed(self) -> Triangular:
        return replace(self, transpose=not self.transpose)

    def solve(self, a: Tensor, b: Tensor) -> Tensor:
        """The X whose product with op(A) is `b`."""
        kind = ("ADJOINT" if self.conjugate else "TRANSPOSE") if self.transpose else "NO_TRANSPOSE"
        attributes = {
            "left_side": attr.boolean(self.left),
            "lower": attr.boolean(self.lower),
            "unit_diagonal": attr.boolean(self.unit),
            "transpose_a": stablehlo.TransposeAttr.get(kind),
        }
        a = hlo.conj(a) if self.conjugate and not self.transpose else a
        return emit("stablehlo.triangular_solve", a, b, attributes=attributes, type=b.type)
