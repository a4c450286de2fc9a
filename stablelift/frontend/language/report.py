"""The checker's notebook: what the file declares, and the errors found so far."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from stablelift.frontend.language import syntax
from stablelift.frontend.language.diagnostics import Diagnostic, Source, Span, diagnose
from stablelift.frontend.language.hints import closest
from stablelift.frontend.language.vocabulary import DTYPES, FUNCTION_LIFTS, FUNCTIONS, LAYERS, LIFTS, Word

# Looking for the closest name is slow, and of no use after this many errors.
MAX_SUGGESTIONS = 50
# Lifts of lifts of several functions unfold exponentially: after so many nothing more is inferred of them.
MAX_LIFTS = 10_000
MAX_OPEN_LIFTS = 40


class Report:
    """Declarations by name, and diagnostics; a place is reported once, by its first error.

    What imported lifts are of goes by names such as `blocks.lift:Block`, which a file cannot write.

    `open_lifts` are the lifts that are being looked into, so that one of itself ends.
    """

    def __init__(self, source: Source):
        self.source = source
        self.modules: dict[str, syntax.Module | syntax.Lift] = {}
        self.functions: dict[str, syntax.Callable | syntax.Lift] = {}
        self.open_lifts: set[str] = set()
        self.lifts_left = MAX_LIFTS
        self._found: dict[tuple[int, int], Diagnostic] = {}

    def error(self, span: Span, message: str, *hints: str) -> None:
        """Notes an error at `span`."""
        self._found.setdefault((span.line, span.column), diagnose(self.source, span, message, *hints))

    def unknown(self, kind: str, name: syntax.Name, known: list[str], listing: str = "") -> None:
        """Notes that `name` is no known `kind`; the hint is the closest, or all after the words `listing`."""
        few = len(self._found) < MAX_SUGGESTIONS
        hint = closest(name.text, known) if few else ""
        if listing and known and not hint:
            hint = f"{listing} {', '.join(f'`{each}`' for each in known)}"
        self.error(name.span, f"unknown {kind} `{name.text}`", hint)

    def may_look_into(self, name: str) -> bool:
        """Whether the lift of that name is not yet open, and inferring it would end soon."""
        self.lifts_left -= 1
        return name not in self.open_lifts and len(self.open_lifts) < MAX_OPEN_LIFTS and self.lifts_left > 0

    @contextmanager
    def muted(self) -> Iterator[None]:
        """What is found meanwhile is forgotten."""
        before = dict(self._found)
        yield
        self._found = before

    @property
    def diagnostics(self) -> list[Diagnostic]:
        """What was found, in the order of the text."""
        return [self._found[place] for place in sorted(self._found)]

    def module(self, name: str) -> syntax.Module | syntax.Lift | Word | None:
        """The module, lift or layer of that name."""
        return self.modules.get(name) or LAYERS.get(name)

    @property
    def callables(self) -> list[str]:
        """Every name that may stand before parentheses in a body."""
        own = [name for name in (*self.modules, *self.functions) if ":" not in name]
        return [*own, *LAYERS, *FUNCTIONS, *FUNCTION_LIFTS]

    def what_is(self, name: str) -> str | None:
        """What a name of the file or the vocabulary is, in words."""
        if name in self.modules:
            return "a module"
        if name in self.functions or name in FUNCTIONS:
            return "a function"
        if name in LAYERS:
            return "a module"
        if name in DTYPES:
            return "a dtype"
        return "a lift" if name in LIFTS or name in FUNCTION_LIFTS else None
