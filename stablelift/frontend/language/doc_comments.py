"""Doc comments: the lines that begin with `##`, and what they belong to."""

from __future__ import annotations

from collections.abc import Sequence

from stablelift.frontend.language import syntax
from stablelift.frontend.language.diagnostics import Source


def doc_above(source: Source, line: int) -> str:
    """The `##` lines that end just above `line`."""
    first = line
    while _is_doc(source.line(first - 1)):
        first -= 1
    return _text(source, first, line)


def doc_of_file(source: Source, declarations: Sequence[syntax.Node]) -> str:
    """The `##` lines at the top, unless they belong to the first declaration."""
    first = next((number for number, line in enumerate(source.lines, 1) if line.strip()), 1)
    last = first
    while _is_doc(source.line(last)):
        last += 1
    if declarations and declarations[0].span.line == last:
        return ""
    return _text(source, first, last)


def _text(source: Source, first: int, end: int) -> str:
    lines = [source.line(number).strip()[2:] for number in range(first, end)]
    return "\n".join(line.removeprefix(" ") for line in lines).strip()


def _is_doc(line: str) -> bool:
    return line.lstrip(" ").startswith("##")
