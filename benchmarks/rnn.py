"""Recurrent networks against Flax's: a training step, and the forward pass alone, for batches of 1 to 64.

    make bench-rnn

`RNN` of LSTM, GRU and simple cells over 128 steps, against `flax.linen.RNN` of the same cell and the same
parameters under `jax.jit(jax.value_and_grad(...))`. Medians, ours and Flax's in turn in one process. Exits
with 1 when a gradient differs.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from common.measure import Report, interleaved, milliseconds
from flax import linen

import stablelift as nn
from stablelift import functional

STEPS = 128
LARGEST_ERROR = 1e-4


CELLS = {"RNN": "SimpleCell", "LSTM": "OptimizedLSTMCell", "GRU": "GRUCell"}


class Case(NamedTuple):
    """A cell, a batch size and a number of units, and how much faster a training step is to be."""

    cell: str
    batch: int
    units: int

    @property
    def aim(self) -> float:
        """The ratio that a training step is to reach (issue 5)."""
        if self.cell != "GRU" and self.batch <= 8:
            return 1.5
        return 1.25 if self.cell != "GRU" and self.batch == 16 and self.units >= 512 else 1 / 1.02


def cases(batches: list[int], units: list[int]) -> Iterator[Case]:
    for cell in CELLS:
        for batch in batches:
            for width in units:
                yield Case(cell, batch, width)


def losses(case: Case) -> tuple[Callable, Callable, Any, jax.Array]:
    """The mean square of what the network puts out, ours and Flax's, with parameters and data."""
    data = jax.random.normal(jax.random.key(1), (case.batch, STEPS, case.units))
    ours, theirs = (library.RNN(getattr(library, CELLS[case.cell])(case.units)) for library in (nn, linen))
    parameters = theirs.init(jax.random.key(0), data)

    def loss(network: Any, parameters: Any, data: jax.Array) -> jax.Array:
        return jnp.mean(network.apply(parameters, data) ** 2)

    return partial(loss, ours), partial(loss, theirs), parameters, data


def measure(report: Report, case: Case, rounds: int) -> float:
    """One case; the largest error of a gradient, relative to its largest element."""
    ours, theirs, *args = losses(case)
    step, forward = functional.jit(functional.value_and_grad(ours)), functional.jit(ours)
    peer_step, peer_forward = jax.jit(jax.value_and_grad(theirs)), jax.jit(theirs)
    found, expected = (jax.tree.leaves(run(*args)[1]) for run in (step, peer_step))
    error = max(
        float(np.abs(x - y).max() / np.abs(y).max()) for x, y in zip(found, expected, strict=True)
    )
    runs = {"step": step, "peer_step": peer_step, "forward": forward, "peer_forward": peer_forward}
    contestants = {
        name: partial(lambda run: jax.block_until_ready(run(*args)), run) for name, run in runs.items()
    }
    interleaved(2, **contestants)
    taken = interleaved(rounds, **contestants)
    title = f"{case.cell}, batch {case.batch}, {case.units} units"
    for what, mine, other, aim in (
        ("a step", taken["step"], taken["peer_step"], f"at least {case.aim:.2f}"),
        ("forward", taken["forward"], taken["peer_forward"], ""),
    ):
        report.ratio(f"{title}: {what}", milliseconds(mine), milliseconds(other), other / mine, aim)
    return error


def main() -> int:
    parser = argparse.ArgumentParser(description="Recurrent networks against Flax's")
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 8, 16, 64])
    parser.add_argument("--units", type=int, nargs="+", default=[128, 512])
    parser.add_argument("--cell", nargs="+", default=list(CELLS), choices=CELLS)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    report = Report(f"Recurrent networks, {STEPS} steps, medians; ratios are Flax's time to ours")
    errors = [
        measure(report, case, options.rounds)
        for case in cases(options.batch, options.units)
        if case.cell in options.cell
    ]
    report.show()
    report_error = max(errors)
    print(f"largest relative error of a gradient: {report_error:.2g} (at most {LARGEST_ERROR:g})")
    return int(report_error > LARGEST_ERROR)


if __name__ == "__main__":
    sys.exit(main())
