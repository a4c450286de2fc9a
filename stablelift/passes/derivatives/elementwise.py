"""Derivatives of elementwise ops: each is its table of partial derivatives.

Where an op has no derivative (ties, zeros, kinks), the value is JAX's, named at the rule.
"""

from __future__ import annotations

from stablelift.ir import hlo
from stablelift.ir.reduction import reduce_sum
from stablelift.ir.tensor import Tensor
from stablelift.passes.derivatives.table import (
    IDENTITY,
    NEGATION,
    LinearMap,
    divide_by,
    linear_maps,
    locally_constant,
    partials,
    transposition,
)

locally_constant(
    "stablehlo.bitcast_convert",
    "stablehlo.ceil",
    "stablehlo.floor",
    "stablehlo.round_nearest_afz",
    "stablehlo.round_nearest_even",
    "stablehlo.sign",
)

# Ops on integers and booleans, and ops that give them.
locally_constant(
    "chlo.is_inf",
    "chlo.is_neg_inf",
    "chlo.is_pos_inf",
    "chlo.mulhi",
    "stablehlo.and",
    "stablehlo.compare",
    "stablehlo.count_leading_zeros",
    "stablehlo.is_finite",
    "stablehlo.not",
    "stablehlo.or",
    "stablehlo.popcnt",
    "stablehlo.shift_left",
    "stablehlo.shift_right_arithmetic",
    "stablehlo.shift_right_logical",
    "stablehlo.xor",
)

# Values that nothing flows into, and drawn bits.
locally_constant(
    "chlo.constant",
    "chlo.constant_like",
    "lift.random_bits",
    "lift.threefry2x32",
    "stablehlo.after_all",
    "stablehlo.constant",
    "stablehlo.create_token",
    "stablehlo.dynamic_iota",
    "stablehlo.get_dimension_size",
    "stablehlo.iota",
    "stablehlo.partition_id",
    "stablehlo.replica_id",
    "stablehlo.rng_bit_generator",
)


# Arithmetic ---------------------------------------------------------------------------------------


@linear_maps("stablehlo.add")
def add(op, y, a, b):
    return IDENTITY, IDENTITY


@linear_maps("stablehlo.subtract")
def subtract(op, y, a, b):
    return IDENTITY, NEGATION


@linear_maps("stablehlo.negate")
def negate(op, y, x):
    return NEGATION


@partials("stablehlo.multiply")
def multiply(y, a, b):
    return b, a


@linear_maps("stablehlo.divide")
def divide(op, y, a, b):
    return divide_by(b), lambda: -y / b


@linear_maps("stablehlo.remainder")
def remainder(op, y, a, b):
    """a - b trunc(a / b), where trunc is constant between its steps."""

    def minus_truncated():
        quotient = a / b
        return -hlo.sign(quotient) * hlo.floor(hlo.abs(quotient))

    return IDENTITY, minus_truncated


@partials("chlo.square")
def square(y, x):
    return 2 * x


@linear_maps("chlo.next_after")
def next_after(op, y, x, towards):
    """A rounding of x: it moves as x does."""
    return IDENTITY, None


# Powers, exponentials and logarithms --------------------------------------------------------------


@partials("stablehlo.power")
def power(y, x, p):
    """At p = 0 the power is constant in x, x = 0 included; at x = 0 the logarithm counts as 0, as in JAX."""

    def by_base():
        return hlo.select(hlo.compare(p, "EQ", 0), hlo.zeros_like(p), nonzero(p) * hlo.power(x, p - 1))

    return by_base, lambda: hlo.log(nonzero(x)) * y


@partials("stablehlo.sqrt")
def sqrt(y, x):
    return 0.5 / y


@partials("stablehlo.rsqrt")
def rsqrt(y, x):
    return -0.5 * (y / x)


@partials("stablehlo.cbrt")
def cbrt(y, x):
    return (1 / 3) / (y * y)


@partials("stablehlo.exponential")
def exponential(y, x):
    return y


@partials("stablehlo.exponential_minus_one")
def exponential_minus_one(y, x):
    return y + 1


@linear_maps("stablehlo.log")
def log(op, y, x):
    return divide_by(x)


@linear_maps("stablehlo.log_plus_one")
def log_plus_one(op, y, x):
    return divide_by(x + 1)


@partials("stablehlo.logistic")
def logistic(y, x):
    return y * (1 - y)


@partials("stablehlo.tanh")
def tanh(y, x):
    """1 - y², factored: the product keeps its digits where |y| is near 1."""
    return (1 - y) * (1 + y)


# Trigonometry -------------------------------------------------------------------------------------


@partials("stablehlo.sine")
def sine(y, x):
    return hlo.cosine(x)


