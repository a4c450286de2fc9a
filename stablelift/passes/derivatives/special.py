"""Derivatives of CHLO's special functions: some are each other's, some are elementary."""

from __future__ import annotations

import math

from stablelift.ir import hlo
from stablelift.passes.derivatives.bessel import bessel_i0e
from stablelift.passes.derivatives.table import divide_by, linear_maps, partials, unsupported

# Inverse trigonometric and hyperbolic functions ---------------------------------------------------


@partials("chlo.asin")
def asin(y, x):
    """1 - x², factored here and below: it keeps its digits where |x| is near 1."""
    return hlo.rsqrt((1 - x) * (1 + x))


@partials("chlo.acos")
def acos(y, x):
    return -hlo.rsqrt((1 - x) * (1 + x))


@linear_maps("chlo.atan")
def atan(op, y, x):
    return divide_by(1 + x * x)


@partials("chlo.sinh")
def sinh(y, x):
    return hlo.cosh(x)


@partials("chlo.cosh")
def cosh(y, x):
    return hlo.sinh(x)


@partials("chlo.asinh")
def asinh(y, x):
    return hlo.rsqrt(x * x + 1)


@partials("chlo.acosh")
def acosh(y, x):
    """1 / sqrt(x² - 1), the root of each factor: their product has the branch cut of acosh, x² - 1 another.
    """
    return hlo.rsqrt(x - 1) * hlo.rsqrt(x + 1)


@linear_maps("chlo.atanh")
def atanh(op, y, x):
    return divide_by((1 - x) * (1 + x))


# The error function -------------------------------------------------------------------------------


@partials("chlo.erf")
def erf(y, x):
    return 2 / math.sqrt(math.pi) * hlo.exponential(-(x * x))


@partials("chlo.erfc")
def erfc(y, x):
    return -2 / math.sqrt(math.pi) * hlo.exponential(-(x * x))


@partials("chlo.erf_inv")
def erf_inv(y, x):
    return math.sqrt(math.pi) / 2 * hlo.exponential(y * y)


# Gamma, zeta and Bessel functions -----------------------------------------------------------------


@partials("chlo.lgamma")
def lgamma(y, x):
    return hlo.digamma(x)


@partials("chlo.digamma")
def digamma(y, x):
    return hlo.polygamma(hlo.constant(1, x.type), x)


@linear_maps("chlo.polygamma")
def polygamma(op, y, order, x):
    return unsupported(op, "its order"), lambda: hlo.polygamma(order + 1, x)


@linear_maps("chlo.zeta")
def zeta(op, y, s, q):
    return unsupported(op, "its exponent"), lambda: -s * hlo.zeta(s + 1, q)


@partials("chlo.bessel_i1e")
def bessel_i1e(y, x):
    """exp(-|x|) I1(x): I1' = I0 - I1 / x, which is 1/2 at zero."""
    regular = hlo.compare(hlo.abs(x), "GT", hlo.epsilon(x.element_type))
    away = hlo.select(regular, x, hlo.constant(1, x.type))
    slope = bessel_i0e(away) - y * (hlo.sign(away) + 1 / away)
    return hlo.select(regular, slope, hlo.constant(0.5, x.type))
