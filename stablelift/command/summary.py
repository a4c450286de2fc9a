"""What `run` says about arrays and times, as a table and for programs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any

import jax
import numpy as np

from stablelift.runtime.types import spelled


def facts(name: str, array: np.ndarray) -> dict[str, Any]:
    """Type, extremes and mean of what is finite, and how much is not; of complex numbers, the modulus."""
    values = np.abs(array) if array.dtype.kind == "c" else array
    values = values.astype(np.float64)
    finite = values[np.isfinite(values)]
    summed = {"min": finite.min(), "mean": finite.mean(), "max": finite.max()} if finite.size else {}
    return {
        "name": name,
        "type": spelled(jax.ShapeDtypeStruct(array.shape, array.dtype)),
        **{key: float(summed[key]) if summed else None for key in ("min", "mean", "max")},
        "nan": int(np.isnan(values).sum()),
        "inf": int(np.isinf(values).sum()),
    }


def times(compiling: float, running: Sequence[float]) -> dict[str, Any]:
    """The seconds of compiling, and the median and the extremes of those of the runs."""
    return {
        "compile_s": compiling,
        "runs": len(running),
        "median_s": median(running),
        "min_s": min(running),
        "max_s": max(running),
    }


def table(inputs: Iterable[Mapping[str, Any]], results: Iterable[Mapping[str, Any]]) -> str:
    """A line for each array, in columns."""
    rows = [["", "name", "type", "min", "mean", "max", ""]]
    for kind, arrays in (("in", inputs), ("out", results)):
        for one in arrays:
            odd = ", ".join(
                f"{one[key]} {word}" for key, word in (("nan", "NaN"), ("inf", "inf")) if one[key]
            )
            numbers = ["-" if one[key] is None else f"{one[key]:.5g}" for key in ("min", "mean", "max")]
            rows.append([kind, one["name"], one["type"], *numbers, odd])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    aligned = [
        "  ".join(
            cell.rjust(width) if column in (3, 4, 5) else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    return "\n".join(aligned)


def spoken(seconds: float) -> str:
    """A time with a unit that suits it."""
    if not seconds:
        return "0 s"
    unit, scale = next(
        (pair for pair in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)) if seconds >= pair[1]), ("ns", 1e-9)
    )
    digits = max(0, 2 - math.floor(math.log10(seconds / scale)))
    return f"{seconds / scale:.{digits}f} {unit}"


def sentence(device: str, seconds: Mapping[str, Any]) -> str:
    """Device and times in a line."""
    text = f"{device}: compiled in {spoken(seconds['compile_s'])}, run in {spoken(seconds['median_s'])}"
    if seconds["runs"] == 1:
        return text
    extremes = f"{spoken(seconds['min_s'])} to {spoken(seconds['max_s'])}"
    return f"{text} (median of {seconds['runs']}, {extremes})"
