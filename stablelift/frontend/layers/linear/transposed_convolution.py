"""ConvTranspose: the transposition of a strided convolution, which enlarges its input."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp
from jax import lax

from stablelift.frontend.calling import compact
from stablelift.frontend.layers import initializers
from stablelift.frontend.layers.axes import as_tuple
from stablelift.frontend.layers.dtypes import promote_dtype as promote
from stablelift.frontend.layers.linear.convolution import masked, numbers_per_axis, one_batch_axis
from stablelift.frontend.layers.linear.dense import default_kernel_init
from stablelift.frontend.layers.linear.padding import canonicalize_padding, check_name
from stablelift.frontend.module import Module


class ConvTranspose(Module):
    """A convolution with strides below one: each stride puts that many outputs between two inputs.

    `padding` is 'SAME' (the output has `strides` times the input's size), 'SAME_LOWER', 'VALID',
    'CIRCULAR' (as 'SAME', what sticks out comes in at the other end) or numbers for JAX's `conv_transpose`.
    `transpose_kernel` flips the kernel and swaps its channels, so that the layer with the kernel of a Conv
    is its transposition. The other fields are those of Conv.

    Parameters: kernel [*kernel_size, n, features] ([*kernel_size, features, n] if transposed), bias
    [features]. Source: Zeiler et al. 2010, doi:10.1109/CVPR.2010.5539957.
    """

    features: int
    kernel_size: int | Sequence[int]
    strides: Sequence[int] | None = None
    padding: Any = "SAME"
    kernel_dilation: Sequence[int] | None = None
    use_bias: bool = True
    mask: Any = None
    dtype: Any = None
    param_dtype: Any = jnp.float32
    precision: Any = None
    kernel_init: Callable[..., Any] = default_kernel_init
    bias_init: Callable[..., Any] = initializers.zeros_init()
    transpose_kernel: bool = False
    promote_dtype: Callable[..., Any] = promote
    preferred_element_type: Any = None

    @compact
    def __call__(self, inputs: Any) -> Any:
        """Shapes: inputs [*batch, *spatial, n] -> [*batch, *positions, features].

        Any number of batch axes, also none. Raises: LayerArgumentError if the input has too few axes, the
        padding does not suit, or the mask is not shaped as the kernel.
        """
        window = as_tuple(self.kernel_size)
        strides = numbers_per_axis(self, "strides", len(window))
        inputs, batch = one_batch_axis(self, jnp.asarray(inputs), len(window))
        spatial, channels = inputs.shape[1:-1], inputs.shape[-1]
        outer = (self.features, channels) if self.transpose_kernel else (channels, self.features)
        kernel = self.param("kernel", self.kernel_init, (*window, *outer), self.param_dtype)
        kernel = masked(self, kernel)
        bias = None
        if self.use_bias:
            bias = self.param("bias", self.bias_init, (self.features,), self.param_dtype)
        padding = canonicalize_padding(self.padding, len(window), self)
        check_name(padding, ("CIRCULAR",), self)
        inputs, kernel, bias = self.promote_dtype(inputs, kernel, bias, dtype=self.dtype)
        y = lax.conv_transpose(
            inputs,
            kernel,
            strides,
            "VALID" if padding == "CIRCULAR" else padding,
            rhs_dilation=numbers_per_axis(self, "kernel_dilation", len(window)),
            transpose_kernel=self.transpose_kernel,
            precision=self.precision,
            preferred_element_type=self.preferred_element_type,
        )
        if padding == "CIRCULAR":
            periods = [size * stride for size, stride in zip(spatial, strides, strict=True)]
            y = _folded(y, periods, centre_low=self.transpose_kernel)
        if bias is not None:
            y = y + jnp.reshape(bias, (1,) * (y.ndim - 1) + (-1,))
        return y if len(batch) == 1 else jnp.reshape(y, (*batch, *y.shape[1:]))


def _folded(y: Any, periods: Sequence[int], centre_low: bool) -> Any:
    """The spatial axes folded to the given periods: what lies a whole period apart is added up.

    The middle of the axis stays where it is. If the surplus is odd, the middle period starts at its lower or
    its upper half, as for the flipped kernel or the other one. Shapes: [b, *spatial, n] -> [b, *periods, n].
    """
    surplus = [-(size - period) % (2 * period) for size, period in zip(y.shape[1:-1], periods, strict=True)]
    around = [(extra // 2, (extra + 1) // 2) for extra in surplus]
    around = around if centre_low else [(high, low) for low, high in around]
    y = jnp.pad(y, [(0, 0), *around, (0, 0)])
    for axis, period in enumerate(periods, start=1):
        y = jnp.reshape(y, (*y.shape[:axis], -1, period, *y.shape[axis + 1 :])).sum(axis=axis)
    return y
