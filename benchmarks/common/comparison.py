"""Questions of an exam: does our function return what JAX's does?

XLA's compilation is most of what a question costs. The questions on one harness are therefore compiled
together, ours beside JAX's (XLA compiles what both share once), with little optimisation. Where that does
not go well, each is asked alone, and an error finds its question.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from stablelift.errors import LiftError

PASSED, WRONG, NO_RULE, ERROR, CRASH, SKIPPED = (
    "passed",
    "wrong",
    "no rule",
    "error",
    "crash",
    "not applicable",
)
KNOWN = "known"
"""That it is not passed has a reason that is written down."""
VERDICTS = (PASSED, WRONG, NO_RULE, ERROR, CRASH, SKIPPED)


class Question(NamedTuple):
    """Two functions that should agree on the arguments."""

    name: str
    ours: Callable[..., Any]
    theirs: Callable[..., Any]
    args: tuple[Any, ...]


class Verdict(NamedTuple):
    """What came of one question; `detail` says why it was not passed."""

    question: str
    verdict: str
    detail: str = ""


def answers(questions: Sequence[Question]) -> list[Verdict]:
    """A verdict on each question, from one compilation if all goes well."""
    try:
        pairs = _compiled(lambda every: [_both(*each) for each in zip(questions, every, strict=True)])(
            [question.args for question in questions]
        )
    except Exception:
        return [_alone(question) for question in questions]
    return [
        _judged(question.name, *jax.device_get(pair)) for question, pair in zip(questions, pairs, strict=True)
    ]


def _both(question: Question, args: Sequence[Any]) -> tuple[Any, Any]:
    return question.ours(*args), question.theirs(*args)


def _alone(question: Question) -> Verdict:
    try:
        expected = _compiled(question.theirs)(*question.args)
    except Exception as error:
        return not_asked(question.name, error)
    try:
        found = _compiled(question.ours)(*question.args)
    except Exception as error:
        return failed(question.name, error)
    return _judged(question.name, found, expected)


def not_asked(name: str, error: Exception) -> Verdict:
    """Of a question that JAX ends in an error too."""
    return Verdict(name, SKIPPED, f"JAX: {type(error).__name__}: {_first_line(error)[:120]}")


def failed(name: str, error: Exception) -> Verdict:
    """Of a question that ours ends in an error."""
    if isinstance(error, LiftError) and " rule for " in str(error):
        return Verdict(name, NO_RULE, _first_line(error).split("error: ")[-1])
    last = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(last.filename).name}:{last.lineno}"
    return Verdict(name, ERROR, f"{type(error).__name__} at {place}: {_first_line(error)[:200]}")


def _judged(name: str, found: Any, expected: Any) -> Verdict:
    wrong = close(found, expected)
    return Verdict(name, WRONG, wrong) if wrong else Verdict(name, PASSED)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


# Compilation


def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    return jax.jit(function, compiler_options=_quick())


@cache
def _quick() -> dict[str, Any]:
    """XLA's options for compiling fast, those of them that this version knows."""
    wanted = {
        "xla_backend_optimization_level": 0,
        "xla_llvm_disable_expensive_passes": True,
        "xla_cpu_parallel_codegen_split_count": 1,
    }
    return {name: value for name, value in wanted.items() if _is_known(name, value)}


def _is_known(option: str, value: Any) -> bool:
    try:
        jax.jit(lambda: 0, compiler_options={option: value})()
    except Exception:
        return False
    return True


# Values


def close(found: Any, expected: Any) -> str:
    """Empty when two trees of arrays agree to rounding in their dtypes, else where they first do not."""
    for index, (x, y) in enumerate(zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True)):
        x, y = np.asarray(x), np.asarray(y)
        if x.shape != y.shape or x.dtype != y.dtype:
            return f"result {index}: {x.dtype}{x.shape}, expected {y.dtype}{y.shape}"
        if y.dtype == jax.dtypes.float0:
            continue
        if not _agree(x, y):
            return f"result {index}: {_first_difference(x, y)}"
    return ""


def _agree(x: np.ndarray, y: np.ndarray) -> bool:
    if not jax.numpy.issubdtype(y.dtype, jax.numpy.inexact):
        return bool((x == y).all())
    digits = float(jax.numpy.finfo(y.dtype).eps)
    wide = np.complex128 if np.iscomplexobj(y) else np.float64
    x, y = x.astype(wide), y.astype(wide)
    finite = np.isfinite(y)
    scale = np.abs(y[finite]).max() if finite.any() else 1.0
    tolerance = 64 * digits
    return bool(
        np.allclose(x, y, rtol=tolerance, atol=tolerance * min(max(scale, 1e-30), 1e30), equal_nan=True)
    )


def _first_difference(x: np.ndarray, y: np.ndarray) -> str:
    with np.errstate(all="ignore"):
        differs = ~((x == y) | (np.isnan(x) & np.isnan(y))) if x.dtype != bool else x != y
    where = tuple(map(int, np.argwhere(differs)[0])) if differs.any() else ()
    return f"{x[where]!r} at {list(where)}, expected {y[where]!r}"
