"""Diagnostics of `.lift` files: a message, its place, the source line with a caret, and hints."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from stablelift.errors import LiftError


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of source text; lines and columns begin at one, `end_column` is the column after the last."""

    line: int
    column: int
    end_line: int
    end_column: int

    def __str__(self) -> str:
        return f"{self.line}:{self.column}"

    def to(self, last: Span) -> Span:
        """The stretch from the start of this one to the end of `last`."""
        return Span(self.line, self.column, last.end_line, last.end_column)


@dataclass(frozen=True, slots=True)
class Source:
    """A `.lift` text and the name by which messages call it."""

    filename: str
    lines: tuple[str, ...]

    @staticmethod
    def of(text: str, filename: str) -> Source:
        return Source(filename, tuple(text.split("\n")))

    def line(self, number: int) -> str:
        return self.lines[number - 1] if 1 <= number <= len(self.lines) else ""

    def text(self, span: Span) -> str:
        """What stands in `span`, its lines joined by one space."""
        lines = [self.line(number) for number in range(span.line, span.end_line + 1)]
        lines[-1] = lines[-1][: span.end_column - 1]
        lines[0] = lines[0][span.column - 1 :]
        return " ".join(line.strip() for line in lines)


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One error: what was expected and found, where, and what to do about it."""

    filename: str
    span: Span | None
    message: str
    excerpt: str = ""
    hints: tuple[str, ...] = ()

    def __str__(self) -> str:
        place = self.filename if self.span is None else f"{self.filename}:{self.span}"
        lines = [f"{place}: error: {self.message}"]
        if self.span is not None:
            lines += _excerpt(self.excerpt, self.span)
        return "\n".join(lines + [f"  hint: {hint}" for hint in self.hints])

    def as_json(self) -> dict[str, object]:
        """For tools: lines and columns begin at one, `end_column` is the column after the last."""
        span = self.span or Span(1, 1, 1, 1)
        return {
            "file": self.filename,
            "line": span.line,
            "column": span.column,
            "end_line": span.end_line,
            "end_column": span.end_column,
            "message": self.message,
            "hints": list(self.hints),
        }


def diagnose(source: Source, span: Span, message: str, *hints: str) -> Diagnostic:
    """A diagnostic that shows the line of `source` at which `span` begins; empty hints are left out."""
    return Diagnostic(source.filename, span, message, source.line(span.line), tuple(h for h in hints if h))


def suggest(word: str, known: Iterable[str]) -> str:
    """`did you mean ...` for the known word closest to `word`, or an empty string."""
    spelt = {name.lower(): name for name in sorted(known, reverse=True)}
    matches = difflib.get_close_matches(word.lower(), spelt, n=1, cutoff=0.7)
    return f"did you mean `{spelt[matches[0]]}`?" if matches else ""


def _excerpt(text: str, span: Span) -> list[str]:
    """The source line and the caret under its span; a long line is shown around the caret only."""
    width = 100
    start = span.column - 1
    end = span.end_column - 1 if span.end_line == span.line else len(text)
    offset = max(0, start - width // 2) if len(text) > width else 0
    shown = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
    carets = "^" * max(1, min(end, offset + width) - start)
    return [
        f"{span.line:5} | {shown[offset : offset + width]}".rstrip(),
        f"      | {' ' * (start - offset)}{carets}",
    ]


class LiftSourceError(LiftError):
    """Errors in a `.lift` file, all of them in `diagnostics`, in the order of the text."""

    def __init__(self, diagnostics: Iterable[Diagnostic]):
        self.diagnostics = tuple(diagnostics)
        super().__init__("\n".join(map(str, self.diagnostics)))


class LiftFileError(LiftSourceError):
    """A `.lift` file that cannot be read: missing, a folder, too large, or not UTF-8."""


class LiftSyntaxError(LiftSourceError):
    """Text that the grammar of `.lift` files does not allow."""


class LiftCheckError(LiftSourceError):
    """A `.lift` file that parses and means nothing: unknown names, wrong arity, sizes that cannot agree."""


class LiftTraceError(LiftSourceError):
    """A shape, dtype or value that proved wrong when a module or function of a `.lift` file was called."""
