"""Contractions of arrays in eight-bit floats, whose gradients are contractions of such arrays too.

Operands are rounded to more digits (e4m3), cotangents to a larger range (e5m2).
Source: Micikevicius et al. 2022, arXiv:2209.05433.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import partial
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from stablelift.frontend.functional import custom_jvp, custom_vjp
from stablelift.frontend.layers.fp8_ops.meta import as_float
from stablelift.frontend.layers.fp8_ops.rounding import in_q, out_dq
from stablelift.frontend.layers.fp8_ops.scaling import dequantize, quantize, update_fp8_meta


def dot_general_transpose_lhs(
    g: Any,
    x: Any,
    y: Any,
    *,
    dimension_numbers: Any,
    precision: Any,
    preferred_element_type: Any,
    swap_ans: bool = False,
) -> Any:
    """The gradient of the left operand: the cotangent `g` of `dot_general(x, y)` contracted with `y`.

    Shapes: g as the product, x, y as the operands -> as x; of x only the rank matters. With `swap_ans` g is
    the cotangent of `dot_general(y, x)`.
    """
    (x_contract, y_contract), (x_batch, y_batch) = dimension_numbers
    x_kept, y_kept = _others(jnp.ndim(x), x_contract, x_batch), _others(jnp.ndim(y), y_contract, y_batch)
    batch, first = len(x_batch), len(y_kept if swap_ans else x_kept)
    of_y = range(batch, batch + first) if swap_ans else range(batch + first, batch + first + len(y_kept))
    dimensions = ((tuple(of_y), tuple(y_kept)), (tuple(range(batch)), tuple(y_batch)))
    found = lax.dot_general(
        g, y, dimensions, precision=precision, preferred_element_type=preferred_element_type
    )
    # What is left of y are the axes that the product contracted, in y's order.
    contracted = [int(axis) for axis in np.take(x_contract, np.argsort(y_contract))]
    return lax.transpose(found, tuple(np.argsort([*x_batch, *x_kept, *contracted])))


def _others(rank: int, *named: Sequence[int]) -> list[int]:
    return [axis for axis in range(rank) if not any(axis in axes for axes in named)]


def dot_general_transpose_rhs(
    g: Any, x: Any, y: Any, *, dimension_numbers: Any, precision: Any, preferred_element_type: Any
) -> Any:
    """The gradient of the right operand. Shapes: g as the product, x, y as the operands -> as y."""
    contracting, batch = dimension_numbers
    return dot_general_transpose_lhs(
        *(g, y, x),
        dimension_numbers=(contracting[::-1], batch[::-1]),
        precision=precision,
        preferred_element_type=preferred_element_type,
        swap_ans=True,
    )


@partial(custom_vjp, nondiff_argnums=(8, 9))
def quantized_dot(
    lhs: Any,
    q_lhs: Any,
    lhs_scale: Any,
    rhs: Any,
    q_rhs: Any,
    rhs_scale: Any,
    out_grad_scale: Any,
    out_grad_amax_history: Any,
    dimension_numbers: Any,
    preferred_element_type: Any = None,
) -> Any:
    """The product of two operands in eight bits, not yet scaled; `lhs` and `rhs` are these before rounding.

    Shapes: lhs, q_lhs [...], rhs, q_rhs [...], scales [1], history [steps] -> as that of `dot_general`, in
    `preferred_element_type`. The gradients go to `lhs` and `rhs`, from the cotangent in float8_e5m2; those of
    its own scale and history, the last two, are their values in the next step.
    """
    return lax.dot_general(
        q_lhs,
        q_rhs,
        dimension_numbers,
        preferred_element_type=preferred_element_type,
        precision=lax.Precision.DEFAULT,
    )


def quantized_dot_fwd(
    lhs: Any,
    q_lhs: Any,
    lhs_scale: Any,
    rhs: Any,
    q_rhs: Any,
    rhs_scale: Any,
    out_grad_scale: Any,
    out_grad_amax_history: Any,
    dimension_numbers: Any,
    preferred_element_type: Any,
) -> Any:
    operands = lhs, q_lhs, lhs_scale, rhs, q_rhs, rhs_scale, out_grad_scale, out_grad_amax_history
    return quantized_dot(*operands, dimension_numbers, preferred_element_type), operands


def quantized_dot_bwd(dimension_numbers: Any, preferred_element_type: Any, res: Any, g: Any) -> Any:
    lhs, q_lhs, lhs_scale, rhs, q_rhs, rhs_scale, scale, amax_history = res
    new_scale, new_history = update_fp8_meta(g, jnp.float8_e5m2, scale, amax_history)
    q_g = quantize(g, jnp.float8_e5m2, as_float(new_scale), preferred_element_type)
    settings = {
        "dimension_numbers": dimension_numbers,
        "precision": lax.Precision.HIGHEST,
        "preferred_element_type": preferred_element_type,
    }
    of_lhs = dequantize(
        dot_general_transpose_lhs(q_g, lhs, q_rhs, **settings),
        preferred_element_type,
        as_float(rhs_scale) * as_float(new_scale),
    )
    of_rhs = dequantize(
        dot_general_transpose_rhs(q_g, q_lhs, rhs, **settings),
        preferred_element_type,
        as_float(lhs_scale) * as_float(new_scale),
    )
    return of_lhs, None, None, of_rhs, None, None, new_scale, new_history


quantized_dot.defvjp(quantized_dot_fwd, quantized_dot_bwd)


def fp8_scaled_dot_general(
    lhs: Any,
    rhs: Any,
    dimension_numbers: Any,
    precision: Any = None,
    preferred_element_type: Any = None,
    *,
    lhs_scale: Any = None,
    rhs_scale: Any = None,
    grad_scale: Any = None,
    lhs_amax_history: Any = None,
    rhs_amax_history: Any = None,
    grad_amax_history: Any = None,
    quantize_compute_type: Any = jnp.float32,
) -> Any:
    """`lax.dot_general` whose operands are rounded to float8_e4m3fn, and its cotangent to float8_e5m2.

    Shapes: lhs, rhs and result as there, scales [1], histories [steps], of float32 or `fm32`. What is rounded
    is divided by its scale in `quantize_compute_type`; the result is of `preferred_element_type`. A given
    `precision` is not heeded, with a warning.
    """
    if precision is not None:
        warnings.warn(
            "`fp8_scaled_dot_general` multiplies eight-bit floats: `precision` is not heeded", stacklevel=2
        )
    rounded = partial(in_q, quantize_compute_type, jnp.float8_e4m3fn)
    q_lhs, new_lhs_scale = rounded(lhs, lhs_scale, lhs_amax_history)
    q_rhs, new_rhs_scale = rounded(rhs, rhs_scale, rhs_amax_history)
    product = quantized_dot(
        *(lhs, q_lhs, new_lhs_scale, rhs, q_rhs, new_rhs_scale, grad_scale, grad_amax_history),
        dimension_numbers,
        preferred_element_type,
    )
    return out_dq(preferred_element_type, new_lhs_scale, new_rhs_scale, product)


@partial(custom_jvp, nondiff_argnums=(2, 3, 4))
def dot_general_with_precision(
    lhs: Any, rhs: Any, dimension_numbers: Any, precision: Any = None, preferred_element_type: Any = None
) -> Any:
    """`lax.dot_general` by default precision, whose derivative is computed by the highest.

    The last two arguments are not heeded, with a warning where they are given.
    """
    if precision is not None or preferred_element_type is not None:
        warnings.warn(
            "`dot_general_with_precision` has a precision of its own: `precision` and "
            "`preferred_element_type` are not heeded",
            stacklevel=2,
        )
    return lax.dot_general(lhs, rhs, dimension_numbers, precision=lax.Precision.DEFAULT)


@dot_general_with_precision.defjvp
def dot_general_with_precision_jvp(
    dimension_numbers: Any, precision: Any, preferred_element_type: Any, primals: Any, tangents: Any
) -> Any:
    (lhs, rhs), (lhs_dot, rhs_dot) = primals, tangents
    out = lax.dot_general(lhs, rhs, dimension_numbers, precision=lax.Precision.DEFAULT)
    exact = partial(lax.dot_general, dimension_numbers=dimension_numbers, precision=lax.Precision.HIGHEST)
    return out, exact(lhs_dot, rhs) + exact(lhs, rhs_dot)
