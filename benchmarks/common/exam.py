"""An exam: JAX's own test harnesses as questions, a verdict for each, counted by primitive.

The harnesses are in jax's wheel (`jax._src.internal_test_util.test_harnesses`). They are answered by worker
processes, since a wrong module can end a process: a worker that dies is replaced, and the question it died
of is a `crash`. Verdicts are written as JSON lines while the exam runs.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("JAX_ENABLE_X64", "1")

import jax
import numpy as np
from rich.console import Console
from rich.table import Table

from stablelift.errors import LiftError

PASSED, WRONG, NO_RULE, ERROR, CRASH, SKIPPED = (
    "passed",
    "wrong",
    "no rule",
    "error",
    "crash",
    "not applicable",
)
VERDICTS = (PASSED, WRONG, NO_RULE, ERROR, CRASH, SKIPPED)
SECONDS_FOR_A_QUESTION = 120


class Verdict(NamedTuple):
    """What came of one question; `detail` says why it was not passed."""

    question: str
    verdict: str
    detail: str = ""


class NotApplicable(Exception):
    """JAX itself cannot do what the question asks."""


def harnesses(every: int, only: str | None) -> list[Any]:
    """JAX's harnesses for this platform: each `every`th of each group, or those whose name contains `only`.
    """
    from jax._src.internal_test_util import test_harnesses

    seen: Counter[str] = Counter()
    found = []
    for harness in test_harnesses.all_harnesses:
        if not harness.filter(jax.default_backend()):
            continue
        if only is not None and only not in harness.fullname:
            continue
        seen[harness.group_name] += 1
        if (seen[harness.group_name] - 1) % every == 0:
            found.append(harness)
    return found


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


def answered(question: str, ask: Callable[[], str]) -> Verdict:
    """The verdict on one question: `ask` returns what is wrong with the answer, or nothing."""
    try:
        wrong = ask()
    except NotApplicable as reason:
        return Verdict(question, SKIPPED, str(reason))
    except Exception as error:
        text = str(error)
        if isinstance(error, LiftError) and " rule for " in text:
            return Verdict(question, NO_RULE, text.splitlines()[0].split("error: ")[-1])
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(last.filename).name}:{last.lineno}"
        return Verdict(
            question,
            ERROR,
            f"{type(error).__name__} at {place}: {text.splitlines()[0][:200] if text else ''}",
        )
    return Verdict(question, WRONG, wrong) if wrong else Verdict(question, PASSED)


def reference(compute: Callable[[], Any]) -> Any:
    """JAX's own answer."""
    try:
        return compute()
    except Exception as error:
        raise NotApplicable(f"JAX: {type(error).__name__}: {str(error).splitlines()[0][:120]}") from None


Questions = Callable[[Any, np.random.RandomState], Iterable[Verdict]]


