"""ConvLocal: a convolution whose kernel is another one at every position."""

from __future__ import annotations

import math
from typing import Any

import jax
from jax import lax

from stablelift.errors import LayerArgumentError
from stablelift.frontend.calling import nowrap
from stablelift.frontend.layers.linear.convolution import AnyConv, channels_last


class ConvLocal(AnyConv):
    """A locally connected layer: the windows of a convolution, and weights of its own for each of them.

    The fields are those of Conv; there are no groups. Parameters: kernel [*positions, prod(kernel_size) * n,
    features], in which the window's channels are outermost, bias [*positions, features].
    Source: LeCun 1989, "Generalization and network design strategies".
    """

    @nowrap
    def parameter_shapes(self, inputs: Any, padding: Any) -> Any:
        """The shapes of the kernel and of the bias. Raises: LayerArgumentError for groups."""
        if self.feature_group_count != 1:
            raise LayerArgumentError(
                f"`feature_group_count` is {self.feature_group_count}, and local convolutions have no groups",
                hint="use Conv, or split the channels",
                module=self,
            )
        channels = inputs.shape[-1]
        kernel = jax.ShapeDtypeStruct((*self.window, channels, self.features), inputs.dtype)
        made = jax.eval_shape(lambda x, k: self.convolve_general(x, k, padding), inputs, kernel)
        positions = made.shape[1:-1]
        inner = math.prod(self.window) * channels
        return (*positions, inner, self.features), (*positions, self.features)

    @nowrap
    def convolve(self, inputs: Any, kernel: Any, padding: Any) -> Any:
        """Shapes: inputs [b, *spatial, n] -> [b, *positions, features]."""
        return lax.conv_general_dilated_local(
            inputs,
            kernel,
            self.for_each_axis("strides"),
            padding,
            self.window,
            **self.dilations(),
            dimension_numbers=channels_last(inputs.ndim),
            precision=self.precision,
        )
