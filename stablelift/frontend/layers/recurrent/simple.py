"""SimpleCell, GRUCell and MGUCell: recurrent cells whose carry is their output."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax.numpy as jnp

from stablelift.frontend.calling import compact
from stablelift.frontend.layers import initializers
from stablelift.frontend.layers.activation import sigmoid, tanh
from stablelift.frontend.layers.linear.dense import Dense, default_kernel_init
from stablelift.frontend.layers.recurrent.cell import VectorCell


class SimpleCell(VectorCell):
    """The cell h' = activation(W x + b + U h), with `residual` of h more.

    Fields: `features`, the size of h; `activation_fn`; the initializers of W, U, b and of the first carry;
    `dtype`, to compute in (None: promoted); `param_dtype`. Parameters: i {kernel [n, features], bias
    [features]}, h {kernel [features, features]}. Source: Elman 1990, doi:10.1207/s15516709cog1402_1.
    """

    features: int
    activation_fn: Callable[..., Any] = tanh
    kernel_init: Callable[..., Any] = default_kernel_init
    recurrent_kernel_init: Callable[..., Any] = initializers.orthogonal()
    bias_init: Callable[..., Any] = initializers.zeros_init()
    dtype: Any = None
    param_dtype: Any = jnp.float32
    carry_init: Callable[..., Any] = initializers.zeros_init()
    residual: bool = False

    @compact
    def __call__(self, carry: Any, inputs: Any) -> tuple[Any, Any]:
        """Shapes: carry [*batch, features], inputs [*batch, n] -> the new carry, twice."""
        width = jnp.shape(carry)[-1]
        dense = partial(Dense, width, dtype=self.dtype, param_dtype=self.param_dtype)
        new = dense(name="i", kernel_init=self.kernel_init, bias_init=self.bias_init)(inputs)
        new = new + dense(name="h", kernel_init=self.recurrent_kernel_init, use_bias=False)(carry)
        if self.residual:
            new = new + carry
        new = self.activation_fn(new)
        return new, new


class GRUCell(VectorCell):
    """The gated recurrent unit: h' = (1 - z) n + z h, where n is new, reset by r where the gate says so.

        r = gate(W_r x + b_r + U_r h)     n = activation(W_n x + b_n + r (U_n h + c))
        z = gate(W_z x + b_z + U_z h)

    The fields are those of SimpleCell, and `gate_fn`. Parameters: ir, iz, in {kernel [n, features], bias
    [features]}, hr, hz {kernel [features, features]}, hn {kernel, bias}.
    Source: Cho et al. 2014, arXiv:1406.1078.
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
    def __call__(self, carry: Any, inputs: Any) -> tuple[Any, Any]:
        """Shapes: carry [*batch, features], inputs [*batch, n] -> the new carry, twice."""
        width = jnp.shape(carry)[-1]
        dense = partial(
            Dense, width, bias_init=self.bias_init, dtype=self.dtype, param_dtype=self.param_dtype
        )
        of_inputs = partial(dense, kernel_init=self.kernel_init)
        of_carry = partial(dense, kernel_init=self.recurrent_kernel_init)
        reset = self.gate_fn(of_inputs(name="ir")(inputs) + of_carry(name="hr", use_bias=False)(carry))
        keep = self.gate_fn(of_inputs(name="iz")(inputs) + of_carry(name="hz", use_bias=False)(carry))
        fresh = self.activation_fn(of_inputs(name="in")(inputs) + reset * of_carry(name="hn")(carry))
        new = (1.0 - keep) * fresh + keep * carry
        return new, new


class MGUCell(VectorCell):
    """The minimal gated unit: a GRU with one gate f, that both resets and forgets.

        f = gate(W_f x + b_f + U_f h)     h' = (1 - f) activation(W_n x + b_n + f (U_n h + c)) + f h

    Without `reset_gate` the second f and c are left out. The fields are those of SimpleCell, `gate_fn`, and
    one initializer for the bias of f and one for the others. Parameters: if, in {kernel [n, features], bias
    [features]}, hf {kernel [features, features]}, hn {kernel, with `reset_gate` bias}.
    Source: Zhou et al. 2016, arXiv:1603.09420.
    """

    features: int
    gate_fn: Callable[..., Any] = sigmoid
    activation_fn: Callable[..., Any] = tanh
    kernel_init: Callable[..., Any] = default_kernel_init
    recurrent_kernel_init: Callable[..., Any] = initializers.orthogonal()
    forget_bias_init: Callable[..., Any] = initializers.ones_init()
    activation_bias_init: Callable[..., Any] = initializers.zeros_init()
    dtype: Any = None
    param_dtype: Any = jnp.float32
    carry_init: Callable[..., Any] = initializers.zeros_init()
    reset_gate: bool = True

    @compact
    def __call__(self, carry: Any, inputs: Any) -> tuple[Any, Any]:
        """Shapes: carry [*batch, features], inputs [*batch, n] -> the new carry, twice."""
        width = jnp.shape(carry)[-1]
        dense = partial(Dense, width, dtype=self.dtype, param_dtype=self.param_dtype)
        of_inputs = partial(dense, kernel_init=self.kernel_init)
        of_carry = partial(dense, kernel_init=self.recurrent_kernel_init)
        forget = self.gate_fn(
            of_inputs(name="if", bias_init=self.forget_bias_init)(inputs)
            + of_carry(name="hf", use_bias=False)(carry)
        )
        old = of_carry(name="hn", use_bias=self.reset_gate, bias_init=self.activation_bias_init)(carry)
        if self.reset_gate:
            old = old * forget
        fresh = of_inputs(name="in", bias_init=self.activation_bias_init)(inputs)
        new = (1.0 - forget) * self.activation_fn(fresh + old) + forget * carry
        return new, new
