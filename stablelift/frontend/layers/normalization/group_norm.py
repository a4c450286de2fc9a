"""GroupNorm and InstanceNorm: each example normalized in groups of channels, or each channel by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp

from stablelift.errors import LayerArgumentError
from stablelift.frontend.calling import compact, nowrap
from stablelift.frontend.layers import initializers
from stablelift.frontend.layers.axes import axis_set
from stablelift.frontend.layers.normalization.moments import mean_and_variance, normalized
from stablelift.frontend.module import Module


class GroupNorm(Module):
    """Mean zero and variance one over groups of channels, then a learned scale and bias for each channel.

    Channels are the last axis. Give either `num_groups` or, with `num_groups=None`, `group_size`.
    `reduction_axes` are all but the first unless given; they include the last. The other fields are those of
    LayerNorm. Parameters: scale [channels], bias [channels]. Source: Wu & He 2018, arXiv:1803.08494.
    """

    num_groups: int | None = 32
    group_size: int | None = None
    epsilon: float = 1e-6
    dtype: Any = None
    param_dtype: Any = jnp.float32
    use_bias: bool = True
    use_scale: bool = True
    bias_init: Callable[..., Any] = initializers.zeros
    scale_init: Callable[..., Any] = initializers.ones
    reduction_axes: int | Sequence[int] | None = None
    axis_name: str | None = None
    axis_index_groups: Any = None
    use_fast_variance: bool = True
    force_float32_reductions: bool = True

    @compact
    def __call__(self, x: Any, *, mask: Any = None) -> Any:
        """Shapes: x [*batch, channels] -> the same; mask, of the shape of x, is true where a value counts.

        Raises: LayerArgumentError if the groups are given twice or never or do not divide the channels, or
        if the reduction axes do not exist or leave out the channels.
        """
        x = jnp.asarray(x)
        last = x.ndim - 1
        axes = self._reduced(x.shape)
        groups = self._groups(x.shape[last])
        group_size = x.shape[last] // groups
        grouped = (*x.shape[:last], groups, group_size)
        if mask is not None:
            mask = jnp.reshape(mask, (*jnp.shape(mask)[:-1], groups, group_size))
        mean, variance = mean_and_variance(
            self,
            jnp.reshape(x, grouped),
            (*axes[:-1], last + 1),
            mask=mask,
            axis_name=self.axis_name,
        )
        mean, variance = jnp.repeat(mean, group_size, axis=-1), jnp.repeat(variance, group_size, axis=-1)
        return normalized(self, x, mean, variance, axes[:-1], (last,), use_bias=self.use_bias)

    @nowrap
    def _reduced(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        given = (*range(1, len(shape)), -1) if self.reduction_axes is None else self.reduction_axes
        axes = axis_set(self, "reduction_axes", given, shape)
        if not axes or axes[-1] != len(shape) - 1:
            raise LayerArgumentError(
                "`reduction_axes` leave out the last axis, which holds the channels",
                f"reduction_axes: {self.reduction_axes}",
                f"input: {shape}",
                hint="add -1 to them",
                module=self,
            )
        return axes

    @nowrap
    def _groups(self, channels: int) -> int:
        number, size = self.num_groups, self.group_size
        if (number is None) == (size is None):
            raise LayerArgumentError(
                "one of `num_groups` and `group_size` is to be given",
                f"num_groups: {number}",
                f"group_size: {size}",
                hint="pass `num_groups=None` with a `group_size`",
                module=self,
            )
        field, divisor = ("group_size", size) if number is None else ("num_groups", number)
        assert divisor is not None
        if divisor < 1 or channels % divisor:
            raise LayerArgumentError(
                f"`{field}` {divisor} does not divide the {channels} channels",
                hint="choose a divisor of the size of the last axis",
                module=self,
            )
        return channels // divisor if number is None else divisor


class InstanceNorm(Module):
    """Mean zero and variance one for each channel of each example, then a learned scale and bias.

    `feature_axes` are the channels; the first axis is the batch, all others are reduced. The other fields
    are those of LayerNorm. Parameters: scale and bias, each shaped as the feature axes.
    Source: Ulyanov et al. 2016, arXiv:1607.08022.
    """

    epsilon: float = 1e-6
    dtype: Any = None
    param_dtype: Any = jnp.float32
    use_bias: bool = True
    use_scale: bool = True
    bias_init: Callable[..., Any] = initializers.zeros
    scale_init: Callable[..., Any] = initializers.ones
    feature_axes: int | Sequence[int] = -1
    axis_name: str | None = None
    axis_index_groups: Any = None
    use_fast_variance: bool = True
    force_float32_reductions: bool = True

    @compact
    def __call__(self, x: Any, *, mask: Any = None) -> Any:
        """Shapes: x [batch, ...] -> the same; mask, broadcast to x, is true where a value counts.

        Raises: LayerArgumentError for a feature axis that x does not have, or that is the batch.
        """
        x = jnp.asarray(x)
        features = axis_set(self, "feature_axes", self.feature_axes, x.shape)
        if 0 in features:
            raise LayerArgumentError(
                "`feature_axes` include the first axis, which holds the batch",
                f"feature_axes: {self.feature_axes}",
                f"input: {x.shape}",
                hint="leave it out: examples are normalized one by one anyway",
                module=self,
            )
        axes = tuple(axis for axis in range(1, x.ndim) if axis not in features)
        mean, variance = mean_and_variance(self, x, axes, mask=mask, axis_name=self.axis_name)
        return normalized(self, x, mean, variance, axes, features, use_bias=self.use_bias)
