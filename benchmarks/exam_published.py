"""Published Linen code, examined: with only the import changed it does what it does with Flax.

    make exam-published
    python benchmarks/exam_published.py --only transformers --count 10

pip fetches the code into `out/published`: Flax's own tests of Linen, and the Flax models of `transformers`. A
worker asks about one piece of it, a file of tests or a class of models, in both ways.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("JAX_PLATFORMS", "cpu")

from common import published_models, published_tests  # noqa: E402
from common.comparison import Verdict  # noqa: E402
from common.fetched import Unreachable  # noqa: E402
from common.workers import examine, workers_of  # noqa: E402

SOURCES = {"flax-tests": published_tests, "transformers": published_models}
SECONDS_FOR_A_PIECE = 1200


def verdicts(piece: str) -> Iterable[Verdict]:
    source, _, name = piece.partition(" ")
    return SOURCES[source].verdicts(name)


def main() -> int:
    """Ask, and print the counts and what failed; 1 if anything did for which no reason is known."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=list(SOURCES), help="one source of code")
    parser.add_argument("--count", type=int, help="of each source, this many pieces; all without it")
    parser.add_argument("--piece", help="those whose name holds this")
    workers_of(parser)
    options = parser.parse_args()
    chosen = [options.only] if options.only else list(SOURCES)
    try:
        for source in [] if options.worker else chosen:
            SOURCES[source].prepare()
    except Unreachable as error:
        print(f"exam_published: {error}", file=sys.stderr)
        return 1
    pieces = [f"{source} {name}" for source in chosen for name in SOURCES[source].pieces()[: options.count]]
    names = dict(enumerate(piece for piece in pieces if options.piece is None or options.piece in piece))
    return examine(options, lambda number: verdicts(names[number]), names, SECONDS_FOR_A_PIECE)


if __name__ == "__main__":
    sys.exit(main())
