"""`budget_curve`: how memory trades against repeated work in a program's reverse sweeps."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from rich.table import Table

from stablelift.ir.policy import Policy
from stablelift.passes.layers.outline import Outline
from stablelift.passes.remat.report import spelled
from stablelift.runtime.budget import temporary_bytes
from stablelift.runtime.choice import chosen
from stablelift.runtime.program import Program


class Point(NamedTuple):
    """One choice of what reverse sweeps keep."""

    part: float
    """Of its range, from the least that will do to the most that is of use: what `budget(part)` saves."""
    peak_bytes: int
    """What XLA needs beside arguments and results."""
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
        table = Table("budget", "peak", "saved", "repeated GFLOP", "estimated time", title="Memory and work")
        for column in table.columns:
            column.justify = "right"
        for point in self:
            table.add_row(
                f"{point.part:.2f}",
                spelled(point.peak_bytes),
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


def budget_curve(program: Program, points: int = 6) -> Curve:
    """What the program takes and repeats under budgets from the least to the most; XLA compiles it for each.

    Args:
      program: One that differentiates loops or repeated layers.
      points: How many budgets to try, at least 2.

    Raises:
      LiftError: The program cannot be compiled.
    """
    if points < 2:
        raise ValueError(f"points: expected at least 2, found {points}")
    passes = (Outline(),) if chosen("auto", program, carries=False).layers == "outline" else ()

    def measured(part: float) -> Point:
        finished = program.after_passes(layers=passes, remat=Policy("budget", (part,)))
        cuts = finished.finished.timing.partitions
        return Point(
            part,
            temporary_bytes(finished),
            sum(cut.size_bytes("saved") for cut in cuts),
            sum(cut.repeated_flops for cut in cuts),
            sum(cut.repeated_seconds for cut in cuts),
        )

    return Curve(tuple(measured(index / (points - 1)) for index in range(points)))
