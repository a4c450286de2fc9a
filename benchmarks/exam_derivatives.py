"""Derivatives, examined: forward and reverse mode of JAX's test harnesses by our pass, against JAX's own.

    make exam-derivatives

For each harness with a floating or complex argument: jvp and vjp in random directions, and both once more
on top of each other for every tenth. Where JAX itself has no derivative, the question does not count, and is
listed apart.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from common.comparison import Question
from common.exam import NotApplicable, run

from stablelift import functional

ALLOWED: dict[str, str] = {
    "acosh_shape": "jax 0.10's derivative is wrong left of 1: of another sign than finite differences for "
    "complex numbers, finite where acosh is NaN; ours is that of jax 0.12",
    "cholesky_shape": "the primitive leaves its upper triangle undefined; JAX masks it under "
    "differentiation only",
    "eigh_shape*: vjp": "the matrix is triangular: JAX's primal mirrors it, its vjp averages the two halves; "
    "our value is the primal's, and the gradients are equal",
    "gather_*: *vjp": "indices outside, though promised inside: the gather clamps them, JAX's transpose "
    "drops what it adds there; ours is the derivative of what is computed",
    "integer_pow_negative_overflow_shape_float16*: jvp of vjp": "the second derivative's division has "
    "an intermediate that float16 cannot hold",
    "reduce_gen_add_scalar_*initvalue_3": "JAX's derivative leaves the initial value out of the result",
    "scatter_add_modes_out_of_bounds_*PROMISE_IN_BOUNDS*": "an index outside, though promised inside: "
    "the scatter drops the update, JAX's transpose gathers its cotangent nevertheless",
    "sort_multiple_arrays_*isstable_False*": "equal keys in a sort that is not stable: XLA orders them by "
    "how many arrays it sorts at once",
}
"""By the beginning of a question, as a pattern of the shell's, why it is not expected to pass."""


def questions(harness: Any, random: np.random.RandomState) -> Iterator[Question]:
    """Both modes of the harness as a function of its floating and complex arguments."""
    try:
        args = harness.dyn_args_maker(np.random.RandomState(0))
    except Exception as error:
        raise NotApplicable(f"no arguments: {error}") from None
    moving = [index for index, arg in enumerate(args) if is_inexact(arg)]
    if not moving:
        return
    primals = tuple(jnp.asarray(args[index]) for index in moving)

    def function(*values: Any) -> list[Any]:
        filled = list(args)
        for index, value in zip(moving, values, strict=True):
            filled[index] = value
        return [leaf for leaf in jax.tree.leaves(harness.dyn_fun(*filled)) if is_inexact(leaf)]

    results = jax.eval_shape(function, *primals)
    if not results:
        return
    tangents = tuple(direction(random, primal) for primal in primals)
    cts = [direction(random, result) for result in results]
    modes: list[tuple[str, Callable, Any]] = [("jvp", forward, tangents), ("vjp", reverse, cts)]
    if random.randint(10) == 0:
        modes.append(("jvp of vjp", forward_over_reverse, (tangents, cts)))
    for name, make, operands in modes:
        ours, theirs = make(functional, function), make(jax, function)
        yield Question(f"{harness.fullname}: {name}", functional.jit(ours), theirs, (primals, operands))


def is_inexact(value: Any) -> bool:
    return hasattr(value, "dtype") and jnp.issubdtype(value.dtype, jnp.inexact)


def direction(random: np.random.RandomState, like: Any) -> jax.Array:
    """Random numbers of an array's shape and dtype."""
    values = random.normal(size=like.shape)
    if jnp.issubdtype(like.dtype, jnp.complexfloating):
        values = values + 1j * random.normal(size=like.shape)
    return jnp.asarray(values, like.dtype)


def forward(module: Any, function: Callable) -> Callable:
    """(primals, tangents) -> results and their tangents, by the `jvp` of a module."""
    return lambda primals, tangents: module.jvp(function, primals, tangents)


def reverse(module: Any, function: Callable) -> Callable:
    """(primals, cotangents) -> results and the gradients, by the `vjp` of a module."""
    return lambda primals, cotangents: pulled(module, function, primals, cotangents)


def forward_over_reverse(module: Any, function: Callable) -> Callable:
    """(primals, (tangents, cotangents)) -> the gradients and their tangents."""

    def second(primals: Any, directions: Any) -> Any:
        tangents, cotangents = directions
        return module.jvp(lambda *x: pulled(module, function, x, cotangents)[1], primals, tangents)

    return second


def pulled(module: Any, function: Callable, primals: Any, cotangents: Any) -> Any:
    """The value, and the gradients for given cotangents."""
    value, pullback = module.vjp(function, *primals)
    return value, pullback(cotangents)


if __name__ == "__main__":
    sys.exit(run("Derivatives against JAX's", questions, ALLOWED))
