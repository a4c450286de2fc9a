"""Conv: one kernel at every position, and what other convolutions have in common with it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp
from jax import lax

from stablelift.errors import LayerArgumentError
from stablelift.frontend.calling import compact, nowrap
from stablelift.frontend.layers import initializers
from stablelift.frontend.layers.axes import as_tuple
from stablelift.frontend.layers.dtypes import promote_dtype as promote
from stablelift.frontend.layers.linear.dense import default_kernel_init
from stablelift.frontend.layers.linear.padding import (
    canonicalize_padding,
    check_name,
    pad_around,
    pad_before,
)
from stablelift.frontend.module import Module

_WRAPPED = {"CIRCULAR": "wrap", "REFLECT": "reflect"}


class AnyConv(Module):
    """What Conv and ConvLocal share: all but the shapes of the parameters and the convolution itself."""

    features: int
    kernel_size: int | Sequence[int]
    strides: None | int | Sequence[int] = 1
    padding: Any = "SAME"
    input_dilation: None | int | Sequence[int] = 1
    kernel_dilation: None | int | Sequence[int] = 1
    feature_group_count: int = 1
    use_bias: bool = True
    mask: Any = None
    dtype: Any = None
    param_dtype: Any = jnp.float32
    precision: Any = None
    kernel_init: Callable[..., Any] = default_kernel_init
    bias_init: Callable[..., Any] = initializers.zeros_init()
    promote_dtype: Callable[..., Any] = promote
    conv_general_dilated: Callable[..., Any] | None = None
    conv_general_dilated_cls: Any = None

    @compact
    def __call__(self, inputs: Any) -> Any:
        """Shapes: inputs [*batch, *spatial, n] -> [*batch, *positions, features].

        Any number of batch axes, also none. Raises: LayerArgumentError if the input has too few axes, the
        padding does not suit, the groups do not divide the channels, or the mask is not shaped as the kernel.
        """
        inputs, batch = one_batch_axis(self, jnp.asarray(inputs), len(self.window))
        inputs, padding = self._padded(inputs)
        kernel_shape, bias_shape = self.parameter_shapes(inputs, padding)
        kernel = self.param("kernel", self.kernel_init, kernel_shape, self.param_dtype)
        kernel = masked(self, kernel)
        bias = self.param("bias", self.bias_init, bias_shape, self.param_dtype) if self.use_bias else None
        inputs, kernel, bias = self.promote_dtype(inputs, kernel, bias, dtype=self.dtype)
        y = self.convolve(inputs, kernel, padding)
        if bias is not None:
            y = y + jnp.reshape(bias, (1,) * (y.ndim - bias.ndim) + bias.shape)
        return y if len(batch) == 1 else jnp.reshape(y, (*batch, *y.shape[1:]))

    @property
    def window(self) -> tuple[int, ...]:
        """The kernel's spatial sizes."""
        return as_tuple(self.kernel_size)

    @nowrap
    def for_each_axis(self, field: str) -> tuple[int, ...]:
        """The numbers in a field, one for each spatial axis. Raises: LayerArgumentError."""
        return numbers_per_axis(self, field, len(self.window))

    @nowrap
    def _padded(self, inputs: Any) -> tuple[Any, Any]:
        """The inputs with the padding that JAX does not know, and the padding that is left to JAX."""
        padding = canonicalize_padding(self.padding, len(self.window), self)
        if not isinstance(padding, str):
            return inputs, padding
        check_name(padding, (*_WRAPPED, "CAUSAL"), self)
        if set(self.for_each_axis("input_dilation")) != {1}:
            raise LayerArgumentError(
                f"'{padding}' padding does not go with `input_dilation`",
                f"input_dilation: {self.input_dilation}",
                hint="pass the padding in numbers, or use ConvTranspose",
                module=self,
            )
        dilation = self.for_each_axis("kernel_dilation")
        dilated = [1 + (size - 1) * step for size, step in zip(self.window, dilation, strict=True)]
        if padding in _WRAPPED:
            return pad_around(inputs, dilated, _WRAPPED[padding]), "VALID"
        if padding == "CAUSAL":
            if len(dilated) != 1:
                raise LayerArgumentError(
                    f"'CAUSAL' padding is for one spatial axis, found {len(dilated)}",
                    hint="pass pairs of numbers, and say there which axis is causal",
                    module=self,
                )
            return pad_before(inputs, dilated[0]), "VALID"
        return inputs, padding

    @nowrap
    def dilations(self) -> dict[str, Any]:
        """The dilations as arguments of JAX's convolutions."""
        return {
            "lhs_dilation": self.for_each_axis("input_dilation"),
            "rhs_dilation": self.for_each_axis("kernel_dilation"),
        }

    @nowrap
    def convolve_general(self, inputs: Any, kernel: Any, padding: Any) -> Any:
        """The convolution with one kernel for all positions."""
        convolve = self.conv_general_dilated or lax.conv_general_dilated
        if self.conv_general_dilated_cls is not None:
            convolve = self.conv_general_dilated_cls()
        return convolve(
            inputs,
            kernel,
            self.for_each_axis("strides"),
            padding,
            **self.dilations(),
            dimension_numbers=channels_last(inputs.ndim),
            feature_group_count=self.feature_group_count,
            precision=self.precision,
        )

    @nowrap
    def parameter_shapes(self, inputs: Any, padding: Any) -> Any:
        """The shapes of the kernel and of the bias."""
        raise NotImplementedError

    @nowrap
    def convolve(self, inputs: Any, kernel: Any, padding: Any) -> Any:
        """Shapes: inputs [b, *spatial, n] -> [b, *positions, features]."""
        raise NotImplementedError


