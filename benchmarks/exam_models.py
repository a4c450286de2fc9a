"""Whole models and Linen's documentation, examined: all that the suite has a selection of.

    make exam-models

Each of the suite's twenty models under each of JAX's transformations, against Linen; and every example in the
docstrings of `flax.linen`, with the import changed. Prints what fails, and counts.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("JAX_PLATFORMS", "cpu")

from common.measure import no_options  # noqa: E402

from tests.frontend.models.test_composites import (  # noqa: E402
    NAMES,
    WAYS,
    check_under_jaxs_own_transformations,
)
from tests.frontend.test_linen_examples import DOCUMENTED, check_example  # noqa: E402


def main() -> int:
    no_options(__doc__)
    warnings.simplefilter("ignore")  # of what Linen gives up, as in the suite
    models = [
        (f"{name} under {way}", lambda name=name, way=way: check_under_jaxs_own_transformations(name, (way,)))
        for name in NAMES
        for way in WAYS
        if (name, way) != ("straight_through", "jvp")  # `custom_vjp` has no forward mode, in Linen either
    ]
    examples = [(f"the example of {name}", lambda name=name: check_example(name)) for name in DOCUMENTED]
    failed = examined("models", models) + examined("examples", examples)
    return int(failed > 0)


def examined(what: str, cases: list[tuple[str, Callable[[], object]]]) -> int:
    """How many of the cases fail; each is told as it does."""
    failed = 0
    for name, check in cases:
        try:
            check()
        except Exception as error:
            failed += 1
            print(f"FAILED {name}: {type(error).__name__}: {str(error).splitlines()[0]}", flush=True)
    print(f"{what}: {len(cases)} examined, {failed} failed", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
