"""LSTMCell and OptimizedLSTMCell: the long short-term memory, in two spellings of the same function.

    i = gate(W_i x + U_i h + b_i)     f = gate(W_f x + U_f h + b_f)     c' = f c + i g
    g = act(W_g x + U_g h + b_g)      o = gate(W_o x + U_o h + b_o)     h' = o act(c')

Source: Hochreiter & Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735, with the forget gate f of Gers et al.
2000, doi:10.1162/089976600300015015.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax.numpy as jnp

from stablelift.frontend.calling import compact, nowrap
from stablelift.frontend.layers import initializers
from stablelift.frontend.layers.activation import sigmoid, tanh
from stablelift.frontend.layers.dtypes import promote_dtype
from stablelift.frontend.layers.linear.dense import Dense, default_kernel_init
from stablelift.frontend.layers.recurrent.cell import VectorCell, initial_pair
from stablelift.frontend.module import Module

_GATES = "ifgo"


class LSTMCell(VectorCell):
    """The long short-term memory, with two contractions for each gate.

    Fields: `features`, the size of the states; `gate_fn` and `activation_fn`; the initializers of W, U, b and
    of the first carry; `dtype`, to compute in (None: promoted); `param_dtype`. Parameters: ii, if, ig, io
    {kernel [n, features]}, hi, hf, hg, ho {kernel [features, features], bias [features]}.
    """

    features: int
    gate_fn: Callable[..., Any] = sigmoid
    activation_fn: Callable[..., Any] = tanh
    kernel_init: Callable[..., Any] = default_kernel_init
    recurrent_kernel_init: Callable[..., Any] = initializers.orthogonal()
    bias_init: Callable[..., Any] = initializers.zeros_init()
    dtype: Any = None
    param_dtype: Any = jnp.float32
    carry_init: Callable[..., Any] = initializers.zeros_init()

    @compact
    def __call__(self, carry: tuple[Any, Any], inputs: Any) -> tuple[tuple[Any, Any], Any]:
        """Shapes: carry (c, h), each [*batch, features], inputs [*batch, n] -> the new carry, the new h."""
        width = jnp.shape(carry[1])[-1]
        dense = partial(Dense, width, dtype=self.dtype, param_dtype=self.param_dtype)
        of_inputs = partial(dense, use_bias=False, kernel_init=self.kernel_init)
        of_hidden = partial(dense, bias_init=self.bias_init, kernel_init=self.recurrent_kernel_init)
        gates = [of_inputs(name=f"i{gate}")(inputs) + of_hidden(name=f"h{gate}")(carry[1]) for gate in _GATES]
        return _next_state(self, carry[0], gates)

    @nowrap
    def initialize_carry(self, rng: Any, input_shape: tuple[int, ...]) -> tuple[Any, Any]:
        """Two arrays [*batch, features] of `param_dtype`, for inputs of shape [*batch, n]."""
        return initial_pair(self, rng, (*input_shape[:-1], self.features))


class OptimizedLSTMCell(VectorCell):
    """The long short-term memory, with two contractions for all gates at once.

    Fields, parameters and results are those of LSTMCell.
    """

    features: int
    gate_fn: Callable[..., Any] = sigmoid
    activation_fn: Callable[..., Any] = tanh
    kernel_init: Callable[..., Any] = default_kernel_init
    recurrent_kernel_init: Callable[..., Any] = initializers.orthogonal()
    bias_init: Callable[..., Any] = initializers.zeros_init()
    dtype: Any = None
    param_dtype: Any = jnp.float32
    carry_init: Callable[..., Any] = initializers.zeros_init()

    @compact
    def __call__(self, carry: tuple[Any, Any], inputs: Any) -> tuple[tuple[Any, Any], Any]:
        """Shapes: carry (c, h), each [*batch, features], inputs [*batch, n] -> the new carry, the new h."""
        old, hidden = carry
        width = jnp.shape(hidden)[-1]
        of_hidden = self._all_gates("h", hidden, width, self.recurrent_kernel_init, self.bias_init)
        of_inputs = self._all_gates("i", inputs, width, self.kernel_init, None)
        return _next_state(self, old, [h + i for h, i in zip(of_hidden, of_inputs, strict=True)])

    @nowrap
    def _all_gates(self, prefix: str, x: Any, width: int, kernel_init: Any, bias_init: Any) -> list[Any]:
        """The part of each gate that comes from `x`, by one contraction."""
        parameters = [
            _Gate(width, self.param_dtype, kernel_init, bias_init, name=f"{prefix}{gate}")(x)
            for gate in _GATES
        ]
        kernel = jnp.concatenate([kernel for kernel, _ in parameters], axis=-1)
        bias = jnp.concatenate([bias for _, bias in parameters], axis=-1) if bias_init else None
        x, kernel, bias = promote_dtype(x, kernel, bias, dtype=self.dtype)
        y = jnp.dot(x, kernel)
        if bias is not None:
            y = y + jnp.reshape(bias, (1,) * (y.ndim - 1) + (-1,))
        return jnp.split(y, len(_GATES), axis=-1)

    @nowrap
    def initialize_carry(self, rng: Any, input_shape: tuple[int, ...]) -> tuple[Any, Any]:
        """Two arrays [*batch, features] of `param_dtype`, for inputs of shape [*batch, n]."""
        return initial_pair(self, rng, (*input_shape[:-1], self.features))


class _Gate(Module):
    """The parameters of a Dense layer, without the layer."""

    features: int
    param_dtype: Any
    kernel_init: Callable[..., Any]
    bias_init: Callable[..., Any] | None

    @compact
    def __call__(self, inputs: Any) -> tuple[Any, Any]:
        shape = (jnp.shape(inputs)[-1], self.features)
        kernel = self.param("kernel", self.kernel_init, shape, self.param_dtype)
        if self.bias_init is None:
            return kernel, None
        return kernel, self.param("bias", self.bias_init, (self.features,), self.param_dtype)


def _next_state(cell: Any, old: Any, gates: list[Any]) -> tuple[tuple[Any, Any], Any]:
    i, f, g, o = gates
    new = cell.gate_fn(f) * old + cell.gate_fn(i) * cell.activation_fn(g)
    hidden = cell.gate_fn(o) * cell.activation_fn(new)
    return (new, hidden), hidden
