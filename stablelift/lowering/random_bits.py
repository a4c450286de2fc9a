"""Random bits on CPU: Threefry as one op of its counters, and a `lift.random_bits` for each block.

JAX lowers Threefry to a loop there, each of whose five iterations reads and writes the whole block: that
takes XLA more than twice as long to compile, and runs a fifth as fast.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import jax
from jax.extend.core import Primitive
from jax.extend.random import threefry2x32_p

from stablelift.ir import hlo
from stablelift.ir.lift import Signature, create
from stablelift.ir.mlir import ir
from stablelift.ir.tensor import Tensor, emit, splat
from stablelift.ir.types import tensor_type
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


def _random_bits(ctx: Any, keys: Any, *, bit_width: int, shape: tuple[Any, ...]) -> Any:
    """Of a block one op, whose callee makes the bits of the key."""
    params = {"bit_width": bit_width, "shape": shape}
    bits = ctx.avals_out[0]
    if jax_compat.is_symbolic(bits) or math.prod(bits.shape) < _BLOCK:
        return jax_compat.lower_as_jax(jax_compat.random_bits_p, ctx, keys, **params)
    memo, aval, count = jax_compat.memo_of(ctx), ctx.avals_in[0], math.prod(shape)
    settings: Any = jax.config
    is_partitionable = bool(settings.jax_threefry_partitionable)
    if is_partitionable and not aval.shape and jax_compat.is_threefry_key(aval) and count <= _COUNTS:
        type = jax_compat.ir_type(ctx, bits)
        counted = tensor_type([count], type.element_type)  # shapes of as many elements share a function
        kind = "stablelift counted bits", count, bit_width
        if kind not in memo:
            draw = functools.partial(_bits_of_counters, counted)
            name = jax_compat.new_callee(ctx, "random_bits", [keys.type], [counted], draw)
            memo[kind] = name, Signature([keys.type], [counted])
        (drawn,) = emit_lift(ctx, "lift.random_bits", [keys], {"callee": memo[kind]})
        return [hlo.reshape(Tensor(drawn), shape).value]
    kind = "stablelift random bits", aval, is_partitionable, *params.values()
    if kind not in memo:
        jaxpr = jax_compat.make_jaxpr(functools.partial(jax_compat.random_bits_p.bind, **params), [aval])
        function = jax_compat.lower_callee(ctx, "random_bits", jaxpr, rules=_THREEFRY)
        memo[kind] = function.name.value, signature_of_jaxpr(ctx, jaxpr)
    return emit_lift(ctx, "lift.random_bits", [keys], {"callee": memo[kind]})


_COUNTS = 2**32
"""How many elements a counter of one word tells apart."""


def _bits_of_counters(type: Any, key: Any) -> list[Any]:
    """JAX's bits of a key, `jax_threefry_partitionable` being on: the words that Threefry makes of the number
    of each element, in a type of one axis.

    Both words are a number of 64 bits, of fewer their exclusive or is.
    """
    words = tensor_type(type.shape, ir.IntegerType.get_unsigned(32))
    count = hlo.iota(type.shape, 0, words.element_type)
    halves = [hlo.reshape(hlo.slice_axis(Tensor(key), 0, index, index + 1), ()) for index in (0, 1)]
    key1, key2 = (hlo.broadcast_in_dim(half, type.shape, ()) for half in halves)
    operands = [x.value for x in (key1, key2, splat(0, words), count)]
    high, low = map(Tensor, create("lift.threefry2x32", operands, {}))
    if type.element_type.width < 64:
        return [hlo.convert(emit("stablehlo.xor", high, low), type.element_type).value]
    high, low = hlo.convert(high, type.element_type), hlo.convert(low, type.element_type)
    return [emit("stablehlo.or", emit("stablehlo.shift_left", high, splat(32, type)), low).value]


ON_CPU = {**_THREEFRY, jax_compat.random_bits_p: _random_bits}
"""The rules, where the program is for CPUs."""
