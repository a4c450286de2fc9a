"""Reverse mode against JAX's: generation, the compiled step and its memory, on four kinds of programs.

    make bench-derivatives

* generation: the `lift-derivatives` pass alone (joint forward and reverse), against how much longer
  `jax.value_and_grad` takes to trace and lower than the function that it differentiates; and all that the
  gradient adds to ours, from tracing to the bytecode of the finished module, against the same;
* the largest error of a gradient, relative to its largest element;
* a step of the compiled program, and the temporary memory XLA gives it, against `jax.jit` of JAX's gradients.

Medians, ours and JAX's in turn in one process. Exits with 1 when an error is too large.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from statistics import median
from typing import Any

import jax
import numpy as np
from common.measure import Report, added, interleaved, milliseconds, no_options
from common.models import Workload, conv_net, lstm, physics_informed, transformer

from stablelift import Program, functional
from stablelift.passes.pipeline import Timing

GENERATIONS, STEPS = 9, 21
LARGEST_ERROR = 1e-5


def lower_afresh(function: Any, *args: Any) -> None:
    """Trace and lower a function as one that JAX has not seen."""
    jax.jit(lambda *values: function(*values)).lower(*args)


def finish_afresh(function: Any, *args: Any) -> Timing:
    """Trace a function as one that nobody has seen, and run the passes; the time that each took."""
    return Program.trace(lambda *values: function(*values), *args).finished.timing


def largest_error(found: Sequence[Any], expected: Sequence[Any]) -> float:
    """The largest difference relative to the largest element of the same gradient.

    Gradients that are zero but for rounding (a softmax does not see its keys' bias) are measured against the
    largest element of all.
    """
    pairs = [(np.asarray(x), np.asarray(y)) for x, y in zip(found, expected, strict=True)]
    sizes = [np.abs(y).max() for _, y in pairs]
    scales = [size if size > 1e-6 * max(sizes) else max(sizes) for size in sizes]
    return max(float(np.abs(x - y).max() / scale) for (x, y), scale in zip(pairs, scales, strict=True))


def measure(report: Report, ours: Workload, theirs: Workload, base: Workload, aims: Sequence[str]) -> float:
    """One program: `ours` and `theirs` in the library's own terms, `base` what JAX differentiates."""
    args = (ours.parameters, ours.data)
    program = Program.trace(functional.value_and_grad(ours.function), *args)
    timings: list[Timing] = []
    gradients = functional.value_and_grad(ours.function)
    found = added(
        GENERATIONS,
        ours=(
            partial(finish_afresh, base.function, *args),
            lambda: timings.append(finish_afresh(gradients, *args)),
        ),
        peer=(
            partial(lower_afresh, base.function, *args),
            partial(lower_afresh, jax.value_and_grad(theirs.function), *args),
        ),
    )
    spent = median(sum(each for name, each in one.seconds if name == "lift-derivatives") for one in timings)
    adds = milliseconds(found["peer"])
    report.ratio(f"{ours.name}: generation", milliseconds(spent), adds, found["peer"] / spent, aims[0])
    report.ratio("... all it adds", milliseconds(found["ours"]), adds, found["peer"] / found["ours"], "")

    compiled = program.compile()
    expected = jax.jit(jax.value_and_grad(theirs.function)).lower(*args).compile()
    error = largest_error(jax.tree.leaves(compiled(*args)[1]), jax.tree.leaves(expected(*args)[1]))
    report.figure("... largest relative error", f"{error:.2g}", f"at most {LARGEST_ERROR:g}")
    steps = {
        name: partial(lambda run: jax.block_until_ready(run(*args)), run)
        for name, run in (("ours", compiled), ("peer", expected))
    }
    interleaved(2, **steps)
    taken = interleaved(STEPS, **steps)
    ratio = taken["ours"] / taken["peer"]
    report.ratio("... a step", milliseconds(taken["ours"]), milliseconds(taken["peer"]), ratio, aims[1])
    sizes = [each.memory_analysis().temp_size_in_bytes / 2**20 for each in (compiled, expected)]
    ratio = sizes[0] / max(sizes[1], 1e-9)
    report.ratio("... temporary memory", f"{sizes[0]:.3g} MiB", f"{sizes[1]:.3g} MiB", ratio, aims[2])
    return error


def main() -> int:
    no_options(__doc__)
    report = Report("Reverse mode, medians")
    aims = ("at least 8", "at most 1.05", "at most 1.03")
    workloads = [transformer(), conv_net(), lstm()]
    errors = [measure(report, workload, workload, workload, aims) for workload in workloads]
    base, residual = physics_informed()
    errors.append(measure(report, residual(functional), residual(jax), base, aims))
    report.show()
    return int(max(errors) > LARGEST_ERROR)


if __name__ == "__main__":
    sys.exit(main())
