"""LayerNorm and RMSNorm: each example normalized by its own moments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp

from stablelift.frontend.calling import compact
from stablelift.frontend.layers import initializers
from stablelift.frontend.layers.axes import axis_set
from stablelift.frontend.layers.normalization.moments import mean_and_variance, normalized
from stablelift.frontend.module import Module


class LayerNorm(Module):
    """Mean zero and variance one over `reduction_axes`, then a learned scale and bias over `feature_axes`.

    `epsilon` is added to the variance. `dtype` is that of the result (None: promoted), `param_dtype` that
    of the parameters. With `force_float32_reductions` half floats are reduced as float32. With `axis_name`
    the moments are also taken over the mapped axis or devices of that name (`axis_index_groups`: in groups).
    `use_fast_variance` computes E[x²] - E[x]² in one pass, which may lose digits where the mean is large.

    Parameters: scale and bias, each shaped as the feature axes. Source: Ba et al. 2016, arXiv:1607.06450.
    """

    epsilon: float = 1e-6
    dtype: Any = None
    param_dtype: Any = jnp.float32
    use_bias: bool = True
    use_scale: bool = True
    bias_init: Callable[..., Any] = initializers.zeros
    scale_init: Callable[..., Any] = initializers.ones
    reduction_axes: int | Sequence[int] = -1
    feature_axes: int | Sequence[int] = -1
    axis_name: str | None = None
    axis_index_groups: Any = None
    use_fast_variance: bool = True
    force_float32_reductions: bool = True

    @compact
    def __call__(self, x: Any, *, mask: Any = None) -> Any:
        """Shapes: x [...] -> the same; mask, broadcast to x, is true where a value counts for the moments.

        Raises: LayerArgumentError for an axis that x does not have.
        """
        x = jnp.asarray(x)
        axes = axis_set(self, "reduction_axes", self.reduction_axes, x.shape)
        features = axis_set(self, "feature_axes", self.feature_axes, x.shape)
        mean, variance = mean_and_variance(self, x, axes, mask=mask, axis_name=self.axis_name)
        return normalized(self, x, mean, variance, axes, features, use_bias=self.use_bias)


class RMSNorm(Module):
    """A mean square of one over `reduction_axes`, then a learned scale over `feature_axes`.

    As LayerNorm with a mean of zero and no bias; the fields are the same. Parameter: scale, shaped as the
    feature axes. Source: Zhang & Sennrich 2019, arXiv:1910.07467.
    """

    epsilon: float = 1e-6
    dtype: Any = None
    param_dtype: Any = jnp.float32
    use_scale: bool = True
    scale_init: Callable[..., Any] = initializers.ones
    reduction_axes: int | Sequence[int] = -1
    feature_axes: int | Sequence[int] = -1
    axis_name: str | None = None
    axis_index_groups: Any = None
    use_fast_variance: bool = True
    force_float32_reductions: bool = True

    @compact
    def __call__(self, x: Any, *, mask: Any = None) -> Any:
        """Shapes: x [...] -> the same; mask, broadcast to x, is true where a value counts for the moments.

        Raises: LayerArgumentError for an axis that x does not have.
        """
        x = jnp.asarray(x)
        axes = axis_set(self, "reduction_axes", self.reduction_axes, x.shape)
        features = axis_set(self, "feature_axes", self.feature_axes, x.shape)
        mean, square = mean_and_variance(self, x, axes, mask=mask, axis_name=self.axis_name, centred=False)
        return normalized(self, x, mean, square, axes, features, use_bias=False)
