"""Random `.lift` texts, examined: whatever the text, errors of ours or Modules come out, and soon.

    make exam-language

Half of the texts follow the grammar, a quarter are good files with a few tokens changed, a quarter are bytes.
Each is parsed, checked, put in its layout (which must keep its meaning and be its own), and built if it
passes the checker. Texts that fail, or take more than five seconds of the processor, are written to
`out/exam_language/`.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
import traceback
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("JAX_PLATFORMS", "cpu")

from hypothesis import HealthCheck, Phase, given, seed, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from stablelift.errors import StableliftError  # noqa: E402
from stablelift.frontend.language.build import build  # noqa: E402
from stablelift.frontend.language.check import check  # noqa: E402
from stablelift.frontend.language.diagnostics import (  # noqa: E402
    LiftCheckError,
    LiftFileError,
    LiftSyntaxError,
    Source,
)
from stablelift.frontend.language.load import read_text  # noqa: E402
from stablelift.frontend.language.parse import parse  # noqa: E402
from tests.frontend.language.generator import files  # noqa: E402
from tests.frontend.language.test_format import formatted  # noqa: E402
from tests.frontend.language.test_fuzz import mutated, soup  # noqa: E402

OUT = ROOT / "out" / "exam_language"
SECONDS = 5.0
KINDS = {
    "grammar": files.map(str.encode),
    "mutated": mutated().map(str.encode),
    "bytes": st.one_of(st.binary(max_size=300), soup.map(str.encode)),
}


def examine(data: bytes) -> str:
    """What became of one text, in a word. Anything but our errors is raised."""
    path = OUT / "text.lift"
    path.write_bytes(data)
    try:
        text = read_text(str(path))
    except LiftFileError:
        return "unreadable"
    try:
        file, source = parse(text, "f.lift"), Source.of(text, "f.lift")
    except LiftSyntaxError:
        return "syntax"
    formatted(text)
    try:
        check(file, source)
    except LiftCheckError:
        return "refused"
    try:
        build(file, source, "f")
    except StableliftError:
        return "not built"
    return "built"


def sample(texts: st.SearchStrategy[bytes], count: int, start: int) -> list[bytes]:
    """So many texts, the same for the same seed; those of one run do not repeat."""
    found: list[bytes] = []
    batch = 1000
    for number in range(0, count, batch):

        @seed(start + number)
        @settings(
            max_examples=min(batch, count - number),
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(texts)
        def note(data: bytes) -> None:
            found.append(data)

        note()
    return found


def main() -> int:
    """Ask, and print what became of how many; 1 if any failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=10_000, help="texts in all")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    outcomes: Counter[str] = Counter()
    slowest = 0.0
    shares = {"grammar": 2, "mutated": 1, "bytes": 1}
    for kind, texts in KINDS.items():
        for number, data in enumerate(sample(texts, options.examples * shares[kind] // 4, options.seed)):
            started = time.process_time()
            try:
                outcome = examine(data)
            except Exception:
                outcome = "failed"
                (OUT / f"{kind}-{number}.txt").write_text(traceback.format_exc())
            seconds = time.process_time() - started
            outcome = "failed" if seconds > SECONDS else outcome
            if outcome == "failed":
                (OUT / f"{kind}-{number}.lift").write_bytes(data)
            slowest = max(slowest, seconds)
            outcomes[outcome] += 1
        print(f"{kind}: {dict(sorted(outcomes.items()))}", flush=True)
    print(f"{sum(outcomes.values())} texts, {outcomes['failed']} failed, the slowest took {slowest:.2f} s")
    return 1 if outcomes["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
