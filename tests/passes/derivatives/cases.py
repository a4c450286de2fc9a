"""For every op that has a derivative rule, functions that use it, and where they are tested.

`UNARY` and `BINARY` are elementwise ops with their domains; `OTHERS` names a function and its arguments'
shapes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
from jax import lax

REAL = (-3.0, 3.0)
POSITIVE = (0.2, 4.0)
UNIT = (-0.9, 0.9)


class Elementwise(NamedTuple):
    """A function of lax, the range of its arguments, and whether it takes complex ones."""

    function: Callable
    domain: tuple[float, float] = REAL
    complex: bool = False


UNARY: dict[str, Elementwise] = {
    "chlo.acos": Elementwise(lax.acos, UNIT, True),
    "chlo.acosh": Elementwise(lax.acosh, (1.1, 4.0), True),
    "chlo.asin": Elementwise(lax.asin, UNIT, True),
    "chlo.asinh": Elementwise(lax.asinh, REAL, True),
    "chlo.atan": Elementwise(lax.atan, REAL, True),
    "chlo.atanh": Elementwise(lax.atanh, UNIT, True),
    "chlo.bessel_i1e": Elementwise(lax.bessel_i1e, (-20.0, 20.0)),
    "chlo.cosh": Elementwise(lax.cosh, REAL, True),
    "chlo.digamma": Elementwise(lax.digamma, POSITIVE),
    "chlo.erf": Elementwise(lax.erf),
    "chlo.erf_inv": Elementwise(lax.erf_inv, UNIT),
    "chlo.erfc": Elementwise(lax.erfc),
    "chlo.lgamma": Elementwise(lax.lgamma, POSITIVE),
    "chlo.polygamma": Elementwise(lambda x: lax.polygamma(jnp.full_like(x, 2), x), POSITIVE),
    "chlo.sinh": Elementwise(lax.sinh, REAL, True),
    "chlo.square": Elementwise(lax.square, REAL, True),
    "chlo.zeta": Elementwise(lambda x: lax.zeta(jnp.full_like(x, 2.5), x), POSITIVE),
    "stablehlo.abs": Elementwise(lax.abs, REAL, True),
    "stablehlo.cbrt": Elementwise(lax.cbrt, POSITIVE),
    "stablehlo.ceil": Elementwise(lax.ceil),
    "stablehlo.cosine": Elementwise(lax.cos, REAL, True),
    "stablehlo.exponential": Elementwise(lax.exp, REAL, True),
    "stablehlo.exponential_minus_one": Elementwise(lax.expm1, REAL, True),
    "stablehlo.floor": Elementwise(lax.floor),
    "stablehlo.log": Elementwise(lax.log, POSITIVE, True),
    "stablehlo.log_plus_one": Elementwise(lax.log1p, POSITIVE, True),
    "stablehlo.logistic": Elementwise(lax.logistic, REAL, True),
    "stablehlo.negate": Elementwise(lax.neg, REAL, True),
    "stablehlo.reduce_precision": Elementwise(lambda x: lax.reduce_precision(x, 5, 10)),
    "stablehlo.round_nearest_afz": Elementwise(lambda x: lax.round(x, lax.RoundingMethod.AWAY_FROM_ZERO)),
    "stablehlo.round_nearest_even": Elementwise(lambda x: lax.round(x, lax.RoundingMethod.TO_NEAREST_EVEN)),
    "stablehlo.rsqrt": Elementwise(lax.rsqrt, POSITIVE, True),
    "stablehlo.sign": Elementwise(lax.sign),
    "stablehlo.sine": Elementwise(lax.sin, REAL, True),
    "stablehlo.sqrt": Elementwise(lax.sqrt, POSITIVE, True),
    "stablehlo.tan": Elementwise(lax.tan, UNIT, True),
    "stablehlo.tanh": Elementwise(lax.tanh, REAL, True),
}

BINARY: dict[str, Elementwise] = {
    "chlo.next_after": Elementwise(lax.nextafter),
    "stablehlo.add": Elementwise(lax.add, REAL, True),
    "stablehlo.atan2": Elementwise(lax.atan2),
    "stablehlo.divide": Elementwise(lax.div, POSITIVE, True),
    "stablehlo.maximum": Elementwise(lax.max),
    "stablehlo.minimum": Elementwise(lax.min),
    "stablehlo.multiply": Elementwise(lax.mul, REAL, True),
    "stablehlo.power": Elementwise(lax.pow, POSITIVE, True),
    "stablehlo.remainder": Elementwise(lax.rem, POSITIVE),
    "stablehlo.subtract": Elementwise(lax.sub, REAL, True),
}
