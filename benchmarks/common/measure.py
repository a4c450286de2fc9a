"""What the benchmarks share: medians of interleaved runs, and a table of ratios against the peer."""

from __future__ import annotations

import argparse
import gc
import statistics
import time
from collections.abc import Callable
from typing import Any

import jax
from rich.console import Console
from rich.table import Table


def no_options(description: str | None) -> None:
    """Read a command line that takes nothing but `--help`."""
    form = argparse.RawDescriptionHelpFormatter
    argparse.ArgumentParser(description=description, formatter_class=form).parse_args()


def interleaved(rounds: int, **contestants: Callable[[], Any]) -> dict[str, float]:
    """The median seconds of each contestant over `rounds` rounds in which each runs once.

    Interleaving lets a change in the machine's load meet all of them alike. Nothing is waited for: a
    contestant that dispatches work blocks on it itself where that belongs to what is measured.
    """
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, run in contestants.items():
            started = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - started)
    return {name: statistics.median(spent) for name, spent in seconds.items()}


def added(rounds: int, **pairs: tuple[Callable[[], Any], Callable[[], Any]]) -> dict[str, float]:
    """The median seconds by which the second of each pair takes longer than the first, run right before it.

    The median of differences, not the difference of medians: drift meets both of a pair. Garbage is collected
    between the runs, never in one, for a collection costs as much as what is measured.
    """
    differences: dict[str, list[float]] = {name: [] for name in pairs}
    gc.disable()
    try:
        for _ in range(rounds):
            for name, pair in pairs.items():
                spent = []
                for run in pair:
                    gc.collect()
                    started = time.perf_counter()
                    run()
                    spent.append(time.perf_counter() - started)
                differences[name].append(spent[1] - spent[0])
    finally:
        gc.enable()
    return {name: statistics.median(found) for name, found in differences.items()}


class Report:
    """A table of measured figures beside the peer's, with the aim for each ratio."""

    def __init__(self, title: str):
        self.table = Table("what", "ours", "peer", "ratio", "aim", title=title, title_justify="left")
        for column in self.table.columns[1:]:
            column.justify = "right"

    def ratio(self, what: str, ours: str, peer: str, ratio: float, aim: str) -> None:
        """One figure: `ours` and `peer` as they are to be read, and their ratio."""
        self.table.add_row(what, ours, peer, f"{ratio:.3g}", aim)

    def figure(self, what: str, ours: str, aim: str = "") -> None:
        """One figure that has no peer."""
        self.table.add_row(what, ours, "", "", aim)

    def show(self) -> None:
        console = Console(width=120)
        console.print(self.table)
        device = jax.devices()[0]
        console.print(f"jax {jax.__version__}, {device.platform} ({device.device_kind})", highlight=False)


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1e3:.3g} ms"


def microseconds(seconds: float) -> str:
    return f"{seconds * 1e6:.3g} µs"
