"""The scaled Bessel function exp(-|x|) I0(x), which no StableHLO or CHLO op computes, as Chebyshev series.

Two series, as in Cephes: in |x| up to 8, and of sqrt(|x|) exp(-|x|) I0(x) in 1 / |x| beyond. The
coefficients are interpolated from scipy's values when they are first needed; Clenshaw's recurrence sums
them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from stablelift.ir import hlo
from stablelift.ir.mlir import ir
from stablelift.ir.tensor import Tensor

_BORDER = 8.0


@cache
def _coefficients(num_terms: int) -> tuple[Sequence[float], Sequence[float]]:
    """The coefficients of both series, in t in [-1, 1]: t = |x| / 4 - 1 near zero, t = 16 / |x| - 1 far
    from it.
    """
    from scipy.special import i0e

    def far(t: np.ndarray) -> np.ndarray:
        x = 2 * _BORDER / (t + 1)
        return np.sqrt(x) * i0e(x)

    interpolate: Any = np.polynomial.chebyshev.chebinterpolate  # its stub knows functions of scalars only
    near = interpolate(lambda t: i0e(_BORDER * (t + 1) / 2), num_terms - 1)
    return tuple(near.tolist()), tuple(interpolate(far, num_terms - 1).tolist())


def bessel_i0e(x: Tensor) -> Tensor:
    """exp(-|x|) I0(x), elementwise, to the precision of x's element type (real)."""
    double = isinstance(x.element_type, ir.F64Type)
    near, far = _coefficients(34 if double else 20)
    size = hlo.abs(x if double else hlo.convert(x, ir.F32Type.get()))
    border = hlo.constant(_BORDER, size.type)
    inside, outside = hlo.minimum(size, border), hlo.maximum(size, border)
    of_near = _clenshaw(near, inside * (2 / _BORDER) - 1)
    of_far = _clenshaw(far, 2 * _BORDER / outside - 1) * hlo.rsqrt(outside)
    return hlo.convert(hlo.select(hlo.compare(size, "LE", border), of_near, of_far), x.element_type)


def _clenshaw(coefficients: Sequence[float], t: Tensor) -> Tensor:
    """The sum of coefficients[k] T_k(t)."""
    twice = 2 * t
    after, last = hlo.zeros_like(t), hlo.zeros_like(t)
    for coefficient in reversed(coefficients[1:]):
        after, last = last, twice * last - after + coefficient
    return t * last - after + coefficients[0]
