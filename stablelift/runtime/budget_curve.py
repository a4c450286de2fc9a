"""`budget_curve`: how memory trades against repeated work in a program's reverse sweeps."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from rich.table import Table

from stablelift.ir.policy import MOST, Policy
from stablelift.passes.layers.outline import Outline
from stablelift.passes.remat.report import spelled
from stablelift.runtime.budget import Choices
from stablelift.runtime.choice import chosen
from stablelift.runtime.program import Program


class Point(NamedTuple):
    """One choice of what reverse sweeps keep."""

    policy: Policy
    """Text that chooses it again: `compile(remat=str(point.policy))`."""
    peak_bytes: int
    """What XLA needs beside arguments and results."""
    simulated_bytes: int
    """The same as simulated."""
    saved_bytes: int
    repeated_flops: int
    repeated_seconds: float
    """An estimate, see `Partition`."""


@dataclass(frozen=True)
class Curve:
    """The trade-off, from the least memory to the most; iterates over its points."""

    points: tuple[Point, ...]

    def __iter__(self) -> Iterator[Point]:
        return iter(self.points)

    def table(self) -> Table:
        """The curve to print, as `rich` does."""
        columns = ("peak", "simulated", "saved", "repeated GFLOP", "estimated time")
        table = Table(*columns, title="Memory and work")
        for column in table.columns:
            column.justify = "right"
        for point in self:
            table.add_row(
                spelled(point.peak_bytes),
                spelled(point.simulated_bytes),
                spelled(point.saved_bytes),
                f"{point.repeated_flops / 1e9:.3g}",
                f"{point.repeated_seconds * 1e3:.3g} ms",
            )
        return table

    def plot(self, path: str | os.PathLike) -> None:
        """Write the curve as a picture, a PNG by its name; wants matplotlib."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        figure = Figure(figsize=(6, 4), layout="constrained")
        FigureCanvasAgg(figure)
        axes: Any = figure.add_subplot()
        peaks = [point.peak_bytes / 1e6 for point in self]
        axes.plot(peaks, [point.repeated_flops / 1e9 for point in self], marker="o")
        axes.set_xlabel("temporary memory, MB")
        axes.set_ylabel("repeated work, GFLOP")
        axes.grid(alpha=0.3)
        figure.savefig(path)


def front(choices: Choices) -> list[Policy]:
    """The choices, but for those for which another one takes no more memory and no more time.

    Where a cut is inside of another one, what is saved in one depends on what is in the other: a lower price
    may lead to more of both.
    """
    found: list[Policy] = []
    fastest = math.inf
    for policy in sorted(choices.order[:-1], key=choices.simulated):
        if choices.seconds(policy) < fastest:
            found.append(policy)
            fastest = choices.seconds(policy)
    most = choices.simulated(MOST)
    return [*(policy for policy in found if choices.simulated(policy) < most), MOST]


def budget_curve(program: Program, points: int = 6) -> Curve:
    """What the program takes and repeats, from the least memory to the least time; XLA compiles it for each.

    Args:
      program: One that differentiates loops or repeated layers.
      points: How many choices to try at most, at least 2.

    Raises:
      LiftError: The program cannot be compiled.
    """
    if points < 2:
        raise ValueError(f"points: expected at least 2, found {points}")
    passes = (Outline(),) if chosen("auto", program, carries=False).layers == "outline" else ()

    choices = Choices(lambda policy: program.after_passes(layers=passes, remat=policy), points - 1)
    every = front(choices)
    wanted = {round(index * (len(every) - 1) / (points - 1)) for index in range(points)}

    def measured(policy: Policy) -> Point:
        kept = choices.kept(policy)
        cuts = choices.program(policy).finished.timing.partitions
        return Point(
            policy,
            kept.peak_bytes,
            kept.simulated_bytes,
            sum(cut.size_bytes("saved") for cut in cuts),
            sum(cut.repeated_flops for cut in cuts),
            sum(cut.repeated_seconds for cut in cuts),
        )

    return Curve(tuple(measured(every[index]) for index in sorted(wanted)))
