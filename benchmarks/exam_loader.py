"""Mutated files of StableHLO, examined: whatever is in a file, it is loaded or refused, and soon.

    make exam-loader

The files are those of other producers and of the golden tests, as text, bytecode and portable artefacts, with
something changed (`tests/foreign/mutations.py`). Each is loaded in isolation as `stablelift opt` does, and
goes through the passes; every fifth of those that load is differentiated. What fails is a crash of the
process that asks for it, an exception that is not ours, or more than five seconds; the seeds are printed.
Every hundredth file (`--command`) goes through the command itself as well.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]
os.environ.setdefault("JAX_PLATFORMS", "cpu")

from common.comparison import CRASH, Verdict  # noqa: E402
from common.workers import answered, serve  # noqa: E402

OUT = ROOT / "out" / "exam_loader"
SECONDS = 5.0
SECONDS_FOR_A_FILE = 60.0
"""After these a worker is given up, the time to start it included."""

LOADED, REFUSED, STOPPED, SLOW, TRACEBACK = "loaded", "refused", "child ended", "slow", "traceback"
FAILED = (SLOW, TRACEBACK, CRASH)


def main() -> int:
    """Ask, and print how many files came to what; 1 if any failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0, help="of the first file; the next has the next")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--command", type=int, default=100, help="every N-th file by it; 0: none")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        serve(Examiner(options.command).verdicts)
        return 0
    OUT.mkdir(parents=True, exist_ok=True)
    started, counts = time.perf_counter(), Counter()
    names = {seed: f"seed {seed}" for seed in range(options.seed, options.seed + options.files)}
    command = [sys.executable, __file__, "--worker", "--command", str(options.command)]
    for _, verdicts in answered(command, names, options.workers, SECONDS_FOR_A_FILE):
        for name, verdict, detail in verdicts:
            counts[verdict] += 1
            if verdict in FAILED:
                print(f"{name}: {verdict}\n  {detail}", flush=True)
    print(", ".join(f"{count} {verdict}" for verdict, count in counts.most_common()), end="")
    print(f", in {time.perf_counter() - started:.0f} s")
    return 1 if any(counts[verdict] for verdict in FAILED) else 0


class Examiner:
    """Asks of file after file what becomes of it."""

    def __init__(self, command: int) -> None:
        from stablelift.ir.isolate import Reader

        self.reader, self.command = Reader(timeout=SECONDS - 1), command
        self.through_passes(b"func.func @main() { return }", 0)  # imports what it needs

    def verdicts(self, seed: int) -> Iterator[Verdict]:
        from tests.foreign.mutations import mutant

        data = mutant(seed)
        yield self.timed(seed, "", lambda: self.through_passes(data, seed))
        if self.command and seed % self.command == 0:
            yield self.timed(seed, " by the command", lambda: through_command(data))

    def timed(self, seed: int, how: str, ask) -> Verdict:
        started = time.perf_counter()
        try:
            verdict, detail = ask(), ""
        except Exception as error:
            last = traceback.extract_tb(error.__traceback__)[-1]
            verdict, detail = TRACEBACK, f"{type(error).__name__}: {error} ({last.filename}:{last.lineno})"
        seconds = time.perf_counter() - started
        if verdict in (LOADED, REFUSED, STOPPED) and seconds > SECONDS:
            verdict, detail = SLOW, f"{seconds:.1f} s, {verdict}"
        return Verdict(f"seed {seed}{how}", verdict, detail[:500])

    def through_passes(self, data: bytes, seed: int) -> str:
        from stablelift.errors import LiftError
        from stablelift.runtime.load import load_bytes

        try:
            program = load_bytes(data, "mutant", isolated=self.reader)
            program.optimize()
            if seed % 5 == 0:
                program.vjp().optimize()
        except LiftError as error:
            ended = "crashes on this file" in str(error) or "was stopped after" in str(error)
            return STOPPED if ended else REFUSED
        return LOADED


def through_command(data: bytes) -> str:
    from click.testing import CliRunner

    from stablelift.command import main as command

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mutant"
        path.write_bytes(data)
        result = CliRunner().invoke(command, ["opt", str(path)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return LOADED if result.exit_code == 0 else REFUSED


if __name__ == "__main__":
    sys.exit(main())
