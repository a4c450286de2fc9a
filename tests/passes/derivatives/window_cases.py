"""Uses of the ops that move windows over a tensor: convolution, pooling, select_and_scatter."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from tests.passes.derivatives.other_cases import Case, case, cplx, real


def conv(
    x: np.ndarray, kernel: np.ndarray, dimensions: tuple[str, str, str], difference=True, **options
) -> Case:
    """A convolution with unit strides and without padding, but for the `options`."""
    options = {"window_strides": (1,) * (x.ndim - 2), "padding": [(0, 0)] * (x.ndim - 2)} | options

    def function(x, kernel):
        return lax.conv_general_dilated(x, kernel, dimension_numbers=dimensions, **options)

    return case(function, x, kernel, difference=difference)


NWC = ("NWC", "WIO", "NWC")
NCHW = ("NCHW", "OIHW", "NCHW")
MIXED = ("HNWC", "IWOH", "CHWN")

REVERSED = """func.func public @main(%x: tensor<2x7x3xf64>, %k: tensor<3x3x4xf64>) -> tensor<2x3x4xf64> {
  %y = stablehlo.convolution(%x, %k) dim_numbers = [b, 0, f]x[0, i, o]->[b, 0, f],
    window = {stride = [2], pad = [[1, 0]], reverse = [true]}
    {batch_group_count = 1 : i64, feature_group_count = 1 : i64}
    : (tensor<2x7x3xf64>, tensor<3x3x4xf64>) -> tensor<2x3x4xf64>
  return %y : tensor<2x3x4xf64> }"""

CONVOLUTION: list[Case] = [
    conv(real(2, 7, 3), real(3, 3, 4), NWC),
    conv(real(2, 8, 3), real(3, 3, 4), NWC, window_strides=(3,), padding=[(2, 1)]),
    conv(real(2, 9, 3), real(2, 3, 4), NWC, window_strides=(2,), padding=[(-1, -2)]),
    conv(real(2, 5, 3), real(3, 3, 4), NWC, lhs_dilation=(3,), rhs_dilation=(2,), padding=[(4, 3)]),
    conv(real(2, 7, 6), real(3, 2, 9), NWC, feature_group_count=3, window_strides=(2,)),
    conv(real(6, 7, 2), real(3, 2, 9), NWC, batch_group_count=3, window_strides=(2,), padding=[(1, 0)]),
    conv(
        real(2, 3, 6, 7),
        real(4, 3, 2, 3),
        NCHW,
        window_strides=(2, 3),
        padding=[(1, 0), (-1, 2)],
        rhs_dilation=(1, 2),
    ),
    conv(
        real(6, 2, 7, 4),
        real(2, 3, 6, 2),
        MIXED,
        feature_group_count=2,
        window_strides=(3, 2),
        lhs_dilation=(1, 2),
    ),
    conv(
        real(6, 4, 7, 3),
        real(3, 3, 6, 2),
        MIXED,
        batch_group_count=2,
        window_strides=(3, 2),
        padding=[(2, -1), (0, 1)],
    ),
    conv(cplx(2, 7, 3), cplx(3, 3, 4), NWC, window_strides=(2,)),
    conv(real(3, 4), real(4, 2), ("NC", "IO", "NC")),
    conv(real(2, 0, 3), real(3, 3, 4), NWC, padding=[(2, 1)]),
    conv(real(2, 7, 3), real(3, 3, 4), NWC, padding=[(-5, 0)]),
    case(
        lambda x, k: lax.conv_general_dilated(
            x.astype(jnp.bfloat16),
            k.astype(jnp.bfloat16),
            (2,),
            [(1, 0)],
            dimension_numbers=NWC,
            preferred_element_type=jnp.float32,
        ),
        real(2, 7, 3),
        real(3, 3, 4),
        difference=False,
        reference=False,
    ),
    case(
        lambda x, k: lax.conv_general_dilated(x, k[::-1], (2,), [(1, 0)], dimension_numbers=NWC),
        real(2, 7, 3),
        real(3, 3, 4),
        module=REVERSED,
    ),
]


def pool(x, window, strides, padding, base, dilation, initial, combine, **options) -> Case:
    def function(x, initial):
        return lax.reduce_window(
            x, initial, combine, window, strides, padding, base_dilation=base, window_dilation=dilation
        )

    return case(function, x, initial, **options)


def constant_pool(x, window, strides, padding, initial, combine, **options) -> Case:
    return case(lambda x: lax.reduce_window(x, initial, combine, window, strides, padding), x, **options)


def constant_max(x):
    return lax.reduce_window(x, -np.inf, lax.max, (2, 3), (1, 2), [(0, 1), (1, 1)])


def chosen_rider(x, rider):
    """The rider's elements where windows of x have their greatest."""

    def choose(old, new):
        kept = old[0] >= new[0]
        return tuple(lax.select(kept, a, b) for a, b in zip(old, new, strict=True))

    return lax.reduce_window((x, rider), (-np.inf, 0.0), choose, (2, 3), (1, 2), [(0, 0), (1, 0)])


def products(x):
    padding = [(1, 0), (2, 4)]
    return lax.reduce_window(x, 1.0, lax.mul, (2, 3), (2, 3), padding, (1, 3), (3, 2))


