"""Derivatives of convolutions and of sums and choices over windows, of any shape that fits."""

from __future__ import annotations

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from jax import lax

from tests.passes.derivatives.other_cases import real
from tests.passes.derivatives.witness import check

SMALL = st.integers(1, 3)


class Axis:
    """One spatial axis: sizes, padding, and the three distances."""

    def __init__(self, draw: st.DrawFn):
        self.size, self.window = draw(st.integers(1, 6)), draw(SMALL)
        self.stride, self.dilation, self.base = draw(SMALL), draw(SMALL), draw(SMALL)
        self.padding = draw(st.integers(-2, 3)), draw(st.integers(-2, 3))
        reach = (self.size - 1) * self.base + 1 + sum(self.padding)
        assume(reach >= (self.window - 1) * self.dilation + 1)


@st.composite
def axes(draw: st.DrawFn, count: int) -> list[Axis]:
    return [Axis(draw) for _ in range(count)]


@settings(max_examples=8)
@given(axes(2), st.sampled_from([(1, 1), (2, 1), (1, 2)]))
def test_any_convolution(space: list[Axis], groups: tuple[int, int]):
    by_feature, by_batch = groups
    in_order = space[::-1]  # JAX takes the axes in the order in which the kernel has them: W, H

    def convolve(x, kernel):
        return lax.conv_general_dilated(
            x,
            kernel,
            [axis.stride for axis in in_order],
            [axis.padding for axis in in_order],
            [axis.base for axis in in_order],
            [axis.dilation for axis in in_order],
            ("HNWC", "OWIH", "NCHW"),
            by_feature,
            by_batch,
        )

    x = real(space[0].size, 3 * by_batch, space[1].size, 2 * by_feature)
    kernel = real(4, space[1].window, 2, space[0].window)
    check(convolve, x, kernel, contains="stablehlo.convolution", difference=True)


@settings(max_examples=8)
@given(axes(2), st.sampled_from([lax.add, lax.max, lax.min]))
def test_any_windows(space: list[Axis], combine):
    def reduce(x):
        initial = {lax.add: 0.0, lax.max: -np.inf, lax.min: np.inf}[combine]
        return lax.reduce_window(
            x,
            initial,
            combine,
            [axis.window for axis in space],
            [axis.stride for axis in space],
            [axis.padding for axis in space],
            [axis.base for axis in space],
            [axis.dilation for axis in space],
        )

    check(reduce, real(*(axis.size for axis in space)), contains="stablehlo.reduce_window", reference=False)
