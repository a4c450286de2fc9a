"""The derivative of `stablehlo.rng`: the draw is fixed, and the parameters move and stretch it."""

from __future__ import annotations

from stablelift.ir import hlo
from stablelift.ir.mlir import stablehlo
from stablelift.ir.reduction import reduce_sum
from stablelift.ir.tensor import Tensor
from stablelift.passes.derivatives.table import LinearMap, linear_maps


@linear_maps("stablehlo.rng")
def rng(op, y, a, b, shape):
    """Uniform between a and b: y = a + u (b - a). Normal of mean a and deviation b: y = a + z b."""
    low, scale = hlo.broadcast_in_dim(a, y.shape, []), hlo.broadcast_in_dim(b, y.shape, [])
    is_uniform = stablehlo.RngDistributionAttr(op.rng_distribution).value == "UNIFORM"

    def drawn() -> Tensor:
        return (y - low) / (scale - low if is_uniform else scale)

    def of_first() -> LinearMap:
        return _from_scalar(1 - drawn() if is_uniform else hlo.constant(1, y.type))

    return of_first, lambda: _from_scalar(drawn()), None


def _from_scalar(factor: Tensor) -> LinearMap:
    """A scalar, repeated, times `factor`."""
    return LinearMap(
        lambda t: hlo.broadcast_in_dim(t, factor.shape, []) * factor,
        lambda ct: reduce_sum(ct * factor, range(factor.rank)),
    )
