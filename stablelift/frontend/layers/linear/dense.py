"""Dense and DenseGeneral: contractions of some axes of the input with a kernel."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import jax.numpy as jnp
from jax import lax

from stablelift.errors import LayerArgumentError
from stablelift.frontend import meta
from stablelift.frontend.calling import compact, nowrap
from stablelift.frontend.layers import initializers
from stablelift.frontend.layers.axes import as_tuple, counted_from_front
from stablelift.frontend.layers.dtypes import promote_dtype as promote
from stablelift.frontend.module import Module

default_kernel_init = initializers.lecun_normal()


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
    kernel_init: Callable[..., Any] = default_kernel_init
    bias_init: Callable[..., Any] = initializers.zeros_init()
    promote_dtype: Callable[..., Any] = promote
    dot_general: Callable[..., Any] | None = None
    dot_general_cls: Any = None

    @compact
    def __call__(self, inputs: Any) -> Any:
        """Shapes: inputs [..., n] -> [..., features]. Parameters: kernel [n, features], bias [features].

        Raises: LayerArgumentError for a scalar.
        """
        (last,) = counted_from_front(self, "inputs", -1, jnp.shape(inputs))
        kernel_shape = (jnp.shape(inputs)[last], self.features)
        kernel = self.param("kernel", self.kernel_init, kernel_shape, self.param_dtype)
        bias = (
            self.param("bias", self.bias_init, (self.features,), self.param_dtype) if self.use_bias else None
        )
        inputs, kernel, bias = self.promote_dtype(inputs, kernel, bias, dtype=self.dtype)
        y = _contraction(self)(inputs, kernel, (((last,), (0,)), ((), ())), precision=self.precision)
        return y if bias is None else y + jnp.reshape(bias, (1,) * (y.ndim - 1) + (-1,))


class DenseGeneral(Module):
    """A linear map of several axes at once, to several new ones: the tensor contraction of `axis`.

    `batch_dims`, leading axes of the input, get a kernel and a bias each. The other fields are those of
    Dense. The initializers see the kernel as a matrix, from all batch and contracted axes to all features,
    and the bias as a vector, so that fans count every element.
    """

    features: int | Sequence[int]
    axis: int | Sequence[int] = -1
    batch_dims: int | Sequence[int] = ()
    use_bias: bool = True
    dtype: Any = None
    param_dtype: Any = jnp.float32
    kernel_init: Callable[..., Any] = default_kernel_init
    bias_init: Callable[..., Any] = initializers.zeros_init()
    precision: Any = None
    promote_dtype: Callable[..., Any] = promote
    dot_general: Callable[..., Any] | None = None
    dot_general_cls: Any = None

    @compact
    def __call__(self, inputs: Any) -> Any:
        """Shapes: inputs [*batch, *rest, *contracted], in any order after the batch
        -> [*batch, *rest, *features].

        Parameters: kernel [*batch, *contracted, *features], bias [*batch, *features], where the contracted
        axes come in the input's order, whatever the order in `axis`. Raises: LayerArgumentError if an axis
        does not exist or is named twice, or if the batch axes are not the leading ones.
        """
        shape = jnp.shape(inputs)
        features, axes, batch = as_tuple(self.features), self._contracted(shape), as_tuple(self.batch_dims)
        batch_shape = tuple(shape[axis] for axis in batch)
        inner = (*batch_shape, *(shape[axis] for axis in axes))
        kernel = self.param(
            "kernel", _flattened(self.kernel_init, len(inner)), (*inner, *features), self.param_dtype
        )
        bias = None
        if self.use_bias:
            bias_shape = (*batch_shape, *features)
            bias = self.param("bias", _flattened(self.bias_init, None), bias_shape, self.param_dtype)
        inputs, kernel, bias = self.promote_dtype(inputs, kernel, bias, dtype=self.dtype)
        kernel_axes = tuple(range(len(batch), len(inner)))
        dimensions = ((axes, kernel_axes), (batch, tuple(range(len(batch)))))
        y = _contraction(self)(inputs, kernel, dimensions, precision=self.precision)
        if bias is None:
            return y
        rest = (1,) * (len(shape) - len(batch) - len(axes))
        return y + jnp.reshape(bias, (*batch_shape, *rest, *features))

    @nowrap
    def _contracted(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        axes = tuple(sorted(counted_from_front(self, "axis", self.axis, shape)))
        batch = as_tuple(self.batch_dims)
        if sorted(batch) != list(range(len(batch))):
            raise LayerArgumentError(
                f"`batch_dims` are {batch}, expected the leading axes",
                f"input: {shape}",
                hint="move the batch axes to the front and name them 0, 1, ...",
                module=self,
            )
        if len({*axes, *batch}) < len(axes) + len(batch):
            raise LayerArgumentError(
                "an axis is named twice",
                f"axis: {axes}",
                f"batch_dims: {batch}",
                hint="contract each axis once, and no batch axis",
                module=self,
            )
        return axes


def _contraction(layer: Any) -> Callable[..., Any]:
    """What the layer contracts with: `dot_general_cls()`, else `dot_general`, else JAX's."""
    if layer.dot_general_cls is not None:
        return layer.dot_general_cls()
    return layer.dot_general or lax.dot_general


def _flattened(init_fn: Callable[..., Any], inner: int | None) -> Callable[..., Any]:
    """`init_fn` applied to the shape as a matrix: the first `inner` axes by the others; None: as a vector.

    Made once for each initializer where that can be hashed, since the shapes it makes are remembered by it.
    """
    try:
        return _remembered_flattened(init_fn, inner)
    except TypeError:
        return _make_flattened(init_fn, inner)


def _make_flattened(init_fn: Callable[..., Any], inner: int | None) -> Callable[..., Any]:
    def init(key: Any, shape: tuple[int, ...], dtype: Any = jnp.float32) -> Any:
        parts = [shape] if inner is None else [shape[:inner], shape[inner:]]
        made = init_fn(key, tuple(map(math.prod, parts)), dtype)
        return meta.replace_boxed(made, jnp.reshape(meta.unbox(made), shape))

    return init


_remembered_flattened = lru_cache(maxsize=512)(_make_flattened)
