"""Rounding to eight bits with gradients of its own: of an operand in the product, of a cotangent behind it.

To round has the derivative of the identity. The gradient of a scale and of a history of magnitudes is what
they are in the next step. `_fwd` and `_bwd` are the two functions of each rule.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from stablelift.frontend.functional import custom_vjp
from stablelift.frontend.layers.fp8_ops.meta import as_float
from stablelift.frontend.layers.fp8_ops.scaling import (
    dequantize,
    quantize,
    quantize_dequantize_update,
    update_fp8_meta,
)


@partial(custom_vjp, nondiff_argnums=(0, 1))
def in_qdq(compute_dtype: Any, q_dtype: Any, inp: Any, scale: Any, amax_history: Any) -> Any:
    """An operand, rounded to `q_dtype` and back.

    Shapes: inp [...], scale [1], amax_history [steps] -> [...].
    """
    return quantize_dequantize_update(inp, q_dtype, scale, amax_history, compute_dtype)[0]


def in_qdq_fwd(compute_dtype: Any, q_dtype: Any, inp: Any, scale: Any, amax_history: Any) -> Any:
    rounded, *updated = quantize_dequantize_update(inp, q_dtype, scale, amax_history, compute_dtype)
    return rounded, tuple(updated)


def in_qdq_bwd(compute_dtype: Any, q_dtype: Any, res: Any, g: Any) -> Any:
    return g, *res


in_qdq.defvjp(in_qdq_fwd, in_qdq_bwd)


@partial(custom_vjp, nondiff_argnums=(0, 1))
def out_qdq(compute_dtype: Any, q_dtype: Any, out: Any, scale: Any, amax_history: Any) -> Any:
    """A result as it is; its cotangent is rounded to `q_dtype` and back. Shapes: as for `in_qdq`."""
    return out


def out_qdq_fwd(compute_dtype: Any, q_dtype: Any, out: Any, scale: Any, amax_history: Any) -> Any:
    return out, (scale, amax_history)


def out_qdq_bwd(compute_dtype: Any, q_dtype: Any, res: Any, g: Any) -> Any:
    scale, amax_history = res
    return quantize_dequantize_update(g, q_dtype, scale, amax_history, compute_dtype)


out_qdq.defvjp(out_qdq_fwd, out_qdq_bwd)


@partial(custom_vjp, nondiff_argnums=(0, 1))
def in_q(compute_dtype: Any, q_dtype: Any, inp: Any, scale: Any, amax_history: Any) -> tuple[Any, Any]:
    """(an operand in `q_dtype`, the scale of this step); nothing of a gradient goes on to the operand.

    Shapes: inp [...], scale [1], amax_history [steps] -> [...], [1].
    """
    new_scale, _ = update_fp8_meta(inp, q_dtype, scale, amax_history)
    return quantize(inp, q_dtype, as_float(new_scale), compute_dtype), new_scale


def in_q_fwd(compute_dtype: Any, q_dtype: Any, inp: Any, scale: Any, amax_history: Any) -> Any:
    updated = update_fp8_meta(inp, q_dtype, scale, amax_history)
    rounded = quantize(inp, q_dtype, as_float(updated[0]), compute_dtype)
    return (rounded, updated[0]), updated


def in_q_bwd(compute_dtype: Any, q_dtype: Any, res: Any, _: Any) -> Any:
    return None, *res


in_q.defvjp(in_q_fwd, in_q_bwd)


@partial(custom_vjp, nondiff_argnums=(0,))
def out_dq(dq_type: Any, lhs_scale: Any, rhs_scale: Any, out: Any) -> Any:
    """The product of two operands of `in_q`, times both scales; the scales have no gradient.

    Shapes: scales [1], out [...] -> as out, in `dq_type`.
    """
    return dequantize(out, dq_type, as_float(lhs_scale) * as_float(rhs_scale))


def out_dq_fwd(dq_type: Any, lhs_scale: Any, rhs_scale: Any, out: Any) -> Any:
    return dequantize(out, dq_type, as_float(lhs_scale) * as_float(rhs_scale)), None


def out_dq_bwd(dq_type: Any, _: Any, g: Any) -> Any:
    return None, None, g


out_dq.defvjp(out_dq_fwd, out_dq_bwd)
