"""Random bits on CPU: Threefry as one op of its counters, and a `lift.random_bits` for each block.

JAX lowers Threefry to a loop there, each of whose five iterations reads and writes the whole block: that
takes XLA more than twice as long to compile, and runs a fifth as fast.
"""

from __future__ import annotations

import functools
import math
from typing import Any

from jax.extend.core import Primitive
from jax.extend.random import threefry2x32_p

from stablelift.ir import hlo
from stablelift.ir.tensor import Tensor
from stablelift.lowering import jax_compat
from stablelift.lowering.table import emit as emit_lift
from stablelift.lowering.table import signature_of_jaxpr


def _threefry2x32(ctx: Any, *args: Any) -> list[Any]:
    """Two words for each pair of counters under a key of two words: (key1, key2, x, y), which broadcast."""
    if jax_compat.is_symbolic(ctx.avals_out[0]):
        return list(jax_compat.lower_as_jax(threefry2x32_p, ctx, *args))
    type = jax_compat.ir_type(ctx, ctx.avals_out[0])
    operands = [_broadcast(Tensor(arg), type.shape).value for arg in args]
    return emit_lift(ctx, "lift.threefry2x32", operands, {})


def _broadcast(x: Tensor, shape: Any) -> Tensor:
    """A scalar, or a tensor with axes of one element, in this shape."""
    return x if list(x.shape) == list(shape) else hlo.broadcast_in_dim(x, shape, range(x.rank))


_BLOCK = 64
"""From this many elements on bits are a block: fewer, such as a choice among some actions, are computed where
they are read, by each reader again."""

_THREEFRY: dict[Primitive, jax_compat.Rule] = {threefry2x32_p: _threefry2x32}


def _random_bits(ctx: Any, keys: Any, **params: Any) -> Any:
    """Of a block one op, whose callee is what JAX makes of it."""
    bits = ctx.avals_out[0]
    if jax_compat.is_symbolic(bits) or math.prod(bits.shape) < _BLOCK:
        return jax_compat.lower_as_jax(jax_compat.random_bits_p, ctx, keys, **params)
    memo, aval = jax_compat.memo_of(ctx), ctx.avals_in[0]
    kind = "stablelift random bits", aval, *sorted(params.items())
    if kind not in memo:
        jaxpr = jax_compat.make_jaxpr(functools.partial(jax_compat.random_bits_p.bind, **params), [aval])
        function = jax_compat.lower_callee(ctx, "random_bits", jaxpr, rules=_THREEFRY)
        memo[kind] = function.name.value, signature_of_jaxpr(ctx, jaxpr)
    return emit_lift(ctx, "lift.random_bits", [keys], {"callee": memo[kind]})


ON_CPU = {**_THREEFRY, jax_compat.random_bits_p: _random_bits}
"""The rules, where the program is for CPUs."""