def affine_windows(x, factor):
    """Each window's affine maps x + factor t, one after the other: associative, not commutative."""

    def follow(first, then):
        return first[0] * then[1] + then[0], first[1] * then[1]

    return lax.reduce_window((x, factor), (0.0, 1.0), follow, (2, 3), (1, 2), [(0, 0), (1, 0)])


def scatter_module(
    padding: str, operand: str, result: str, combine: str = "add", strides: str = "3, 2"
) -> str:
    """A maximum selects, `combine` scatters; windows of 2 by 3."""
    return f"""
func.func public @main(%x: tensor<{operand}>, %s: tensor<{result}>, %i: tensor<f64>) -> tensor<{operand}> {{
  %y = "stablehlo.select_and_scatter"(%x, %s, %i) ({{
    ^bb0(%a: tensor<f64>, %b: tensor<f64>):
      %p = stablehlo.compare GE, %a, %b : (tensor<f64>, tensor<f64>) -> tensor<i1>
      stablehlo.return %p : tensor<i1>
  }}, {{
    ^bb0(%a: tensor<f64>, %b: tensor<f64>):
      %p = stablehlo.{combine} %a, %b : tensor<f64>
      stablehlo.return %p : tensor<f64>
  }}) {{window_dimensions = array<i64: 2, 3>, window_strides = array<i64: {strides}>,
        padding = dense<{padding}> : tensor<2x2xi64>}}
  : (tensor<{operand}>, tensor<{result}>, tensor<f64>) -> tensor<{operand}>
  return %y : tensor<{operand}> }}"""


def selected(x, source, initial, padding=((0, 0), (0, 0)), strides=(3, 2)):
    """What `scatter_module` computes, in terms of max-pooling's gradient."""

    def pooled(x):
        return lax.reduce_window(x, -np.inf, lax.max, (2, 3), strides, padding)

    return initial + jax.vjp(pooled, x)[1](source)[0]


def multiplied(x, source, initial):
    """The same with products, for windows that do not overlap."""
    ones = jnp.ones_like(source)
    chosen, factor = (selected(x, each, 0.0, strides=(3, 3)) for each in (ones, source))
    return initial * jnp.where(chosen > 0, factor, 1)


TIES = np.array([[1.0, 2.0, 2.0, 0.0, 2.0], [2.0, 2.0, 1.0, 0.0, 2.0], [0.0, 0.0, 0.0, 0.0, 0.0]])

POOLING: list[Case] = [
    constant_pool(real(5, 7), (2, 3), (1, 2), [(0, 0), (1, 1)], 0.0, lax.add),
    pool(real(5, 7), (2, 3), (2, 3), [(1, 0), (2, 4)], (1, 3), (3, 2), 0.0, lax.add, reference=False),
    pool(real(5, 7), (2, 3), (2, 3), [(-1, 0), (2, -2)], (1, 1), (1, 2), 0.3, lax.add, reference=False),
    pool(cplx(5, 7), (2, 3), (2, 3), [(1, 0), (0, 0)], (1, 1), (1, 1), 0j, lax.add, reference=False),
    constant_pool(real(5, 7), (2, 3), (1, 2), [(0, 1), (1, 1)], -np.inf, lax.max),
    constant_pool(real(5, 7), (2, 3), (1, 2), [(0, 1), (1, 1)], np.inf, lax.min),
    constant_pool(TIES, (2, 3), (1, 1), [(0, 0), (0, 1)], -np.inf, lax.max, difference=False),
    pool(real(5, 7), (2, 3), (2, 3), [(1, 0), (2, 4)], (1, 3), (3, 2), 0.3, lax.max, reference=False),
    pool(real(0, 7), (2, 3), (2, 3), [(3, 0), (2, 4)], (1, 3), (1, 2), 0.3, lax.max, reference=False),
    case(chosen_rider, real(5, 7), real(5, 7), reference=False),
    case(products, real(5, 7), reference=False),
    case(products, np.round(real(5, 7)), reference=False),
    constant_pool(real(5, 7), (2, 3), (1, 2), [(0, 0), (0, 0)], -np.inf, jnp.logaddexp, reference=False),
    case(affine_windows, real(5, 7), real(5, 7), reference=False),
    case(lambda x: jax.jvp(lambda x: constant_max(x), (x,), (jnp.cos(x),))[1], real(5, 7)),
    case(lambda x: jax.grad(lambda x: (constant_max(x) ** 2).sum())(x), real(5, 7)),
]

SCATTERING: list[Case] = [
    case(selected, real(5, 7), real(2, 3), real(), module=scatter_module("0", "5x7xf64", "2x3xf64")),
    case(
        selected,
        np.resize(TIES, (5, 7)),
        real(2, 3),
        real(),
        module=scatter_module("0", "5x7xf64", "2x3xf64"),
        difference=False,
    ),
    case(
        partial(selected, padding=((1, 0), (2, 1))),
        real(5, 7),
        real(2, 4),
        real(),
        module=scatter_module("[[1, 0], [2, 1]]", "5x7xf64", "2x4xf64"),
    ),
    case(
        multiplied,
        real(5, 6),
        real(2, 2),
        real(),
        module=scatter_module("0", "5x6xf64", "2x2xf64", "multiply", "3, 3"),
    ),
]

WINDOWS: dict[str, list[Case]] = {
    "stablehlo.convolution": CONVOLUTION,
    "stablehlo.reduce_window": POOLING,
    "stablehlo.select_and_scatter": SCATTERING,
}
