"""Functions that hold calls, user rules, loops and branches, for the tests of batching."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.ad_checkpoint import checkpoint_name
from jax.extend.random import threefry2x32_p

from tests.passes.batching.cases import Case

STRUCTURE: dict[str, list[Case]] = {}
"""The cases by the op that they witness."""


def add(op: str, source: Any, *types: str) -> None:
    STRUCTURE.setdefault(op, []).append(Case(source, types))


# Calls


@jax.jit
def scaled(x: jax.Array, y: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Two results, of which the second does not depend on x."""
    return x * y, jnp.sin(y)


add("lift.call", lambda x, y: scaled(scaled(x, y)[0], y), "3xf32", "3xf32")
add("lift.remat", jax.checkpoint(lambda x, y: jnp.sin(x) * y), "3xf32", "3xf32")
add(
    "lift.no_derivative",
    """
    func.func public @main(%x: tensor<3xf32>) -> tensor<3xf32> {
      %0 = "lift.no_derivative"(%x) {callee = @sine, reason = "none"} : (tensor<3xf32>) -> tensor<3xf32>
      return %0 : tensor<3xf32>
    }
    func.func private @sine(%x: tensor<3xf32>) -> tensor<3xf32> {
      %0 = stablehlo.sine %x : tensor<3xf32>
      return %0 : tensor<3xf32>
    }
    """,
    "3xf32",
)
add("lift.random_bits", lambda key: jax.random.bits(jax.random.wrap_key_data(key), (1024,)), "2xui32")
add("lift.threefry2x32", lambda key, x: threefry2x32_p.bind(key, key + 1, x, x * 2), "3xui32", "3xui32")
add(
    "func.call",
    """
    func.func public @main(%x: tensor<3xf32>, %y: tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>) {
      %0:2 = call @swap(%x, %y) : (tensor<3xf32>, tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>)
      return %0#0, %0#1 : tensor<3xf32>, tensor<3xf32>
    }
    func.func private @swap(%x: tensor<3xf32>, %y: tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>) {
      return %y, %x : tensor<3xf32>, tensor<3xf32>
    }""",
    "3xf32",
    "3xf32",
)
add(
    "stablehlo.composite",
    """
    func.func public @main(%x: tensor<3xf32>) -> tensor<3xf32> {
      %0 = stablehlo.composite "field.twice" %x {decomposition = @twice} : (tensor<3xf32>) -> tensor<3xf32>
      return %0 : tensor<3xf32>
    }
    func.func private @twice(%x: tensor<3xf32>) -> tensor<3xf32> {
      %0 = stablehlo.add %x, %x : tensor<3xf32>
      return %0 : tensor<3xf32>
    }""",
    "3xf32",
)

# User rules


@jax.custom_jvp
def ramp(x: jax.Array) -> jax.Array:
    return jnp.maximum(x, 0)


ramp.defjvp(lambda primals, tangents: (ramp(primals[0]), jnp.where(ramp(primals[0]) > 0, *tangents, 0)))


@jax.custom_vjp
def product(x: jax.Array, w: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Two results, of which the second does not depend on x."""
    return x @ w, w.sum()


product.defvjp(
    lambda x, w: (product(x, w), (x, w)),
    lambda saved, cts: (cts[0] @ saved[1].T, 3 * jnp.outer(saved[0], cts[0]) + cts[1]),
)

add("lift.custom_jvp", ramp, "3xf32")
add("lift.custom_jvp", jax.nn.relu, "3xf32")
add("lift.custom_vjp", product, "3xf32", "3x2xf32")
add("lift.name", lambda x: checkpoint_name(jnp.sin(x), "kept"), "3xf32")

# Loops


def recurrent(carry: jax.Array, xs: jax.Array, weights: jax.Array) -> Any:
    def step(carry: jax.Array, x: jax.Array) -> Any:
        return jnp.tanh(weights @ carry) + x.sum(), (carry * 2, x[0], weights[0, 0])

    return lax.scan(step, carry, xs)


def growing(xs: jax.Array, y: jax.Array) -> Any:
    """One step maps the first carry only by the second, which is mapped by the third."""
    return lax.scan(lambda carry, x: ((carry[1], carry[2], carry[2] + y), carry[0] * x), (0.0, 1.0, 2.0), xs)


def count_down(count: jax.Array, x: jax.Array) -> Any:
    return lax.while_loop(lambda s: s[0] > 0, lambda s: (s[0] - 1, s[1] * 1.5), (count, x))


def until(bound: jax.Array, x: jax.Array, rate: jax.Array) -> Any:
    """Constants in the condition and in the body."""
    return lax.while_loop(
        lambda state: (state[0] < 6) & (state[1].sum() < bound),
        lambda state: (state[0] + 1, state[1] + jnp.abs(rate)),
        (0, x),
    )


add("lift.scan", recurrent, "3xf32", "4x2xf32", "3x3xf32")
add("lift.scan", growing, "5xf32", "f32")
add(
    "lift.scan",
    lambda x, xs: lax.scan(lambda c, x: (c + x, x * c), x, xs, reverse=True, unroll=2),
    "f32",
    "5xf32",
)
add("lift.while", count_down, "i32", "2xf32")
add("lift.while", until, "f32", "2xf32", "2xf32")
add("lift.while", lambda bound, x: lax.fori_loop(0, bound, lambda i, x: x * 1.5 + i, x), "i32", "f32")

# Branches

BRANCHES = [lambda x, y: (x * 2, y), lambda x, y: (jnp.sin(x), x.sum()), lambda x, y: (x, y + 1)]

add("lift.switch", lambda index, x, y: lax.switch(index, BRANCHES, x, y), "i32", "2xf32", "f32")
add("lift.switch", lambda x: lax.cond(x.sum() > 0, jnp.sin, lambda x: x - 1, x), "2xf32")
