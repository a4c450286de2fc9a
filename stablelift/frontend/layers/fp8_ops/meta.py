"""fm32: numbers whose gradients are joined by their maximum, where those of others are added.

A scale that several steps of a loop use is to have the largest of the values that they find for it. They are
magnitudes, of which none is negative.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from stablelift.lowering import jax_compat

CAN_USE_EARRAY = True
"""Whether there are arrays of such elements outside of `jax.jit`."""


class Fp8MetaTyRules:
    """What JAX asks about such an element type, by JAX's names."""

    @staticmethod
    def physical_element_aval(dtype: Any) -> Any:
        return jax_compat.shaped((), dtype.float_dtype)

    @staticmethod
    def convert_from(fp8_meta_dtype: Any, other_dtype: Any) -> bool:
        return fp8_meta_dtype.float_dtype == other_dtype

    @staticmethod
    def convert_to(other_dtype: Any, fp8_meta_dtype: Any) -> bool:
        return fp8_meta_dtype.float_dtype == other_dtype

    @staticmethod
    def add(dt: Any, x: Any, y: Any) -> Any:
        """The sum of two gradients: their maximum."""
        x, y = (lax.convert_element_type(each, dt.float_dtype) for each in (x, y))
        return lax.convert_element_type(lax.max(x, y), dt)

    @staticmethod
    def zero(dt: Any) -> Any:
        """What leaves every other gradient as it is: the least number."""
        least = np.array(-np.inf, dt.float_dtype)
        if not np.isinf(least):
            least = np.array(jnp.finfo(dt.float_dtype).min, dt.float_dtype)
        return lax.convert_element_type(least, dt)

    @staticmethod
    def tangent_dtype(dtype: Any) -> Any:
        return dtype

    @staticmethod
    def full(shape: Any, fill_value: Any, dtype: Any) -> Any:
        number = lax.convert_element_type(fill_value, dtype.float_dtype)
        return lax.convert_element_type(lax.full(shape, number, dtype.float_dtype), dtype)

    @staticmethod
    def global_sharded_result_handler(aval: Any, out_sharding: Any, committed: bool) -> Any:
        return jax_compat.handler_of_results(aval, out_sharding, committed)


class fp8_meta_dtype(jax.dtypes.extended):
    """The kind of these element types, for `jnp.issubdtype`."""


@dataclasses.dataclass(frozen=True)
class fp8_meta_dtype_wrapper(jax_compat.ElementType):
    """An element type of numbers stored as `float_dtype`; `lax.convert_element_type` leads there and back."""

    float_dtype: Any
    _rules: type = Fp8MetaTyRules
    type: type = fp8_meta_dtype

    def __repr__(self) -> str:
        return f"fp8_meta{jnp.finfo(self.float_dtype).bits}"

    name = property(__repr__)


fm32 = fp8_meta_dtype_wrapper(jnp.float32)
fp32_max_grad = fm32


def as_float(x: Any) -> Any:
    """An array of `fm32` as one of float32; another one as it is."""
    return lax.convert_element_type(x, jnp.float32) if x.dtype == fm32 else x
