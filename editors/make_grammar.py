"""Writes the TextMate grammar of `.lift` files from the vocabulary: `python editors/make_grammar.py`.

A test says when `syntaxes/lift.tmLanguage.json` is stale.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from stablelift.frontend.language.tree import KEYWORDS
from stablelift.frontend.language.vocabulary import (
    DTYPE_CLASSES,
    DTYPES,
    FIELD_KINDS,
    FUNCTION_LIFTS,
    FUNCTIONS,
    INITIALIZERS,
    LAYERS,
    LIFTS,
)

FILE = Path(__file__).parent / "syntaxes" / "lift.tmLanguage.json"
CONSTANTS = {"true", "false", "none"}
CONTROL = {"if", "elif", "else", "for", "in", "return"}
OPERATORS = {"and", "or", "not"}


def words(names: Iterable[str], after: str = "") -> str:
    """A pattern of whole words, the longest first."""
    ordered = sorted(names, key=lambda name: (-len(name), name))
    return rf"\b(?:{'|'.join(ordered)})\b{after}"


def grammar() -> dict[str, Any]:
    """The grammar as JSON; the first pattern that matches wins."""
    declares = KEYWORDS - CONSTANTS - CONTROL - OPERATORS
    call = r"(?=\s*\()"
    name = r"[A-Za-z_][A-Za-z0-9_]*"
    patterns = [
        {"name": "comment.line.documentation.lift", "match": r"^\s*##.*$"},
        {"name": "comment.line.number-sign.lift", "match": r"#.*$"},
        {"name": "string.quoted.double.lift", "match": r'"[^"\\\n]*"'},
        {
            "match": rf"\b(module|external|lift|fn)\s+({name})",
            "captures": {
                "1": {"name": "keyword.declaration.lift"},
                "2": {"name": "entity.name.type.lift"},
            },
        },
        {"name": "keyword.control.lift", "match": words(CONTROL)},
        {"name": "keyword.operator.word.lift", "match": words(OPERATORS)},
        {"name": "keyword.declaration.lift", "match": words([*declares, "from"])},
        {"name": "constant.language.lift", "match": words(CONSTANTS)},
        {
            "name": "constant.numeric.lift",
            "match": r"\b[0-9]+(?:\.[0-9]+(?:[eE][+-]?[0-9]+)?|[eE][+-]?[0-9]+)?\b",
        },
        {"name": "support.type.dtype.lift", "match": words({*DTYPES, *DTYPE_CLASSES}, r"(?=\s*[\[,)\n]|$)")},
        {"name": "support.type.kind.lift", "match": rf"(?<=:\s){words(FIELD_KINDS)}"},
        {"name": "support.class.layer.lift", "match": words(LAYERS, call)},
        {"name": "support.function.lift.lift", "match": words({*LIFTS, *FUNCTION_LIFTS}, call)},
        {"name": "support.function.initializer.lift", "match": rf"(?<==\s){words(INITIALIZERS, call)}"},
        {"name": "support.function.array.lift", "match": words(FUNCTIONS, call)},
        {"name": "variable.parameter.keyword.lift", "match": rf"\b{name}(?==[^=])"},
        {"name": "variable.parameter.dimension.rest.lift", "match": rf"\*{name}(?=\s*[,\])])"},
        {"name": "keyword.operator.lift", "match": r"->|\*\*|//|[-+*/%@]|==|!=|<=|>=|<|>|="},
    ]
    return {
        "$schema": "https://raw.githubusercontent.com/martinring/tmlanguage/master/tmlanguage.json",
        "name": "Lift",
        "scopeName": "source.lift",
        "fileTypes": ["lift"],
        "patterns": patterns,
    }


def text() -> str:
    """The file as it is written."""
    return json.dumps(grammar(), indent=2) + "\n"


if __name__ == "__main__":
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(text(), encoding="utf-8")
