"""Linear layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
from jax import lax

from stablelift.frontend.calling import compact
from stablelift.frontend.layers import initializers
from stablelift.frontend.layers.dtypes import promote_dtype as promote
from stablelift.frontend.module import Module


class Dense(Module):
    """A linear map of the last axis: `inputs @ kernel + bias`.

    Fields: `features`, the size of the output's last axis; `dtype`, to compute in (None: promoted);
    `param_dtype`, of the parameters; `precision`, as in `jax.lax.dot_general`; the initializers;
    `promote_dtype(inputs, kernel, bias, dtype=...)`; `dot_general`, or a class of one, to contract with.
    """

    features: int
    use_bias: bool = True
    dtype: Any = None
    param_dtype: Any = jnp.float32
    precision: Any = None
    kernel_init: Callable[..., Any] = initializers.lecun_normal()
    bias_init: Callable[..., Any] = initializers.zeros_init()
    promote_dtype: Callable[..., Any] = promote
    dot_general: Callable[..., Any] | None = None
    dot_general_cls: Any = None

    @compact
    def __call__(self, inputs: Any) -> Any:
        """Shapes: inputs [..., n] -> [..., features]. Parameters: kernel [n, features], bias [features]."""
        kernel_shape = (jnp.shape(inputs)[-1], self.features)
        kernel = self.param("kernel", self.kernel_init, kernel_shape, self.param_dtype)
        bias = (
            self.param("bias", self.bias_init, (self.features,), self.param_dtype) if self.use_bias else None
        )
        inputs, kernel, bias = self.promote_dtype(inputs, kernel, bias, dtype=self.dtype)
        contract = self.dot_general_cls() if self.dot_general_cls else self.dot_general or lax.dot_general
        last_with_first = (((inputs.ndim - 1,), (0,)), ((), ()))
        y = contract(inputs, kernel, last_with_first, precision=self.precision)
        return y if bias is None else y + jnp.reshape(bias, (1,) * (y.ndim - 1) + (-1,))
