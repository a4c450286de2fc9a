"""Where spaces stand between the tokens of a line of a `.lift` file."""

from __future__ import annotations

import re
from dataclasses import dataclass

from stablelift.frontend.language.tree import KEYWORDS

TOKEN = re.compile(
    r" *(?:(?P<comment>#.*)"
    r'|(?P<token>"[^"]*"'
    r"|[A-Za-z_][A-Za-z0-9_]*"
    r"|[0-9]+(?:\.[0-9]+(?:[eE][+-]?[0-9]+)?|[eE][+-]?[0-9]+)?"
    r"|->|==|!=|<=|>=|\*\*|//|\.\.\."
    r"|[^ ]))?"
)
_VALUES = ("true", "false", "none")
_WORDS = (KEYWORDS | {"in", "from"}) - set(_VALUES)
_BINARY = frozenset("+ - * / // % @ ** == != < <= > >= ->".split())


@dataclass(frozen=True)
class Token:
    """A token as it is written."""

    text: str

    @property
    def ends_operand(self) -> bool:
        """Whether an operator that follows has two operands."""
        word = self.text[0].isalnum() or self.text[0] in '_"'
        return (word and self.text not in _WORDS) or self.text in (")", "]", "}", "...")


def spaced(tokens: list[Token], within: str = "") -> str:
    """The tokens as one line; `within` is the bracket that they are an item of."""
    text = ""
    # For each open bracket what it is, and whether its item has a colon.
    brackets: list[tuple[str, bool]] = [(within, not within)]
    previous: Token | None = None
    tight = False
    for token in tokens:
        unary = token.text in ("-", "*") and (previous is None or not previous.ends_operand)
        inside, annotated = brackets[-1]
        close = token.text in (")", "]", "}", ",")
        if token.text == ":":
            gap = inside == "[" and previous is not None and previous.text == ","
        elif token.text == "=":
            gap = annotated or inside != "("
        elif token.text in ("(", "["):
            gap = previous is not None and not (previous.ends_operand or tight)
        else:
            gap = not close and token.text != "."
        if tight and not close:
            gap = False
        if previous is not None and gap:
            text += " "
        text += token.text
        tight = unary or token.text in ("(", "[", "{", ".") or (token.text == ":" and inside == "[")
        tight = tight or (token.text == "=" and not annotated and inside == "(")
        if token.text in ("(", "[", "{"):
            brackets.append((token.text, False))
        elif token.text in (")", "]", "}") and len(brackets) > 1:
            brackets.pop()
        elif token.text in (":", ",") and inside:
            brackets[-1] = (inside, token.text == ":")
        previous = token
    return text
