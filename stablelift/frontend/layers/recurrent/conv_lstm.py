"""ConvLSTMCell: a long short-term memory of images, whose contractions are convolutions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp

from stablelift.frontend.calling import compact, nowrap
from stablelift.frontend.layers import initializers
from stablelift.frontend.layers.activation import sigmoid, tanh
from stablelift.frontend.layers.linear.convolution import Conv
from stablelift.frontend.layers.recurrent.cell import RNNCellBase, initial_pair


class ConvLSTMCell(RNNCellBase):
    """The function of LSTMCell with convolutions, gates that are sigmoids, and 1 added to the forget gate.

    Fields: `features`, the channels of the states; `kernel_size`, `strides`, `padding` and `use_bias` of both
    convolutions, as in Conv; `dtype`, to compute in (None: promoted); `param_dtype`; `carry_init`, of the
    first carry. Parameters: ih {kernel [*kernel_size, n, 4 features], bias [4 features]}, hh {kernel
    [*kernel_size, features, 4 features], bias [4 features]}. Source: Shi et al. 2015, arXiv:1506.04214.
    """

    features: int
    kernel_size: Sequence[int]
    strides: Sequence[int] | None = None
    padding: Any = "SAME"
    use_bias: bool = True
    dtype: Any = None
    param_dtype: Any = jnp.float32
    carry_init: Callable[..., Any] = initializers.zeros_init()

    @compact
    def __call__(self, carry: tuple[Any, Any], inputs: Any) -> tuple[tuple[Any, Any], Any]:
        """Shapes: carry (c, h), each [*batch, *spatial, features], inputs [*batch, *spatial, n]
        -> the new carry, the new h."""
        old, hidden = carry
        gates = self._convolution("ih")(inputs) + self._convolution("hh")(hidden)
        i, g, f, o = jnp.split(gates, 4, axis=-1)
        new = sigmoid(f + 1) * old + sigmoid(i) * tanh(g)
        hidden = sigmoid(o) * tanh(new)
        return (new, hidden), hidden

    @nowrap
    def _convolution(self, name: str) -> Conv:
        return Conv(
            4 * self.features,
            self.kernel_size,
            strides=self.strides,
            padding=self.padding,
            use_bias=self.use_bias,
            dtype=self.dtype,
            param_dtype=self.param_dtype,
            name=name,
        )

    @nowrap
    def initialize_carry(self, rng: Any, input_shape: tuple[int, ...]) -> tuple[Any, Any]:
        """Two arrays [*batch, *spatial, features] of `param_dtype`, for inputs [*batch, *spatial, n]."""
        return initial_pair(self, rng, (*input_shape[:-1], self.features))

    @property
    def num_feature_axes(self) -> int:
        """The spatial axes and the channels."""
        return len(self.kernel_size) + 1