@partials("stablehlo.cosine")
def cosine(y, x):
    return -hlo.sine(x)


@partials("stablehlo.tan", "chlo.tan")
def tan(y, x):
    return 1 + y * y


@partials("stablehlo.atan2")
def atan2(y, a, b):
    """The angle of the point (b, a)."""
    return lambda: b / (a * a + b * b), lambda: -a / (a * a + b * b)


# Choices: the convention at a tie is JAX's --------------------------------------------------------


@linear_maps("stablehlo.abs")
def abs(op, y, x):
    """The sign of x, 1 at zero; for complex x the component of the tangent along x, none at zero."""
    if not hlo.is_complex(x):
        rising = hlo.compare(x, "GE", 0)
        return _symmetric(lambda t: hlo.select(rising, t, -t))
    direction = hlo.conj(x) / hlo.convert(nonzero(y), x.element_type)
    return LinearMap(lambda t: hlo.real(t * direction), lambda ct: _as_complex(ct) * direction)


@partials("stablehlo.maximum", "stablehlo.minimum")
def maximum(y, a, b):
    """1 for the operand that is the result; operands that are equal share evenly."""
    return lambda: _share(a, y, b), lambda: _share(b, y, a)


def _share(chosen: Tensor, y: Tensor, other: Tensor) -> Tensor:
    alone = hlo.select(hlo.compare(other, "EQ", y), hlo.constant(0.5, y.type), hlo.constant(1, y.type))
    return hlo.select(hlo.compare(chosen, "EQ", y), alone, hlo.zeros_like(y))


@linear_maps("stablehlo.clamp")
def clamp(op, y, low, x, high):
    """A tangent passes from x strictly inside of the bounds, and from a bound strictly outside."""
    full_low, full_high = _spread(low, x.shape), _spread(high, x.shape)

    def where(condition: Tensor, operand: Tensor) -> LinearMap:
        scalar_bound = operand.shape != x.shape

        def apply(t: Tensor) -> Tensor:
            return hlo.select(condition, _spread(t, x.shape), hlo.zeros_like(x))

        def transpose(ct: Tensor) -> Tensor:
            passed = hlo.select(condition, ct, hlo.zeros_like(x))
            return reduce_sum(passed, range(x.rank)) if scalar_bound else passed

        return LinearMap(apply, transpose)

    def both(a: tuple, b: tuple) -> Tensor:
        return hlo.logical_and(hlo.compare(*a), hlo.compare(*b))

    return (
        lambda: where(both((full_low, "GT", x), (full_low, "LT", full_high)), low),
        lambda: where(both((x, "GT", full_low), (x, "LT", full_high)), x),
        lambda: where(hlo.compare(full_high, "LT", x), high),
    )


@transposition("stablehlo.select")
def select(op, ct):
    zeros = hlo.zeros_like(ct)
    predicate = Tensor(op.pred)
    return (
        None,
        lambda: hlo.select(predicate, ct, zeros),
        lambda: hlo.select(predicate, zeros, ct),
    )


# Representations ----------------------------------------------------------------------------------


@transposition("stablehlo.convert")
def convert(op, ct):
    """From complex to real the conversion drops the imaginary part, which is the transpose of adding a zero
    one.
    """
    return hlo.convert(ct, op.operand.type.element_type)


@transposition("stablehlo.reduce_precision")
def reduce_precision(op, ct):
    return hlo.remake(op, [ct])


@transposition("stablehlo.real")
def real(op, ct):
    return _as_complex(ct) if hlo.is_complex(Tensor(op.operand)) else ct


@transposition("stablehlo.imag")
def imag(op, ct):
    """The coordinates of a complex cotangent are (re, -im): the pairing is Re(ct t), nothing conjugated."""
    if not hlo.is_complex(Tensor(op.operand)):
        return None
    return hlo.complex(hlo.zeros_like(ct), -ct)


@transposition("stablehlo.complex")
def complex(op, ct):
    return lambda: hlo.real(ct), lambda: -hlo.imag(ct)


@transposition("chlo.conj")
def conj(op, ct):
    return hlo.conj(ct)


# --------------------------------------------------------------------------------------------------


def nonzero(x: Tensor) -> Tensor:
    """`x`, with 1 in the place of zeros."""
    return hlo.select(hlo.compare(x, "EQ", 0), hlo.constant(1, x.type), x)


def _symmetric(function) -> LinearMap:
    return LinearMap(function, function)


def _as_complex(x: Tensor) -> Tensor:
    return hlo.complex(x, hlo.zeros_like(x))


def _spread(x: Tensor, shape: tuple[int, ...]) -> Tensor:
    """A scalar repeated to `shape`; a tensor of that shape as it is."""
    return x if x.shape == shape else hlo.broadcast_in_dim(x, shape, [])
