"""Random nestings of lifts, examined: variables, results, what is written and gradients are Linen's.

    make exam-nesting
    python benchmarks/exam_nesting.py --count 300 --first 1000

A model holds small layers in lifts that are in lifts (`tests/frontend/models/nesting.py`), and two of the
things that users put around a loss are put around its own (`wrappers.py` beside it). Where Linen or JAX
refuses something of a model, the rest is compared, and it counts as not applicable. Each worker is a process
of its own, since a wrong module can end one.
"""

from __future__ import annotations

import argparse
import os
import sys
import traceback
import warnings
from collections.abc import Iterable
from pathlib import Path

from common.comparison import ERROR, PASSED, SKIPPED, WRONG, Verdict
from common.workers import examine, numbered, numbers_of, workers_of

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402

from tests.frontend.models.nesting import X, check, recipe, spelled  # noqa: E402
from tests.frontend.models.wrappers import wrappers_of  # noqa: E402


def verdicts(number: int) -> Iterable[Verdict]:
    warnings.simplefilter("ignore")  # of what Linen gives up, as in the suite
    question = f"{number} {spelled(recipe(number))}"
    try:
        refused = check(number, wrappers=wrappers_of(number))
    except AssertionError as error:
        if not _is_rounding(number):
            return [Verdict(question, WRONG, " ".join(str(error).split()))]
        refused = []
    except Exception:
        return [Verdict(question, ERROR, traceback.format_exc(limit=-1))]
    return [Verdict(question, SKIPPED if refused else PASSED, "; ".join(refused))]


def _is_rounding(number: int) -> bool:
    """Whether the two agree in all in twice the precision: some models make much of a last bit."""
    with jax.enable_x64(True):
        try:
            refused = check(number, jnp.asarray(X, jnp.float64), wrappers_of(number))
        except Exception:  # then there is no telling
            return False
    return not refused


def main() -> int:
    """Ask, and print the counts and what failed; 1 if anything did."""
    parser = argparse.ArgumentParser(description=__doc__)
    numbered(parser, 100)
    workers_of(parser)
    options = parser.parse_args()
    return examine(options, verdicts, numbers_of(options))


if __name__ == "__main__":
    sys.exit(main())
