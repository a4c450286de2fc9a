"""JAX's library, examined: its public functions compiled, mapped and differentiated by us, against JAX.

    make exam-functions
    python benchmarks/exam_functions.py --only special

Where JAX's harnesses (`exam-batching`, `exam-derivatives`) ask about its primitives, this asks about the
functions of `jax.numpy`, `jax.nn`, `jax.lax`, `jax.random` and `jax.scipy`: compiled as they are, mapped as
in `exam-batching`, differentiated as in `exam-derivatives`; those that act on elements at zeros, infinities,
NaN and imaginary numbers too. What a function does not take is no question.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import exam_batching
import exam_derivatives
import jax
import jax.numpy as jnp
import numpy as np
from common.comparison import Question
from common.exam import NotApplicable, run
from common.library import Harness, harnesses

from stablelift import functional

SPECIAL_VALUES = {
    "float32": {
        "zeros": [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0],
        "limits": [np.inf, -np.inf, np.nan, 0.0, 1.0],
        "small": [1e-30, -1e-30],
        "large": [80.0, -80.0],
    },
    "complex64": {
        "axes": [1, -1, 1j, -1j, 0.5j, 1 + 1j, -2 + 0.5j],
        "zero": [0],
    },
}
"""What is asked about at once is of one magnitude, for results are compared to the largest of them."""

_POWER = "in the base, of 0 to the power 0: JAX's is 0 times infinity, ours 0, as of every other base"
_SQUARE = "of numbers whose square is 0: JAX's derivative divides by it, ours is the true one"
_WIDER = "it computes float64 numbers of float32 ones, rounded in another order"
_OF_SQUARES = ("boxcox", "boxcox1p", "div", "divide", "hypot", "sinc", "true_divide")

NOT_AT_SPECIAL_VALUES = ("exp1", "expi", "expn", "roll")
"""Not asked there: JAX's loops do not end where a square is 0, or at NaN, or they take minutes."""

ALLOWED: dict[str, str] = {
    "*.corrcoef of *: [jv]*": "of a row with itself it is constant: JAX's derivative is rounding",
    "*.lstsq of complex: jvp": "the residuals are rounding",
    "*.owens_t of * mapped over": _WIDER,
    "*.dot_product_attention of row: *": "one weight is always 1: JAX's derivative is rounding",
    "*.expn of *: [jv]*": "its rule closes over a traced order: inside of `jit` JAX refuses that too",
    **{f"*.{name} of *: [jv]*": exam_derivatives.ALLOWED["acosh_shape"] for name in ("acosh", "arccosh")},
    **{f"*{name}: jvp": _WIDER for name in ("weibull_min of key", "norm.isf of r*", "norm.ppf of r*")},
    "*.t.*pdf of *: vjp at small": _SQUARE,
    **{f"*.{name}.* of *: vjp at *": _POWER for name in ("gennorm", "pareto")},
    **{f"*.{name} of *: vjp at small": _SQUARE for name in _OF_SQUARES},
    **{f"*.{name} of *: vjp at *": _POWER for name in ("pow", "power", "float_power")},
}
"""By the beginning of a question, as a pattern of the shell's, why it is not expected to pass."""


def questions(harness: Harness, random: np.random.RandomState) -> Iterator[Question]:
    """The function by itself, mapped, differentiated, and at special values."""
    try:
        args = harness.dyn_args_maker(np.random.RandomState(0))
    except TypeError as error:
        raise NotApplicable(str(error)) from None
    yield Question(harness.fullname, functional.jit(harness.dyn_fun), harness.dyn_fun, tuple(args))
    yield from exam_batching.questions(harness, random)
    yield from exam_derivatives.questions(harness, random)
    if harness.name not in NOT_AT_SPECIAL_VALUES and _is_elementwise(harness, args):
        yield from _at_special_values(harness, args)


def _is_elementwise(harness: Harness, args: list[Any]) -> bool:
    """Whether it is one of one or two arrays, and looks like acting on their elements."""
    results = jax.eval_shape(harness.dyn_fun, *args)
    alike = len(results) == 1 and (results[0].shape, results[0].dtype) == (args[0].shape, args[0].dtype)
    return len(args) <= 2 and alike


def _at_special_values(harness: Harness, args: list[Any]) -> Iterator[Question]:
    """The value and the gradients where each argument takes each of some values."""
    dtype = args[0].dtype
    for name, values in SPECIAL_VALUES.get(str(dtype), {}).items():
        grid = np.meshgrid(*[np.array(values, dtype)] * len(args))
        primals = tuple(jnp.asarray(each.ravel()) for each in grid)
        try:
            (like,) = jax.eval_shape(harness.dyn_fun, *primals)
        except Exception:
            continue
        make = exam_derivatives.reverse
        ours, theirs = make(functional, harness.dyn_fun), make(jax, harness.dyn_fun)
        operands = (primals, [exam_derivatives.direction(np.random.RandomState(0), like)])
        yield Question(f"{harness.fullname}: vjp at {name}", functional.jit(ours), theirs, operands)


if __name__ == "__main__":
    sys.exit(run("JAX's library against JAX", questions, ALLOWED, harnesses))
