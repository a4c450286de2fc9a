"""What every node of the abstract syntax is."""

from __future__ import annotations

from dataclasses import dataclass

from stablelift.frontend.language.diagnostics import Span


@dataclass(frozen=True, slots=True)
class Node:
    """Anything that has a place in the text."""

    span: Span
