"""Random programs, examined: what holds of every program, asked of many.

    make exam-programs

The checks are those of the suite (`tests/programs/checks.py`). Each batch of programs has a process of its
own, since a wrong module can end one: the program that it died of is a failure too. Failing programs are
written to `out/exam_programs/`, where the shortest is the first to read.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import shutil
import subprocess
import sys
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("JAX_ENABLE_X64", "1")

from tests.programs.checks import CHECKS  # noqa: E402

OUT = ROOT / "out" / "exam_programs"
BATCH = 50
SECONDS_FOR_A_BATCH = 600


def main() -> int:
    """Ask, and print for each check how many programs passed and failed; 1 if any failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=300, help="programs for each check")
    parser.add_argument("--seed", type=int, default=0, help="of the first batch; the next has the next")
    parser.add_argument("--only", help="the name of one check")
    parser.add_argument("--batch", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.batch is not None:
        examine(options.only, options.seed, options.examples)
        return 0
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    total: Counter[str] = Counter()
    for name in [check.__name__ for check in CHECKS if options.only in (None, check.__name__)]:
        found: Counter[str] = Counter()
        for start in range(0, options.examples, BATCH):
            seed = options.seed + start // BATCH
            found.update(batch(name, seed, min(BATCH, options.examples - start)))
        print(f"{name}: {found['passed']} passed, {found['failed']} failed", flush=True)
        total += found
    print(f"{total['passed']} passed, {total['failed']} failed")
    return 1 if total["failed"] else 0


def batch(name: str, seed: int, count: int) -> Iterator[str]:
    """The verdicts on `count` programs, asked in another process."""
    command = [sys.executable, __file__, "--batch", "1", "--only", name]
    command += ["--seed", str(seed), "--examples", str(count)]
    log = OUT / f"{name}_{seed}.log"
    with log.open("w") as file:
        try:
            code = subprocess.run(command, stdout=file, stderr=file, timeout=SECONDS_FOR_A_BATCH).returncode
        except subprocess.TimeoutExpired:
            code = -1
    journal = OUT / f"{name}_{seed}.jsonl"
    verdicts = [json.loads(line) for line in journal.read_text().splitlines()] if journal.exists() else []
    yield from verdicts
    if code:
        last = OUT / f"{name}_{seed}_last.txt"
        print(f"{name}: a process ended with {code}, see {log} and {last}", flush=True)
        yield "failed"
    else:
        log.unlink()


def examine(name: str, seed: int, count: int) -> None:
    """Ask one check of `count` programs drawn from `seed`; a verdict for each goes to the journal."""
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis import seed as seeded
    from hypothesis import strategies as st

    check = next(check for check in CHECKS if check.__name__ == name)
    journal, last = OUT / f"{name}_{seed}.jsonl", OUT / f"{name}_{seed}_last.txt"
    numbers = itertools.count()

    @seeded(seed)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def ask(data: Any) -> None:
        drawn: list[str] = []

        def draw(strategy: Any) -> Any:
            value = data.draw(strategy)
            drawn.append(str(value))
            last.write_text("\n".join(drawn))
            return value

        number = next(numbers)
        verdict = "passed"
        try:
            check(draw)
        except Exception:
            verdict = "failed"
            report = f"{traceback.format_exc()}\n" + "\n".join(drawn)
            (OUT / f"{len(report):06}_{name}_{seed}_{number}.txt").write_text(report)
        with journal.open("a") as file:
            file.write(f'"{verdict}"\n')

    ask()
    last.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