class Conv(AnyConv):
    """A convolution that does not flip its kernel: a cross-correlation with learned weights.

    `features` is the number of output channels. `kernel_size` has one number for each spatial axis, as
    `strides` and the dilations (a single number serves all axes, None is 1). `padding` is 'SAME',
    'SAME_LOWER', 'VALID', 'CIRCULAR' (periodic), 'REFLECT', 'CAUSAL' (one axis only, no output sees a later
    input), a number, or for each axis a number or a pair. Channels are convolved in `feature_group_count`
    groups. `mask` multiplies the kernel. `conv_general_dilated`, or a class of one, convolves in place of
    JAX's. The other fields are those of Dense.

    Parameters: kernel [*kernel_size, n / feature_group_count, features], bias [features].
    Source: LeCun et al. 1989, doi:10.1162/neco.1989.1.4.541.
    """

    @nowrap
    def parameter_shapes(self, inputs: Any, padding: Any) -> Any:
        channels, groups = inputs.shape[-1], self.feature_group_count
        if groups < 1 or channels % groups or self.features % groups:
            raise LayerArgumentError(
                f"`feature_group_count` {groups} does not divide the channels",
                f"channels: {channels} in, {self.features} out",
                hint="choose a number that divides both",
                module=self,
            )
        return (*self.window, channels // groups, self.features), (self.features,)

    @nowrap
    def convolve(self, inputs: Any, kernel: Any, padding: Any) -> Any:
        return self.convolve_general(inputs, kernel, padding)


def numbers_per_axis(layer: Any, field: str, rank: int) -> tuple[int, ...]:
    """The numbers in a field of a layer, one for each of `rank` spatial axes; None is 1.

    Raises: LayerArgumentError if there are more or fewer.
    """
    value = getattr(layer, field)
    if value is None or isinstance(value, int):
        return (1 if value is None else value,) * rank
    if len(value) != rank:
        raise LayerArgumentError(
            f"`{field}` has {len(value)} numbers for {rank} spatial axes",
            f"{field}: {tuple(value)}",
            f"kernel_size: {as_tuple(layer.kernel_size)}",
            hint="pass one number for all axes, or one for each",
            module=layer,
        )
    return tuple(value)


def one_batch_axis(module: Any, inputs: Any, spatial: int) -> tuple[Any, tuple[int, ...]]:
    """The inputs with their batch axes as one, and the sizes of the batch axes.

    Shapes: [*batch, *spatial, n] -> [b, *spatial, n]. Raises: LayerArgumentError for too few axes.
    """
    if inputs.ndim <= spatial:
        raise LayerArgumentError(
            f"an input with {spatial} spatial axes has at least {spatial + 1} axes, found {inputs.ndim}",
            f"input: {inputs.shape}",
            hint="the channels are the last axis; `kernel_size` has one number for each spatial axis",
            module=module,
        )
    batch = inputs.shape[: inputs.ndim - spatial - 1]
    if len(batch) != 1:
        inputs = jnp.reshape(inputs, (math.prod(batch), *inputs.shape[len(batch) :]))
    return inputs, batch


def masked(layer: Any, kernel: Any) -> Any:
    """The kernel times the layer's mask. Raises: LayerArgumentError if their shapes differ."""
    if layer.mask is None:
        return kernel
    if jnp.shape(layer.mask) != jnp.shape(kernel):
        raise LayerArgumentError(
            f"`mask` has shape {jnp.shape(layer.mask)}, expected the kernel's, {jnp.shape(kernel)}",
            hint="the mask multiplies the kernel",
            module=layer,
        )
    return kernel * layer.mask


def channels_last(rank: int) -> lax.ConvDimensionNumbers:
    """The layout [batch, *spatial, channels] of inputs and outputs, [*spatial, in, out] of the kernel."""
    spatial = tuple(range(1, rank - 1))
    data = (0, rank - 1, *spatial)
    return lax.ConvDimensionNumbers(data, (rank - 1, rank - 2, *range(rank - 2)), data)
