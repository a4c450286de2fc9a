"""An exam: harnesses as questions, a verdict for each, counted by group: a primitive, or a namespace.

The harnesses are JAX's own, in its wheel (`jax._src.internal_test_util.test_harnesses`), or the exam's.
Verdicts are written to a log while the exam runs, one JSON line for each harness; `--resume` asks only what
it lacks.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import jax
import numpy as np
from rich.console import Console
from rich.table import Table

from common.comparison import PASSED, SKIPPED, VERDICTS, Question, Verdict, answers
from common.workers import answered, serve

jax.config.update("jax_enable_x64", True)

HARNESSES_BETWEEN_CLEANINGS = 200

Questions = Callable[[Any, np.random.RandomState], Iterable[Question]]
"""The questions on one harness. It raises `NotApplicable` where there can be none."""


Answers = Callable[[Sequence[Question]], list[Verdict]]
"""The verdicts on the questions on one harness."""


class NotApplicable(Exception):
    """Why there is no question about a harness."""


def run(
    title: str,
    questions: Questions,
    allowed: dict[str, str],
    harnesses: Callable[[], Iterable[Any]] | None = None,
    answers: Answers = answers,
) -> int:
    """Run an exam from the command line.

    Args:
      title: What the exam asks.
      questions: The questions on one harness.
      allowed: By the beginning of a question, as a pattern of the shell's, why it is not expected to pass.
      harnesses: All there are; without it JAX's own.
      answers: The verdicts on the questions on one harness; without it, whether values agree.

    Returns:
      The exit code: 0 when all that did not pass has a reason.
    """
    options = _options(title)
    chosen = among((harnesses or jax_harnesses)(), options.every, options.only, options.shard)
    if options.worker:
        serve(_Examiner(chosen, questions, answers).verdicts)
        return 0
    started = time.perf_counter()
    report = Report(title, allowed)
    for group, verdicts in _verdicts(chosen, options):
        report.add(group, verdicts)
    return report.print(time.perf_counter() - started)


def _options(title: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=title)
    parser.add_argument("--every", type=int, default=1, help="each N-th harness of each group")
    parser.add_argument("--only", help="harnesses whose name contains this")
    parser.add_argument("--shard", default="0/1", help="I/N: the I-th of N parts, counted from 0")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--log", type=Path, default=Path("out") / f"{Path(sys.argv[0]).stem}.jsonl")
    parser.add_argument("--resume", action="store_true", help="keep the verdicts in the log")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def jax_harnesses() -> Iterator[Any]:
    """JAX's harnesses for this platform."""
    from jax._src.internal_test_util import test_harnesses

    return (each for each in test_harnesses.all_harnesses if each.filter(jax.default_backend()))


def among(harnesses: Iterable[Any], every: int, only: str | None, shard: str) -> list[Any]:
    """Each `every`th of each group of harnesses, those whose name contains `only`; of these a part."""
    part, parts = map(int, shard.split("/"))
    seen: Counter[str] = Counter()
    found = []
    for harness in harnesses:
        if only is not None and only not in harness.fullname:
            continue
        seen[harness.group_name] += 1
        if (seen[harness.group_name] - 1) % every == 0:
            found.append(harness)
    return found[part::parts]


class _Examiner:
    """Asks the questions on a harness, in a worker."""

    def __init__(self, chosen: list[Any], questions: Questions, answers: Answers):
        self._chosen = chosen
        self._questions, self._answers = questions, answers
        self._asked = 0

    def verdicts(self, number: int) -> list[Verdict]:
        """The verdicts on one harness. What is random about its questions depends on its name only."""
        harness = self._chosen[number]
        self._asked += 1
        if self._asked % HARNESSES_BETWEEN_CLEANINGS == 0:
            jax.clear_caches()
        random = np.random.RandomState(zlib.crc32(harness.fullname.encode()))
        try:
            return self._answers(list(self._questions(harness, random)))
        except NotApplicable as reason:
            return [Verdict(harness.fullname, SKIPPED, str(reason))]


def _verdicts(chosen: list[Any], options: argparse.Namespace) -> Iterator[tuple[str, list[Verdict]]]:
    """The verdicts on each harness, with its group: those in the log, then those still to be found."""
    numbers = {harness.fullname: number for number, harness in enumerate(chosen)}
    options.log.parent.mkdir(parents=True, exist_ok=True)
    if options.resume and options.log.exists():
        for line in options.log.read_text().splitlines():
            record = json.loads(line)
            if numbers.pop(record["harness"], None) is not None:
                yield record["group"], [Verdict(*verdict) for verdict in record["verdicts"]]
    command = [sys.executable, *sys.argv, "--worker"]
    names = {number: name for name, number in numbers.items()}
    with options.log.open("a" if options.resume else "w") as log:
        for number, verdicts in answered(command, names, options.workers):
            group = chosen[number].group_name
            record = {"harness": names[number], "group": group, "verdicts": verdicts}
            log.write(json.dumps(record) + "\n")
            log.flush()
            yield group, verdicts


class Report:
    """The verdicts counted by group, and what is to be said about those that were not passed."""

    def __init__(self, title: str, allowed: dict[str, str]):
        self._title = title
        self._allowed = allowed
        self._counts: dict[str, Counter[str]] = defaultdict(Counter)
        self._failed: dict[tuple[str, str], list[Verdict]] = defaultdict(list)
        self._argued: Counter[str] = Counter()
        self._skipped: Counter[str] = Counter()

    def add(self, group: str, verdicts: Iterable[Verdict]) -> None:
        for verdict in verdicts:
            self._counts[group][verdict.verdict] += 1
            if verdict.verdict == PASSED:
                continue
            if verdict.verdict == SKIPPED:
                self._skipped[f"{group}: {verdict.detail}"] += 1
                continue
            patterns = self._allowed.items()
            question = verdict.question
            reason = next((why for begins, why in patterns if fnmatchcase(question, f"{begins}*")), None)
            if reason is None:
                self._failed[group, verdict.verdict].append(verdict)
            else:
                self._argued[f"{group}: {reason}"] += 1

    def print(self, seconds: float) -> int:
        """Print the counts, three of each kind of failure, and the reasons of what was allowed to fail."""
        console = Console(width=140)
        table = Table("group", *VERDICTS, title=self._title, title_justify="left")
        for column in table.columns[1:]:
            column.justify = "right"
        for group in sorted(self._counts):
            table.add_row(group, *(str(self._counts[group][verdict] or "") for verdict in VERDICTS))
        table.add_section()
        total = sum(self._counts.values(), Counter())
        table.add_row("all", *(str(total[verdict]) for verdict in VERDICTS))
        console.print(table)
        for verdicts in self._failed.values():
            for verdict in verdicts[:3]:
                text = f"{verdict.verdict}: {verdict.question}: {verdict.detail}"
                console.print(text, highlight=False, markup=False)
        for reason, count in self._argued.items():
            console.print(f"argued: {reason} ({count} questions)", highlight=False, markup=False)
        for reason, count in self._skipped.items():
            console.print(f"not applicable: {reason} ({count} questions)", highlight=False, markup=False)
        failed, argued = sum(map(len, self._failed.values())), sum(self._argued.values())
        counted = f"{total[PASSED]} passed, {failed} failed, {argued} argued, {total[SKIPPED]} not applicable"
        console.print(f"{counted}, in {seconds:.0f} s")
        return 1 if failed else 0
