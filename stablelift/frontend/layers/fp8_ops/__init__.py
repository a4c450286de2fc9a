"""Products in eight-bit floats: operands scaled and rounded, scales that follow their largest magnitudes.

The scales and the magnitudes of past steps are variables of the collection `_overwrite_with_gradient`: the
gradient of such a variable is its next value, which `flax.training.train_state.TrainState` puts in its place.
Source: Micikevicius et al. 2022, arXiv:2209.05433.
"""

from __future__ import annotations

from stablelift.frontend.layers.fp8_ops.dot_general import (
    Fp8DirectDotGeneralOp,
    Fp8DotGeneral,
    Fp8DotGeneralBase,
    Fp8DotGeneralOp,
    Fp8Einsum,
    NANOOFp8DotGeneralOp,
)
from stablelift.frontend.layers.fp8_ops.meta import CAN_USE_EARRAY as CAN_USE_EARRAY
from stablelift.frontend.layers.fp8_ops.meta import (
    Fp8MetaTyRules,
    fm32,
    fp8_meta_dtype,
    fp8_meta_dtype_wrapper,
    fp32_max_grad,
)
from stablelift.frontend.layers.fp8_ops.products import (
    dot_general_transpose_lhs,
    dot_general_transpose_rhs,
    dot_general_with_precision,
    fp8_scaled_dot_general,
    quantized_dot,
)
from stablelift.frontend.layers.fp8_ops.products import (
    dot_general_with_precision_jvp as dot_general_with_precision_jvp,
)
from stablelift.frontend.layers.fp8_ops.products import quantized_dot_bwd as quantized_dot_bwd
from stablelift.frontend.layers.fp8_ops.products import quantized_dot_fwd as quantized_dot_fwd
from stablelift.frontend.layers.fp8_ops.rounding import (
    in_q,
    in_qdq,
    out_dq,
    out_qdq,
)
from stablelift.frontend.layers.fp8_ops.rounding import in_q_bwd as in_q_bwd
from stablelift.frontend.layers.fp8_ops.rounding import in_q_fwd as in_q_fwd
from stablelift.frontend.layers.fp8_ops.rounding import in_qdq_bwd as in_qdq_bwd
from stablelift.frontend.layers.fp8_ops.rounding import in_qdq_fwd as in_qdq_fwd
from stablelift.frontend.layers.fp8_ops.rounding import out_dq_bwd as out_dq_bwd
from stablelift.frontend.layers.fp8_ops.rounding import out_dq_fwd as out_dq_fwd
from stablelift.frontend.layers.fp8_ops.rounding import out_qdq_bwd as out_qdq_bwd
from stablelift.frontend.layers.fp8_ops.rounding import out_qdq_fwd as out_qdq_fwd
from stablelift.frontend.layers.fp8_ops.scaling import (
    compute_amax_history,
    compute_scale,
    dequantize,
    get_fp8_max,
    qdq,
    quantize,
    quantize_dequantize_update,
    update_fp8_meta,
)
from stablelift.frontend.neighbours import neighbours

OVERWRITE_WITH_GRADIENT = Fp8DotGeneralBase.COLLECTION
"""The collection whose variables are overwritten with their gradients."""

__all__ = [
    "Fp8DirectDotGeneralOp",
    "Fp8DotGeneral",
    "Fp8DotGeneralBase",
    "Fp8DotGeneralOp",
    "Fp8Einsum",
    "Fp8MetaTyRules",
    "NANOOFp8DotGeneralOp",
    "compute_amax_history",
    "compute_scale",
    "dequantize",
    "dot_general_transpose_lhs",
    "dot_general_transpose_rhs",
    "dot_general_with_precision",
    "fm32",
    "fp8_meta_dtype",
    "fp8_meta_dtype_wrapper",
    "fp8_scaled_dot_general",
    "fp32_max_grad",
    "get_fp8_max",
    "in_q",
    "in_qdq",
    "out_dq",
    "out_qdq",
    "qdq",
    "quantize",
    "quantize_dequantize_update",
    "quantized_dot",
    "update_fp8_meta",
]

__getattr__ = neighbours(__name__)
