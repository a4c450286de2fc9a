"""Derivatives, examined: forward and reverse mode of JAX's test harnesses by our pass, against JAX's own.

    make exam-derivatives

For each harness with a floating or complex argument: jvp and vjp in random directions, and both once more
on top of each other for every tenth. Where JAX itself has no derivative, the question does not count.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from common.exam import Verdict, answered, close, reference, run

from stablelift import functional

ALLOWED: dict[str, str] = {
    "acosh_shape": "jax 0.10's derivative is wrong left of 1: of another sign than finite differences for "
    "complex numbers, finite where acosh is NaN; ours is that of jax 0.12",
    "cholesky_shape": "the primitive leaves its upper triangle undefined; JAX masks it under "
    "differentiation only",
}
"""By the beginning of a harness's name, why it is not expected to pass."""


def questions(harness: Any, random: np.random.RandomState) -> Iterator[Verdict]:
    """Both modes of the harness as a function of its floating and complex arguments."""
    try:
        args = harness.dyn_args_maker(np.random.RandomState(0))
    except Exception as error:
        yield Verdict(harness.fullname, "not applicable", f"no arguments: {error}")
        return
    moving = [index for index, arg in enumerate(args) if is_inexact(arg)]
    if not moving:
        return
    primals = tuple(jnp.asarray(args[index]) for index in moving)

    def function(*values: Any) -> list[Any]:
        filled = list(args)
        for index, value in zip(moving, values, strict=True):
            filled[index] = value
        return [leaf for leaf in jax.tree.leaves(harness.dyn_fun(*filled)) if is_inexact(leaf)]

    if not jax.eval_shape(function, *primals):
        return
    tangents = tuple(direction(random, primal) for primal in primals)
    name = harness.fullname
    yield answered(f"{name}: jvp", lambda: ask_jvp(function, primals, tangents))
    yield answered(f"{name}: vjp", lambda: ask_vjp(function, primals, random))
    if random.randint(10) == 0:
        yield answered(f"{name}: jvp of vjp", lambda: ask_second(function, primals, tangents, random))


def is_inexact(value: Any) -> bool:
    return hasattr(value, "dtype") and jnp.issubdtype(value.dtype, jnp.inexact)


def direction(random: np.random.RandomState, like: Any) -> jax.Array:
    """Random numbers of an array's shape and dtype."""
    values = random.normal(size=like.shape)
    if jnp.issubdtype(like.dtype, jnp.complexfloating):
        values = values + 1j * random.normal(size=like.shape)
    return jnp.asarray(values, like.dtype)


def ask_jvp(function: Any, primals: Any, tangents: Any) -> str:
    expected = reference(lambda: jax.jit(lambda x, t: jax.jvp(function, x, t))(primals, tangents))
    return close(functional.jit(lambda x, t: functional.jvp(function, x, t))(primals, tangents), expected)


def ask_vjp(function: Any, primals: Any, random: np.random.RandomState) -> str:
    cts = [direction(random, out) for out in jax.eval_shape(function, *primals)]
    expected = reference(lambda: jax.jit(lambda x, ct: pulled(jax.vjp, function, x, ct))(primals, cts))
    return close(
        functional.jit(lambda x, ct: pulled(functional.vjp, function, x, ct))(primals, cts), expected
    )


def ask_second(function: Any, primals: Any, tangents: Any, random: np.random.RandomState) -> str:
    cts = [direction(random, out) for out in jax.eval_shape(function, *primals)]

    def second(jvp: Any, vjp: Any) -> Any:
        return lambda x, t: jvp(lambda *x: pulled(vjp, function, x, cts)[1], x, t)

    expected = reference(lambda: jax.jit(second(jax.jvp, jax.vjp))(primals, tangents))
    return close(functional.jit(second(functional.jvp, functional.vjp))(primals, tangents), expected)


def pulled(vjp: Any, function: Any, primals: Any, cotangents: Any) -> Any:
    """The value, and the gradients for given cotangents."""
    value, pullback = vjp(function, *primals)
    return value, pullback(cotangents)


if __name__ == "__main__":
    sys.exit(run("Derivatives against JAX's", questions, ALLOWED))
