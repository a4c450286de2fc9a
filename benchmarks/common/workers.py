"""Processes that answer questions, since a wrong module can end one: whoever dies is replaced.

A worker reads the numbers of harnesses from its input, one a line, and writes for each a JSON line with its
verdicts.
"""

from __future__ import annotations

import argparse
import json
import queue
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from common.comparison import CRASH, KNOWN, PASSED, SKIPPED, Verdict

SECONDS_FOR_A_HARNESS = 300

Answered = tuple[int, list[Verdict]]


def serve(answer: Callable[[int], Iterable[Verdict]]) -> None:
    """Be a worker, until the input ends."""
    for line in sys.stdin:
        print(json.dumps([verdict._asdict() for verdict in answer(int(line))]), flush=True)


def answered(
    command: Sequence[str], names: dict[int, str], workers: int, seconds: float = SECONDS_FOR_A_HARNESS
) -> Iterator[Answered]:
    """The verdicts on the harnesses numbered in `names`, as they come, from `workers` processes of
    `command`, each of which may think for `seconds`.
    """
    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    ready: queue.SimpleQueue[Answered | None] = queue.SimpleQueue()
    for number in names:
        waiting.put(number)
    threads = [
        threading.Thread(target=_employ, args=(command, names, waiting, ready, seconds), daemon=True)
        for _ in range(workers)
    ]
    for thread in threads:
        thread.start()
    running = workers
    while running:
        found = ready.get()
        if found is None:
            running -= 1
        else:
            yield found


def workers_of(parser: argparse.ArgumentParser) -> None:
    """Add the options that `examine` reads."""
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)


def numbered(parser: argparse.ArgumentParser, count: int) -> None:
    """Add the options that `numbers_of` reads: so many questions, without others."""
    parser.add_argument("--count", type=int, default=count)
    parser.add_argument("--first", type=int, default=0, help="the number of the first question")


def numbers_of(options: argparse.Namespace) -> dict[int, str]:
    """The questions that are asked, which have no names but their numbers."""
    return {number: str(number) for number in range(options.first, options.first + options.count)}


def examine(
    options: argparse.Namespace,
    answer: Callable[[int], Iterable[Verdict]],
    names: dict[int, str],
    seconds: float = SECONDS_FOR_A_HARNESS,
) -> int:
    """Be a worker, if that is what this process was started as; else ask all questions of such processes, and
    print the counts and what failed, what failed for a known reason by that. The exit status: 1 if anything
    else did.
    """
    if options.worker:
        serve(answer)
        return 0
    started = time.perf_counter()
    command = [sys.executable, *sys.argv, "--worker"]
    counts, known = _counted(answered(command, names, options.workers, seconds))
    for reason, questions in sorted(known.items()):
        print(f"{len(questions)}: {reason}: {', '.join(sorted(questions))}")
    print(f"{dict(counts)}, in {time.perf_counter() - started:.0f} s")
    return int(PASSED not in counts or not counts.keys() <= {PASSED, KNOWN, SKIPPED})


def _counted(each: Iterator[Answered]) -> tuple[Counter[str], dict[str, list[str]]]:
    """How many verdicts there are of each kind, and what has not passed for a reason that is known, by that;
    what else did not pass is told as it comes.
    """
    counts: Counter[str] = Counter()
    known: dict[str, list[str]] = defaultdict(list)
    for _, found in each:
        for verdict in found:
            counts[verdict.verdict] += 1
            if verdict.verdict == KNOWN:
                known[verdict.detail].append(verdict.question)
            elif verdict.verdict != PASSED:
                print(f"{verdict.verdict}: {verdict.question}: {verdict.detail}", flush=True)
            if sum(counts.values()) % 500 == 0:
                print(f"... {dict(counts)}", flush=True)
    return counts, known


def _employ(
    command: Sequence[str],
    names: dict[int, str],
    waiting: queue.SimpleQueue[int],
    ready: queue.SimpleQueue[Answered | None],
    seconds: float,
) -> None:
    """Give a process one number after the other, and start another one when it dies."""
    process = _start(command)
    while not waiting.empty():
        try:
            number = waiting.get_nowait()
        except queue.Empty:
            break
        line = _ask(process, number, seconds)
        if line:
            ready.put((number, [Verdict(**verdict) for verdict in json.loads(line)]))
        else:
            detail = f"the process ended with code {process.wait()}"
            ready.put((number, [Verdict(names[number], CRASH, detail)]))
            process = _start(command)
    process.stdin.close()
    process.wait()
    ready.put(None)


def _start(command: Sequence[str]) -> Any:
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True)


def _ask(process: Any, number: int, seconds: float) -> str:
    """The line that answers; empty where the process died or did not answer in time."""
    watch = threading.Timer(seconds, process.kill)
    watch.start()
    try:
        process.stdin.write(f"{number}\n")
        process.stdin.flush()
        return process.stdout.readline()
    except BrokenPipeError:
        return ""
    finally:
        watch.cancel()
