"""The parser of `.lift` files from tables made beforehand: `python -m stablelift.frontend.language.tables`.

Making them of the grammar takes longer than parsing a thousand lines. They say which grammar and which Lark
they are of; where those are others, the parser is made of the grammar. A test says when they are stale.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from pathlib import Path
from typing import Any

import lark
from lark import Lark
from lark.grammar import Rule
from lark.indenter import PythonIndenter
from lark.lark import PostLex
from lark.lexer import TerminalDef

GRAMMAR = Path(__file__).with_name("grammar.lark")
TABLES = Path(__file__).with_name("grammar.tables")


def parser(postlex: PostLex) -> Lark:
    """The parser, from the tables if they are of this grammar."""
    grammar = GRAMMAR.read_text(encoding="utf-8")
    try:
        found = read()
    except (OSError, ValueError):
        found = {}
    if found.get("lark") != lark.__version__ or found.get("grammar") != digest(grammar):
        return from_grammar(grammar, postlex)
    return Lark._load_from_dict(found["data"], found["memo"], postlex=postlex, propagate_positions=True)


def from_grammar(grammar: str, postlex: PostLex) -> Lark:
    """The parser, from the text of the grammar."""
    return Lark(grammar, parser="lalr", postlex=postlex, propagate_positions=True, maybe_placeholders=True)


def digest(grammar: str) -> str:
    """What tells one grammar from another."""
    return hashlib.sha256(grammar.encode()).hexdigest()


def read() -> dict[str, Any]:
    """The tables, the Lark that made them, the digest of their grammar. Raises OSError, ValueError."""
    try:
        text = zlib.decompress(TABLES.read_bytes())
    except zlib.error as error:
        raise ValueError(f"{TABLES}: {error}") from None
    return json.loads(text, object_hook=_with_numbers)


def _with_numbers(found: dict[str, Any]) -> dict[Any, Any]:
    """JSON has strings as keys; the tables have numbers, too, and no strings of digits."""
    return {int(key) if key.isdigit() else key: value for key, value in found.items()}


def write() -> None:
    """Writes the tables of the grammar."""
    grammar = GRAMMAR.read_text(encoding="utf-8")
    data, memo = from_grammar(grammar, PythonIndenter()).memo_serialize([TerminalDef, Rule])
    data["options"]["postlex"] = None
    found = {"lark": lark.__version__, "grammar": digest(grammar), "data": data, "memo": memo}
    TABLES.write_bytes(zlib.compress(json.dumps(found, separators=(",", ":")).encode(), 9))


if __name__ == "__main__":
    write()
