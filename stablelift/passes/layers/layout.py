"""What passes made of a program's arguments and results: which of them are stacks."""

from __future__ import annotations

from dataclasses import dataclass, field

Group = tuple[int, ...]
"""Positions of arguments or results: of one by itself, or of those that are stacked along a new axis 0."""


@dataclass
class Layout:
    """Which arguments and results of the program before each one of the program after stands for."""

    arguments: list[Group] = field(default_factory=list)
    results: list[Group] = field(default_factory=list)
