"""Random models of equal layers, examined: rolled, outlined or left alone, they take the same training step.

    make exam-layers
    python benchmarks/exam_layers.py --count 300 --first 1000

A model calls layers of three kinds on values that stand before (`tests/frontend/models/crossing.py`). Its
initialisation packs, its step rolls; both are compared with what JAX makes of `jax.grad`. Each
worker is a process of its own, since a wrong module can end one.
"""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from common.comparison import ERROR, PASSED, WRONG, Verdict
from common.workers import examine, numbered, numbers_of, workers_of

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("JAX_PLATFORMS", "cpu")

from tests.frontend.models.crossing import check_step, start  # noqa: E402


def verdicts(number: int) -> Iterable[Verdict]:
    try:
        started = start(number)
    except Exception:
        return [Verdict(f"{number} initialised", ERROR, traceback.format_exc(limit=-1))]
    return [
        _verdict(f"{number} {layers}", partial(check_step, *started, layers))
        for layers in ("roll", "outline")
    ]


def _verdict(question: str, check: Callable[[], None]) -> Verdict:
    try:
        check()
    except AssertionError as error:
        return Verdict(question, WRONG, " ".join(str(error).split()))
    except Exception:
        return Verdict(question, ERROR, traceback.format_exc(limit=-1))
    return Verdict(question, PASSED)


def main() -> int:
    """Ask, and print the counts and what failed; 1 if anything did."""
    parser = argparse.ArgumentParser(description=__doc__)
    numbered(parser, 200)
    workers_of(parser)
    options = parser.parse_args()
    return examine(options, verdicts, numbers_of(options))


if __name__ == "__main__":
    sys.exit(main())
