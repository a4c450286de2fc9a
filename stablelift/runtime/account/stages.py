"""The module after each pass, function by function, as text with its constants cut short."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from stablelift.ir.mlir import context, ir, parse, to_text

LONGEST_CONSTANT = 16
"""Constants of more elements are shown without them."""

LONGEST_LINE = 20_000
"""Longer lines are cut: a backend's configuration, say."""


class Stage(NamedTuple):
    """The module after one pass."""

    name: str
    seconds: float
    functions: Mapping[str, str]
    """The text of each function, in the order of the module."""

    @property
    def operations(self) -> int:
        """About how many ops it holds."""
        return sum(map(operations_in, self.functions.values()))


def operations_in(text: str) -> int:
    """About how many ops, constants aside, a function's text holds."""
    return sum(1 for line in text.splitlines()[1:] if " = " in line and ".constant " not in line)


class Recorder:
    """Keeps the module after each pass: what `pipeline.run` is given as `dump`."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, dict[str, str]]] = []

    def __call__(self, name: str, module: ir.Module) -> None:
        self.seen.append((name, functions_of(to_text(module, elide=LONGEST_CONSTANT))))


def traced(bytecode: bytes) -> Stage:
    """The module before any pass."""
    with context() as ctx:
        text = to_text(parse(bytecode, ctx), elide=LONGEST_CONSTANT)
        return Stage("traced", 0.0, functions_of(text))


def functions_of(text: str) -> dict[str, str]:
    """The functions in a module's text by name, without the module's indentation."""
    return dict(_functions(text))


def _functions(text: str) -> Iterator[tuple[str, str]]:
    lines: list[str] = []
    for line in text.splitlines():
        if line.startswith("  func.func"):
            lines = []
        line = line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]} …"
        lines.append(line.removeprefix("  "))
        # One without a body ends on its first line.
        if line == "  }" or (len(lines) == 1 and line.startswith("  func.func") and not line.endswith("{")):
            yield _name(lines[0]), "\n".join(lines)


def _name(header: str) -> str:
    """`f` from `func.func private @f(...)`; quotes are kept where a name needs them."""
    start = header.index("@") + 1
    if header[start] == '"':
        return header[start : header.index('"', start + 1) + 1]
    return header[start : header.index("(", start)]
