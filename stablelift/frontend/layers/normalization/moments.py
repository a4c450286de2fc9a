"""Mean and variance of some axes, and the normalization by them that all layers of this folder share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
from jax import lax

from stablelift.frontend.layers.dtypes import canonicalize_dtype


def mean_and_variance(
    layer: Any,
    x: Any,
    axes: Sequence[int],
    *,
    mask: Any = None,
    axis_name: Any = None,
    centred: bool = True,
) -> tuple[Any, Any]:
    """Mean and variance of `x` over `axes`, in the dtype that the layer reduces in.

    `mask`, broadcast to `x`, is true where a value counts. With `axis_name`, the mean of the moments over
    the devices or the mapped axis of that name, in groups where the layer has `axis_index_groups`. The fast
    variance E|x|² - |E x|² is clipped at zero; the other one is E|x - E x|². Not `centred`, the mean is zero.
    Shapes: [...] -> two arrays without `axes`; the variance of complex numbers is real.
    """
    dtype = layer.dtype if layer.dtype is not None else jnp.result_type(x)
    if layer.force_float32_reductions:
        dtype = jnp.promote_types(dtype, jnp.float32)
    x = jnp.asarray(x, dtype)
    axes = tuple(axes)

    def over_all(*moments: Any) -> Any:
        local = [jnp.mean(moment, axes, where=mask) for moment in moments]
        if axis_name is None:
            return local
        stacked = local[0] if len(local) == 1 else jnp.stack(local)
        total = lax.pmean(stacked, axis_name, axis_index_groups=layer.axis_index_groups)
        return [total] if len(local) == 1 else list(total)

    if not centred:
        (square,) = over_all(squared_modulus(x))
        return jnp.zeros(square.shape, square.dtype), square
    if layer.use_fast_variance:
        mean, square = over_all(x, squared_modulus(x))
        return mean, jnp.maximum(0.0, square - squared_modulus(mean))
    (mean,) = over_all(x)
    (variance,) = over_all(squared_modulus(x - jnp.expand_dims(mean, axes)))
    return mean, variance


def normalized(
    layer: Any,
    x: Any,
    mean: Any,
    variance: Any,
    axes: Sequence[int],
    features: Sequence[int],
    *,
    use_bias: bool,
) -> Any:
    """`(x - mean) / sqrt(variance + epsilon) * scale + bias`, in the layer's dtype.

    `mean` and `variance` lack the axes `axes` of `x`. Parameters: scale and bias, each shaped as the axes
    `features` of `x`, in ascending order.
    """
    mean, variance = jnp.expand_dims(mean, tuple(axes)), jnp.expand_dims(variance, tuple(axes))
    sizes = [x.shape[axis] for axis in features]
    aligned = [size if axis in features else 1 for axis, size in enumerate(x.shape)]
    given = [x]
    y = x - mean
    factor = lax.rsqrt(variance + layer.epsilon)
    if layer.use_scale:
        scale = layer.param("scale", layer.scale_init, sizes, layer.param_dtype)
        given.append(scale)
        factor = factor * jnp.reshape(scale, aligned)
    y = y * factor
    if use_bias:
        bias = layer.param("bias", layer.bias_init, sizes, layer.param_dtype)
        given.append(bias)
        y = y + jnp.reshape(bias, aligned)
    return jnp.asarray(y, canonicalize_dtype(*given, dtype=layer.dtype))


def squared_modulus(x: Any) -> Any:
    """|x|², without a root for complex numbers."""
    if jnp.iscomplexobj(x):
        return lax.square(lax.real(x)) + lax.square(lax.imag(x))
    return lax.square(x)
