"""Scales of arrays in eight-bit floats: how they follow the largest magnitudes, and rounding by them.

A scale is what the rounded numbers are multiplied by to have the original ones. That of a step follows from
the magnitudes of the steps before it ("delayed scaling" in NVIDIA's Transformer Engine), so that the array
need not be read twice. Source: Micikevicius et al. 2022, arXiv:2209.05433.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jax import lax

from stablelift.errors import LayerArgumentError
from stablelift.frontend.layers.fp8_ops.meta import as_float, fm32

_EIGHT_BITS = (jnp.float8_e4m3fn, jnp.float8_e5m2, jnp.float8_e4m3fnuz, jnp.float8_e5m2fnuz)


def get_fp8_max(fp8_dtype: Any, out_dtype: Any) -> Any:
    """The largest finite number of an eight-bit type, as a number of `out_dtype`.

    Raises: LayerArgumentError if it is none of float8_e4m3fn, float8_e5m2 and their `fnuz` variants.
    """
    if fp8_dtype not in _EIGHT_BITS:
        names = ", ".join(dtype.__name__ for dtype in _EIGHT_BITS)
        raise LayerArgumentError(
            f"expected one of {names}, found {jnp.dtype(fp8_dtype)}",
            hint="give `e4m3_dtype` and `e5m2_dtype` one of these types",
        )
    return jnp.finfo(fp8_dtype).max.astype(out_dtype)


def quantize(x: Any, q_dtype: Any, scale: Any, compute_dtype: Any) -> Any:
    """`x / scale`, what is too large brought to the largest number, rounded to `q_dtype`.

    Shapes: x [...], scale [1] or one that broadcasts to x's -> as x. It is divided in `compute_dtype`.
    """
    largest = get_fp8_max(q_dtype, compute_dtype)
    scaled = x / jnp.broadcast_to(scale.astype(compute_dtype), x.shape)
    return jnp.clip(scaled, -largest, largest).astype(q_dtype)


def dequantize(x: Any, dq_dtype: Any, scale: Any) -> Any:
    """`x * scale`, in `dq_dtype`. Shapes: as for `quantize`."""
    return x.astype(dq_dtype) * jnp.broadcast_to(scale.astype(dq_dtype), x.shape)


def qdq(x: Any, q_dtype: Any, scale: Any, compute_dtype: Any) -> Any:
    """`x` rounded to what `q_dtype` can represent, times the scale. Shapes: as for `quantize`."""
    return dequantize(quantize(x, q_dtype, scale, compute_dtype), x.dtype, scale)


def compute_scale(amax: Any, scale: Any, fp8_max: Any, margin: int = 0) -> Any:
    """The scale with which a magnitude `amax` becomes `fp8_max / 2**margin`.

    The old `scale` stays where the magnitude is zero, infinite or not a number. Shapes: those that broadcast.
    """
    old = 1.0 / scale
    factor = (fp8_max / amax) / (2**margin)
    factor = jnp.where(amax > 0.0, factor, old)
    return 1.0 / jnp.where(jnp.isfinite(amax), factor, old)


def compute_amax_history(x: Any, amax_history: Any) -> Any:
    """The history with the largest magnitude in `x` at its front, for the oldest one.

    Shapes: x [...], amax_history [steps] -> [steps]. The oldest stands at place 1, the one before last at the
    end.
    """
    amax = jnp.max(jnp.abs(x)).astype(amax_history.dtype)
    return jnp.roll(amax_history, shift=-1, axis=0).at[0].set(amax)


def update_fp8_meta(x: Any, q_dtype: Any, scale: Any, amax_history: Any) -> tuple[Any, Any]:
    """(the scale of this step, the history with it): the former by the steps in the old history.

    Shapes: x [...], scale [1], amax_history [steps] -> [1], [steps]; in `fm32` if both are.
    """
    is_maximum = scale.dtype == fm32 and amax_history.dtype == fm32
    if is_maximum:
        scale, amax_history = as_float(scale), as_float(amax_history)
    largest = get_fp8_max(q_dtype, jnp.float32)
    new_scale = compute_scale(jnp.max(amax_history, axis=0), scale, largest)
    new_history = compute_amax_history(x, amax_history)
    if is_maximum:
        new_history, new_scale = (lax.convert_element_type(each, fm32) for each in (new_history, new_scale))
    return new_scale, new_history


def quantize_dequantize_update(
    x: Any, q_dtype: Any, scale: Any, amax_history: Any, compute_dtype: Any
) -> tuple[Any, Any, Any]:
    """(`x` rounded by the scale of this step, that scale, the new history). Shapes: see `update_fp8_meta`."""
    new_scale, new_history = update_fp8_meta(x, q_dtype, scale, amax_history)
    return qdq(x, q_dtype, as_float(new_scale), compute_dtype), new_scale, new_history
