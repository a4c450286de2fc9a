"""Derivatives, examined: forward and reverse mode of JAX's test harnesses by our pass, against JAX's own.

    make exam-derivatives

For each harness with a floating or complex argument: jvp and vjp in random directions, and both once more
on top of each other for every tenth. Where JAX itself has no derivative, the question does not count, and is
listed apart.
"""

from __future__ import annotations

import functools
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
    "eigh_shape*: vjp": "the matrix is triangular: JAX's primal mirrors the triangle, its vjp averages the two "
    "halves; our value is the primal's, and the gradients are equal",
    "gather_*: *vjp": "indices outside, though promised inside: the gather clamps them, JAX's transpose drops "
    "what it adds there; ours is the derivative of what is computed",
    "reduce_gen_add_scalar_*initvalue_3": "JAX's derivative leaves the initial value out of the result",
    "scatter_add_modes_out_of_bounds_*PROMISE_IN_BOUNDS*: vjp": "an index outside, though promised inside: the "
    "scatter drops the update, JAX's transpose gathers its cotangent nevertheless",
}
"""By the beginning of a question, as a pattern of the shell's, why it is not expected to pass."""


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
    cotangents = [direction(random, out) for out in jax.eval_shape(function, *primals)]
    yield from first_order(name, function, primals, tangents, cotangents)
    if random.randint(10) == 0:
        yield answered(f"{name}: jvp of vjp", lambda: ask_second(function, primals, tangents, cotangents))


def is_inexact(value: Any) -> bool:
    return hasattr(value, "dtype") and jnp.issubdtype(value.dtype, jnp.inexact)


def direction(random: np.random.RandomState, like: Any) -> jax.Array:
    """Random numbers of an array's shape and dtype."""
    values = random.normal(size=like.shape)
    if jnp.issubdtype(like.dtype, jnp.complexfloating):
        values = values + 1j * random.normal(size=like.shape)
    return jnp.asarray(values, like.dtype)


def first_order(
    name: str, function: Any, primals: Any, tangents: Any, cotangents: Any
) -> Iterator[Verdict]:
    """Both modes, in one program of JAX's and one of ours; where these do not work, each by itself."""

    def both(jvp: Any, vjp: Any) -> Any:
        return lambda x, t, ct: (jvp(function, x, t), pulled(vjp, function, x, ct))

    args = primals, tangents, cotangents
    try:
        expected = jax.jit(both(jax.jvp, jax.vjp))(*args)
        found = functional.jit(both(functional.jvp, functional.vjp))(*args)
    except Exception:
        yield answered(f"{name}: jvp", lambda: ask_jvp(function, primals, tangents))
        yield answered(f"{name}: vjp", lambda: ask_vjp(function, primals, cotangents))
        return
    for mode, ours, theirs in zip(("jvp", "vjp"), found, expected, strict=True):
        yield answered(f"{name}: {mode}", functools.partial(close, ours, theirs))


def ask_jvp(function: Any, primals: Any, tangents: Any) -> str:
    expected = reference(lambda: jax.jit(lambda x, t: jax.jvp(function, x, t))(primals, tangents))
    return close(functional.jit(lambda x, t: functional.jvp(function, x, t))(primals, tangents), expected)


def ask_vjp(function: Any, primals: Any, cotangents: Any) -> str:
    expected = reference(lambda: jax.jit(lambda x, ct: pulled(jax.vjp, function, x, ct))(primals, cotangents))
    return close(
        functional.jit(lambda x, ct: pulled(functional.vjp, function, x, ct))(primals, cotangents), expected
    )


def ask_second(function: Any, primals: Any, tangents: Any, cotangents: Any) -> str:
    """Forward over reverse."""

    def second(jvp: Any, vjp: Any) -> Any:
        return lambda x, t: jvp(lambda *x: pulled(vjp, function, x, cotangents)[1], x, t)

    expected = reference(lambda: jax.jit(second(jax.jvp, jax.vjp))(primals, tangents))
    return close(functional.jit(second(functional.jvp, functional.vjp))(primals, tangents), expected)


def pulled(vjp: Any, function: Any, primals: Any, cotangents: Any) -> Any:
    """The value, and the gradients for given cotangents."""
    value, pullback = vjp(function, *primals)
    return value, pullback(cotangents)


if __name__ == "__main__":
    sys.exit(run("Derivatives against JAX's", questions, ALLOWED))
