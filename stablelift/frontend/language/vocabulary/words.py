"""A word of the vocabulary: where it lives, its parameters, and its shape rule; and how a table spells it.

A signature is written as in Python, with `name=` for what may be left out and `*` before what is keyword
only; `name:kind` says what an argument may be.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a word; `kind` says what an argument may be."""

    name: str
    required: bool
    keyword_only: bool
    variadic: bool
    kind: str


@dataclass(frozen=True, slots=True)
class Word:
    """A function, layer, initializer or lift. `inputs` are the parameters of a layer's call.

    `attribute` is its name at home, which may mean something else here.
    """

    name: str
    home: str
    parameters: tuple[Parameter, ...]
    rule: str
    inputs: tuple[Parameter, ...] = ()
    attribute: str = ""

    def parameter(self, name: str) -> Parameter | None:
        """The parameter that may be given by this name."""
        return next((p for p in self.parameters if p.name == name and not p.variadic), None)

    @property
    def positional(self) -> tuple[Parameter, ...]:
        return tuple(p for p in self.parameters if not p.keyword_only)

    @property
    def signature(self) -> str:
        """The parameters as they are written in the tables."""
        return spell(self.parameters)


def spell(parameters: tuple[Parameter, ...]) -> str:
    """Parameters as the tables write them, without their kinds."""
    shown = []
    for index, p in enumerate(parameters):
        if p.keyword_only and (index == 0 or not parameters[index - 1].keyword_only):
            shown.append("*")
        shown.append(f"*{p.name}" if p.variadic else p.name if p.required else f"{p.name}=")
    return ", ".join(shown)


_PARAMETER = re.compile(r"(\*?)(\w+)(?::(\w+))?(=?)")


def parameters(signature: str) -> tuple[Parameter, ...]:
    """`x, axis=, *, dtype:dtype=` in parts; without a kind an argument is an array or a static value."""
    found, keyword_only = [], False
    for part in filter(None, (piece.strip() for piece in signature.split(","))):
        match = _PARAMETER.fullmatch(part)
        if match is None:
            keyword_only = True
            continue
        star, name, kind, optional = match.groups()
        required = not optional and not star
        found.append(Parameter(name, required, keyword_only, bool(star), kind or "value"))
        keyword_only = keyword_only or bool(star)
    return tuple(found)


def words(*rows: tuple[str, ...]) -> dict[str, Word]:
    """A table from rows of (home, rule, signature, names), and for layers the signature of the call.

    `name=attribute` is a word that goes by another name at home.
    """
    found: dict[str, Word] = {}
    for home, rule, signature, names, *call in rows:
        for written in names.split():
            name, _, attribute = written.partition("=")
            assert name not in found, f"`{name}` stands twice in a table"
            inputs = parameters("".join(call))
            found[name] = Word(name, home, parameters(signature), rule, inputs, attribute or name)
    return found