def run(title: str, questions: Questions, allowed: dict[str, str]) -> int:
    """Run an exam from the command line.

    Args:
      title: What the exam asks.
      questions: The verdicts on one harness.
      allowed: By the beginning of a harness's name, why it is not expected to pass.

    Returns:
      The exit code: 0 when all that did not pass has a reason.
    """
    parser = argparse.ArgumentParser(description=title)
    parser.add_argument("--every", type=int, default=1, help="each N-th harness of each group")
    parser.add_argument("--only", help="harnesses whose name contains this")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--log", type=Path, default=Path("out") / f"{Path(sys.argv[0]).stem}.jsonl")
    parser.add_argument("--worker", nargs=2, type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    chosen = harnesses(options.every, options.only)
    if options.worker:
        _work(chosen, questions, *options.worker)
        return 0
    return _supervise(title, chosen, options, allowed)


def _work(chosen: list[Any], questions: Questions, first: int, stride: int) -> None:
    """Answer questions `first`, `first + stride`, ...; one line for each verdict, and one when a harness is
    begun.
    """
    for index in range(first, len(chosen), stride):
        harness = chosen[index]
        print(json.dumps({"begin": index, "name": harness.fullname, "group": harness.group_name}), flush=True)
        for verdict in questions(harness, np.random.RandomState(index)):
            print(json.dumps(verdict._asdict()), flush=True)
        jax.clear_caches() if index % 200 < stride else None


def _supervise(title: str, chosen: list[Any], options: argparse.Namespace, allowed: dict[str, str]) -> int:
    options.log.parent.mkdir(parents=True, exist_ok=True)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    details: list[tuple[str, Verdict]] = []
    started = time.perf_counter()
    workers = [_Worker(first, options.workers, options) for first in range(options.workers)]
    with options.log.open("w") as log:
        while any(worker.busy for worker in workers):
            for worker in workers:
                for group, verdict in worker.poll(len(chosen)):
                    counts[group][verdict.verdict] += 1
                    log.write(json.dumps({"group": group, **verdict._asdict()}) + "\n")
                    if verdict.verdict not in (PASSED, SKIPPED):
                        details.append((group, verdict))
            time.sleep(0.05)
    return _report(title, counts, details, allowed, time.perf_counter() - started)


class _Worker:
    """A process that answers every `stride`-th question, started again behind one that kills it."""

    def __init__(self, first: int, stride: int, options: argparse.Namespace):
        self.stride, self.options = stride, options
        self.index, self.name, self.group = first, "", ""
        self.busy = True
        self._start(first)

    def _start(self, first: int) -> None:
        command = [sys.executable, sys.argv[0], "--worker", str(first), str(self.stride)]
        command += ["--every", str(self.options.every)]
        command += ["--only", self.options.only] if self.options.only else []
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert self.process.stdout is not None
        os.set_blocking(self.process.stdout.fileno(), False)
        self.rest, self.since = b"", time.monotonic()

    def poll(self, total: int) -> Iterator[tuple[str, Verdict]]:
        """The verdicts that have come since the last call."""
        if not self.busy:
            return
        ended = self.process.poll() is not None
        assert self.process.stdout is not None
        *lines, self.rest = (self.rest + (self.process.stdout.read() or b"")).split(b"\n")
        for line in lines:
            self.since = time.monotonic()
            record = json.loads(line)
            if "begin" in record:
                self.index, self.name, self.group = record["begin"], record["name"], record["group"]
            else:
                yield self.group, Verdict(**record)
        if not ended and time.monotonic() - self.since > SECONDS_FOR_A_QUESTION:
            self.process.kill()
            return
        if ended and self.process.returncode == 0:
            self.busy = False
        elif ended:
            yield (
                self.group,
                Verdict(self.name, CRASH, f"the process ended with code {self.process.returncode}"),
            )
            if self.index + self.stride < total:
                self._start(self.index + self.stride)
            else:
                self.busy = False


def _report(
    title: str,
    counts: dict[str, Counter[str]],
    details: list[tuple[str, Verdict]],
    allowed: dict[str, str],
    seconds: float,
) -> int:
    console = Console(width=140)
    table = Table("primitive", *VERDICTS, title=title, title_justify="left")
    for column in table.columns[1:]:
        column.justify = "right"
    for group in sorted(counts):
        table.add_row(group, *(str(counts[group][verdict] or "") for verdict in VERDICTS))
    table.add_section()
    total = sum(counts.values(), Counter())
    table.add_row("all", *(str(total[verdict]) for verdict in VERDICTS))
    console.print(table)
    shown: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    unexpected = 0
    for group, verdict in details:
        reason = next((why for name, why in allowed.items() if verdict.question.startswith(name)), None)
        if reason is not None:
            reasons[f"{group}: {reason}"] += 1
            continue
        unexpected += 1
        shown[f"{group} {verdict.verdict}"] += 1
        if shown[f"{group} {verdict.verdict}"] <= 3:
            text = f"{verdict.verdict}: {verdict.question}: {verdict.detail}"
            console.print(text, highlight=False, markup=False)
    for reason, count in reasons.items():
        console.print(f"argued: {reason} ({count} questions)", highlight=False, markup=False)
    counted = f"{total[PASSED]} passed, {unexpected} failed, {sum(reasons.values())} argued"
    console.print(f"{counted}, {total[SKIPPED]} not applicable, in {seconds:.0f} s")
    return 1 if unexpected else 0
