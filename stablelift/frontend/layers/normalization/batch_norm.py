"""BatchNorm: channels normalized by the moments of the batch, or by the average of earlier ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp

from stablelift.frontend.arguments import merge_param
from stablelift.frontend.calling import compact
from stablelift.frontend.layers import initializers
from stablelift.frontend.layers.axes import axis_set
from stablelift.frontend.layers.normalization.moments import mean_and_variance, normalized
from stablelift.frontend.module import Module


class BatchNorm(Module):
    """Mean zero and variance one over all axes but `axis`, then a learned scale and bias.

    In training (`use_running_average=False`, given here or at the call) the moments are those of the batch;
    the collection 'batch_stats', which has to be mutable, keeps their average, of which a share of
    `momentum` is kept at each call. Otherwise that average is used. While `init` runs the average is left
    as it is, and nothing is exchanged over `axis_name`. The other fields are those of LayerNorm.

    Parameters: scale and bias, each shaped as the axes `axis`, in ascending order; in 'batch_stats', mean
    and var of the same shape, float32 unless `force_float32_reductions` is False.
    Source: Ioffe & Szegedy 2015, arXiv:1502.03167.
    """

    use_running_average: bool | None = None
    axis: int | Sequence[int] = -1
    momentum: float = 0.99
    epsilon: float = 1e-5
    dtype: Any = None
    param_dtype: Any = jnp.float32
    use_bias: bool = True
    use_scale: bool = True
    bias_init: Callable[..., Any] = initializers.zeros
    scale_init: Callable[..., Any] = initializers.ones
    axis_name: str | None = None
    axis_index_groups: Any = None
    use_fast_variance: bool = True
    force_float32_reductions: bool = True

    @compact
    def __call__(self, x: Any, use_running_average: bool | None = None, *, mask: Any = None) -> Any:
        """Shapes: x [...] -> the same; mask, broadcast to x, is true where a value counts for the moments.

        Raises: LayerArgumentError if `use_running_average` is given never or twice, or for an axis that x
        does not have; ModifyScopeVariableError if 'batch_stats' is to be updated and immutable.
        """
        use_average = merge_param("use_running_average", self.use_running_average, use_running_average)
        x = jnp.asarray(x)
        features = axis_set(self, "axis", self.axis, x.shape)
        axes = tuple(axis for axis in range(x.ndim) if axis not in features)
        sizes = [x.shape[axis] for axis in features]
        kept_dtype = jnp.float32 if self.force_float32_reductions else self.param_dtype
        kept_mean = self.variable("batch_stats", "mean", jnp.zeros, sizes, kept_dtype)
        kept_variance = self.variable("batch_stats", "var", jnp.ones, sizes, kept_dtype)
        if use_average:
            mean, variance = kept_mean.value, kept_variance.value
        else:
            axis_name = None if self.is_initializing() else self.axis_name
            mean, variance = mean_and_variance(self, x, axes, mask=mask, axis_name=axis_name)
            if not self.is_initializing():
                for kept, new in ((kept_mean, mean), (kept_variance, variance)):
                    kept.value = self.momentum * kept.value + (1 - self.momentum) * new
        return normalized(self, x, mean, variance, axes, features, use_bias=self.use_bias)
