"""Lifts on four devices, examined: in what each device of a mesh runs, and around it, against JAX.

    make exam-devices

Every form of every function in `tests/runtime/device_cases.py`: collectives of all kinds, loops, branches and
rules of users, under `jax.shard_map` with and without `check_vma`, their values, derivatives of first and
second order and maps. The devices are simulated on the CPU.
"""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Iterable
from pathlib import Path

from common.comparison import ERROR, PASSED, WRONG, Verdict
from common.workers import examine, workers_of

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ |= {"JAX_PLATFORMS": "cpu", "XLA_FLAGS": "--xla_force_host_platform_device_count=4"}

from tests.runtime.device_cases import cases, error_of, label  # noqa: E402

LARGEST_ERROR = 2e-5
CASES = list(cases())


def verdicts(number: int) -> Iterable[Verdict]:
    question = label(CASES[number])
    try:
        error = error_of(*CASES[number])
    except Exception:
        return [Verdict(question, ERROR, traceback.format_exc(limit=-1))]
    return [Verdict(question, PASSED if error <= LARGEST_ERROR else WRONG, f"{error:.2g}")]


def main() -> int:
    """Ask, and print the counts and what failed; 1 if anything did."""
    parser = argparse.ArgumentParser(description=__doc__)
    workers_of(parser)
    options = parser.parse_args()
    names = {number: label(case) for number, case in enumerate(CASES)}
    return examine(options, verdicts, names)


if __name__ == "__main__":
    sys.exit(main())
