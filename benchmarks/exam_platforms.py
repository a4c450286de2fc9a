"""Other platforms, examined: what other exams ask about maps and derivatives, for machines that are not here.

    make exam-platforms
    python benchmarks/exam_platforms.py --every 20

JAX lowers some primitives in another way for GPUs and TPUs. Nothing runs: a question (on a harness of JAX's,
or a function of its library) is passed where our passes finish the program, for CUDA and for TPUs, and it
calls no other platform's libraries. Where JAX cannot lower its own, the question does not count.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

import exam_batching
import exam_derivatives
import exam_functions
import jax
import numpy as np
from common.comparison import PASSED, WRONG, Question, Verdict, failed, not_asked
from common.exam import NotApplicable, jax_harnesses, run
from common.library import harnesses

from stablelift.runtime.guard import platforms_of_calls
from stablelift.runtime.program import Program

PLATFORMS = ("cuda", "tpu")

_EXPN = "*.expn of *: [jv]*"
ALLOWED: dict[str, str] = {_EXPN: exam_functions.ALLOWED[_EXPN]}
"""By the beginning of a question, as a pattern of the shell's, why it is not expected to pass."""


def all_harnesses() -> Iterable[Any]:
    return chain(jax_harnesses(), harnesses())


def questions(harness: Any, random: np.random.RandomState) -> Iterator[Question]:
    """Those of batching, then those of derivatives."""
    for exam in (exam_batching, exam_derivatives):
        try:
            yield from exam.questions(harness, random)
        except NotApplicable:
            continue


def lowered(asked: Sequence[Question]) -> list[Verdict]:
    """A verdict for each platform on each question."""
    return [_lowered(question, platform) for question in asked for platform in PLATFORMS]


def _lowered(question: Question, platform: str) -> Verdict:
    name = f"{question.name} for {platform}"
    try:
        calls = Program.trace(question.ours, *question.args, platform=platform).finished.calls
    except Exception as error:
        return failed(name, error) if _jax_lowers(question, platform) else not_asked(name, error)
    wrong = platforms_of_calls(calls) - {platform}
    return Verdict(name, WRONG, f"calls {', '.join(calls)}") if wrong else Verdict(name, PASSED)


def _jax_lowers(question: Question, platform: str) -> bool:
    try:
        jax.jit(question.theirs).trace(*question.args).lower(lowering_platforms=(platform,))
    except Exception:
        return False
    return True


if __name__ == "__main__":
    sys.exit(run("Lowered for other platforms", questions, ALLOWED, all_harnesses, lowered))
