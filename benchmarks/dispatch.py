"""What a call and an import cost: a compiled Program against `jax.jit`, `import stablelift` against `import
jax`.

    make bench-dispatch

The function adds 1 to each of its arguments, arrays of eight numbers, so that dispatch is all there is.
Imports are timed in processes of their own; the full import also resolves every public name, which plain
`import stablelift` leaves for later.
"""

from __future__ import annotations

import subprocess
import sys
from functools import partial

import jax
import jax.numpy as jnp
from common.measure import Report, interleaved, microseconds, milliseconds, no_options

from stablelift import Program

CALLS = 2000
ROUNDS = 15


def increments(*arrays: jax.Array) -> tuple[jax.Array, ...]:
    return tuple(array + 1 for array in arrays)


def repeat(function, args) -> None:
    for _ in range(CALLS // len(args) + 1):
        results = function(*args)
    jax.block_until_ready(results)


def measure_calls(report: Report) -> None:
    for count in (1, 20, 200):
        args = tuple(jnp.full(8, float(index)) for index in range(count))
        ours = Program.trace(increments, *args).compile()
        peer = jax.jit(increments)
        contestants = {"ours": partial(repeat, ours, args), "peer": partial(repeat, peer, args)}
        interleaved(2, **contestants)
        found = interleaved(ROUNDS, **contestants)
        calls = CALLS // count + 1
        report.ratio(
            f"a call with {count} arguments",
            microseconds(found["ours"] / calls),
            microseconds(found["peer"] / calls),
            found["ours"] / found["peer"],
            "at most 1.1" if count != 20 else "",
        )


def run_python(code: str) -> None:
    subprocess.run([sys.executable, "-c", code], check=True)


def measure_imports(report: Report) -> None:
    everything = "import stablelift; [getattr(stablelift, name) for name in stablelift.__all__]"
    found = interleaved(
        7,
        nothing=partial(run_python, "pass"),
        jax=partial(run_python, "import jax"),
        stablelift=partial(run_python, "import stablelift"),
        everything=partial(run_python, everything),
    )
    start = found.pop("nothing")
    found = {name: seconds - start for name, seconds in found.items()}
    peer = milliseconds(found["jax"])
    for what, name, aim in (
        ("import stablelift (peer: import jax)", "stablelift", "at most 1.15"),
        ("... and every public name", "everything", ""),
    ):
        report.ratio(what, milliseconds(found[name]), peer, found[name] / found["jax"], aim)


if __name__ == "__main__":
    no_options(__doc__)
    report = Report("Calls and imports, medians")
    measure_calls(report)
    measure_imports(report)
    report.show()
