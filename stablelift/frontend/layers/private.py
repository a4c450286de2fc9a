"""Helpers that Linen keeps private and that published layers import all the same, for copies of its layers.

So batch renormalisation takes its statistics, and code for spectral norms the layout of convolutions.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import jax.numpy as jnp
from jax import lax

from stablelift.frontend.layers.axes import as_tuple, axis_set
from stablelift.frontend.layers.linear.convolution import channels_last
from stablelift.frontend.layers.normalization.moments import mean_and_variance, normalized, squared_modulus

__all__ = [
    "_abs_sq",
    "_canonicalize_axes",
    "_canonicalize_tuple",
    "_compute_stats",
    "_conv_dimension_numbers",
    "_l2_normalize",
    "_normalize",
    "_normalize_axes",
]

_abs_sq = squared_modulus
_canonicalize_tuple = as_tuple


def _conv_dimension_numbers(input_shape: Sequence[int]) -> lax.ConvDimensionNumbers:
    """The layout of a convolution of inputs of this shape, channels last."""
    return channels_last(len(input_shape))


def _normalize_axes(axes: Sequence[int], ndim: int) -> tuple[int, ...]:
    """The axes counted from the front, in ascending order."""
    return tuple(sorted(axis % ndim for axis in axes))


def _canonicalize_axes(rank: int, axes: Any) -> tuple[int, ...]:
    """The same, each axis once; also of a single number."""
    return axis_set(None, "axes", axes, (1,) * rank)


def _l2_normalize(x: Any, axis: Any = None, eps: float = 1e-12) -> Any:
    """`x` over its length along `axis`; None is all axes."""
    return x * lax.rsqrt((x * x).sum(axis=axis, keepdims=True) + eps)


def _compute_stats(
    x: Any,
    axes: Any,
    dtype: Any,
    axis_name: Any = None,
    axis_index_groups: Any = None,
    use_mean: bool = True,
    use_fast_variance: bool = True,
    mask: Any = None,
    force_float32_reductions: bool = True,
) -> tuple[Any, Any]:
    """Mean and variance of `x` over `axes`, see `mean_and_variance`."""
    layer = SimpleNamespace(
        dtype=dtype,
        axis_index_groups=axis_index_groups,
        use_fast_variance=use_fast_variance,
        force_float32_reductions=force_float32_reductions,
    )
    mask = None if mask is None else jnp.asarray(mask, bool)
    axes = _canonicalize_axes(jnp.ndim(x), axes)
    return mean_and_variance(layer, x, axes, mask=mask, axis_name=axis_name, centred=use_mean)


def _normalize(
    mdl: Any,
    x: Any,
    mean: Any,
    var: Any,
    reduction_axes: Any,
    feature_axes: Any,
    dtype: Any,
    param_dtype: Any,
    epsilon: float,
    use_bias: bool,
    use_scale: bool,
    bias_init: Any,
    scale_init: Any,
    force_float32_reductions: bool = True,
) -> Any:
    """`x` normalized, scale and bias being parameters of `mdl`, see `normalized`."""
    layer = SimpleNamespace(
        param=mdl.param,
        epsilon=epsilon,
        use_scale=use_scale,
        scale_init=scale_init,
        bias_init=bias_init,
        dtype=dtype,
        param_dtype=param_dtype,
    )
    axes = _canonicalize_axes(x.ndim, reduction_axes), _canonicalize_axes(x.ndim, feature_axes)
    return normalized(layer, x, mean, var, *axes, use_bias=use_bias)
