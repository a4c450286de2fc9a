"""Activation functions, from JAX, under the names that Linen exports, and PReLU, which has a parameter."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jax.nn import (
    celu,
    elu,
    gelu,
    glu,
    hard_sigmoid,
    hard_silu,
    hard_swish,
    hard_tanh,
    leaky_relu,
    log_sigmoid,
    log_softmax,
    logsumexp,
    one_hot,
    relu,
    relu6,
    selu,
    sigmoid,
    silu,
    soft_sign,
    softmax,
    softplus,
    standardize,
    swish,
)
from jax.numpy import tanh

from stablelift.frontend.calling import compact
from stablelift.frontend.module import Module
from stablelift.frontend.neighbours import neighbours

normalize = standardize

__all__ = [
    "celu", "elu", "gelu", "glu", "hard_sigmoid", "hard_silu", "hard_swish", "hard_tanh", "leaky_relu",
    "log_sigmoid", "log_softmax", "logsumexp", "normalize", "one_hot", "relu", "relu6", "selu", "sigmoid",
    "silu", "soft_sign", "softmax", "softplus", "standardize", "swish", "tanh", "PReLU",
]  # fmt: skip


class PReLU(Module):
    """The identity of what is positive, a learned multiple of what is negative.

    Parameter: negative_slope, a scalar of `param_dtype` that starts at `negative_slope_init`.
    Source: He et al. 2015, arXiv:1502.01852.
    """

    param_dtype: Any = jnp.float32
    negative_slope_init: float = 0.01

    @compact
    def __call__(self, inputs: Any) -> Any:
        """Shapes: inputs [...] -> the same, in the same dtype."""
        inputs = jnp.asarray(inputs)
        slope = self.param("negative_slope", _constant, self.negative_slope_init, self.param_dtype)
        return jnp.where(inputs >= 0, inputs, jnp.asarray(slope, inputs.dtype) * inputs)


def _constant(key: Any, value: float, dtype: Any) -> Any:
    return jnp.asarray(value, dtype)


__getattr__ = neighbours(__name__)
