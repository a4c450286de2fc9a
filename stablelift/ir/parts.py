"""Sequences in parts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def split_by(values: Sequence[T], sizes: Sequence[int]) -> list[list[T]]:
    """The values in parts of the given sizes, which use all of them."""
    parts, start = [], 0
    for size in sizes:
        parts.append(list(values[start : start + size]))
        start += size
    assert start == len(values)
    return parts
