"""Layers that contract in eight-bit floats: what a Dense, or an attention, takes as its `dot_general_cls`."""

from __future__ import annotations

import warnings
from functools import partial
from typing import Any, ClassVar

import jax.numpy as jnp

from stablelift.errors import LayerArgumentError
from stablelift.frontend.calling import nowrap
from stablelift.frontend.layers.fp8_ops.products import dot_general_with_precision, fp8_scaled_dot_general
from stablelift.frontend.layers.fp8_ops.rounding import in_qdq, out_qdq
from stablelift.frontend.module import Module


class Fp8DotGeneralBase(Module):
    """The scales of a contraction, and the largest magnitudes of its last `amax_history_length` steps.

    Variables, in the collection `_overwrite_with_gradient`: scales [1] and histories [amax_history_length],
    float32, of the inputs, of the kernel, and of the cotangent of the result. Their gradients are their
    values in the next step. Source: Micikevicius et al. 2022, arXiv:2209.05433.
    """

    COLLECTION: ClassVar[str] = "_overwrite_with_gradient"

    amax_history_length: int = 1024
    e4m3_dtype: Any = jnp.float8_e4m3fn
    e5m2_dtype: Any = jnp.float8_e5m2

    def setup(self) -> None:
        length = (self.amax_history_length,)
        self.input_amax_history = self._variable("input_amax_history", jnp.zeros, length)
        self.kernel_amax_history = self._variable("kernel_amax_history", jnp.zeros, length)
        self.output_grad_amax_history = self._variable("output_grad_amax_history", jnp.zeros, length)
        self.input_scale = self._variable("input_scale", jnp.ones, (1,))
        self.kernel_scale = self._variable("kernel_scale", jnp.ones, (1,))
        self.output_grad_scale = self._variable("output_grad_scale", jnp.ones, (1,))

    @nowrap
    def _variable(self, name: str, init_fn: Any, shape: tuple[int]) -> Any:
        return self.variable(self.COLLECTION, name, init_fn, shape, jnp.float32)

    @nowrap
    def _scaled(self, compute_dtype: Any) -> Any:
        """A contraction like `lax.dot_general`, by the scales of this layer."""
        return partial(
            fp8_scaled_dot_general,
            lhs_scale=self.input_scale.value,
            rhs_scale=self.kernel_scale.value,
            grad_scale=self.output_grad_scale.value,
            lhs_amax_history=self.input_amax_history.value,
            rhs_amax_history=self.kernel_amax_history.value,
            grad_amax_history=self.output_grad_amax_history.value,
            quantize_compute_type=compute_dtype,
        )

    @nowrap
    def _operands(self, args: tuple[Any, ...]) -> tuple[Any, Any, Any]:
        """(inputs, kernel, dimension numbers) of a call like `lax.dot_general`'s; the inputs in the kernel's
        dtype, in which the layer around it computes.
        """
        if len(args) != 3:
            raise LayerArgumentError(
                f"expected inputs, a kernel and dimension numbers, found {len(args)} positional arguments",
                hint="call it as `lax.dot_general(inputs, kernel, dimension_numbers)` is called",
                module=self,
            )
        inputs, kernel, dimension_numbers = args
        return jnp.asarray(inputs, kernel.dtype), kernel, dimension_numbers


class Fp8DotGeneralOp(Fp8DotGeneralBase):
    """`lax.dot_general` of operands that are rounded to eight bits and back before, and its cotangent behind.

    On hardware with such products XLA makes one of it. Deprecated by Linen: Fp8DirectDotGeneralOp says so
    itself. Source: Micikevicius et al. 2022, arXiv:2209.05433.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        if type(self) is Fp8DotGeneralOp:
            warnings.warn(
                "`Fp8DotGeneralOp` is deprecated; take `Fp8DirectDotGeneralOp` or `Fp8Einsum`",
                DeprecationWarning,
                stacklevel=3,  # behind the `__init__` that dataclasses write
            )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Shapes: inputs, kernel, dimension numbers, result as for `lax.dot_general`; keywords are ignored.

        Raises: LayerArgumentError if these are not the three positional arguments.
        """
        x, kernel, dimension_numbers = self._operands(args)
        rounded = partial(in_qdq, kernel.dtype, self.e4m3_dtype)
        x = rounded(x, self.input_scale.value, self.input_amax_history.value)
        kernel = rounded(kernel, self.kernel_scale.value, self.kernel_amax_history.value)
        y = dot_general_with_precision(x, kernel, dimension_numbers)
        scale, amax_history = self.output_grad_scale.value, self.output_grad_amax_history.value
        return out_qdq(kernel.dtype, self.e5m2_dtype, y, scale, amax_history)


class Fp8DirectDotGeneralOp(Fp8DotGeneralBase):
    """`lax.dot_general` of operands in float8_e4m3fn, whose gradients are products with float8_e5m2.

    Source: Micikevicius et al. 2022, arXiv:2209.05433.
    """

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Shapes: inputs, kernel, dimension numbers, result as for `lax.dot_general`; keywords are ignored.

        Raises: LayerArgumentError if these are not the three positional arguments.
        """
        x, kernel, dimension_numbers = self._operands(args)
        contract = self._scaled(kernel.dtype)
        return contract(x, kernel, dimension_numbers, preferred_element_type=x.dtype)


class NANOOFp8DotGeneralOp(Fp8DotGeneralOp):
    """Fp8DotGeneralOp in the eight-bit types that have neither an infinity nor a negative zero.

    Source: Noune et al. 2022, arXiv:2206.02915.
    """

    e4m3_dtype: Any = jnp.float8_e4m3fnuz
    e5m2_dtype: Any = jnp.float8_e5m2fnuz


class Fp8Einsum(Fp8DotGeneralBase):
    """`jnp.einsum` of two operands in float8_e4m3fn, the second of which is the kernel.

    Source: Micikevicius et al. 2022, arXiv:2209.05433.
    """

    def __call__(
        self, eqn: str, lhs: Any, rhs: Any, precision: Any = None, preferred_element_type: Any = None
    ) -> Any:
        """Shapes: lhs, rhs as in `eqn`, such as `"...k,kn->...n"` -> as its result, in
        `preferred_element_type` or the dtype of `rhs`, in which it is computed. A `precision` is not heeded.
        """
        contract = self._scaled(rhs.dtype)
        settings = {"precision": precision, "preferred_element_type": preferred_element_type}
        return jnp.einsum(eqn, lhs.astype(rhs.dtype), rhs, _dot_general=contract, **settings)


Fp8DotGeneral = Fp8DirectDotGeneralOp
