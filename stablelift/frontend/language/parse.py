"""From `.lift` text to its abstract syntax, with errors that say what was expected and what was found."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from functools import cache
from threading import Lock

from lark import Lark, Token
from lark.exceptions import UnexpectedCharacters, UnexpectedToken
from lark.indenter import PythonIndenter

from stablelift.frontend.language import syntax, tables
from stablelift.frontend.language.diagnostics import (
    Diagnostic,
    LiftSyntaxError,
    Source,
    Span,
    diagnose,
    suggest,
)
from stablelift.frontend.language.hints import of_line
from stablelift.frontend.language.tree import SyntaxBuilder, span_of, too_deep

_ARITHMETIC = {"PLUS", "MINUS", "STAR", "SLASH", "DOUBLE_SLASH", "PERCENT", "AT", "POWER"}
_OPERATORS = _ARITHMETIC | {"COMPARE", "AND", "OR"}
_OPERANDS = {"NAME", "INTEGER", "FLOAT", "STRING", "TRUE", "FALSE", "NONE"}
_PHRASES = {
    "NAME": "a name",
    "INTEGER": "an integer",
    "FLOAT": "a float",
    "STRING": "a string",
    "_NEWLINE": "the end of the line",
    "_INDENT": "an indented block",
    "_DEDENT": "the end of the block",
    "$END": "the end of the file",
}


def parse(text: str, filename: str) -> syntax.File:
    """The syntax of a whole file. Raises LiftSyntaxError, which holds what is wrong and where."""
    text = text.replace("\r\n", "\n").removesuffix("\n") + "\n"
    source = Source.of(text, filename)
    if text.startswith(" ") and text.lstrip(" ")[:1] not in ("\n", "#"):
        column = len(text) - len(text.lstrip(" ")) + 1
        message = "expected a declaration at the beginning of the line, found an indented line"
        raise LiftSyntaxError([diagnose(source, Span(1, column, 1, column), message)])
    parser, indenter = _parser()
    try:
        with _LOCK:
            tree = parser.parse(text)
    except _UnexpectedDedent as error:
        raise LiftSyntaxError([_dedent_problem(source, error)]) from None
    except UnexpectedToken as error:
        raise LiftSyntaxError([_token_problem(source, error, indenter.open)]) from None
    except UnexpectedCharacters as error:
        raise LiftSyntaxError([_character_problem(source, error)]) from None
    problem = too_deep(tree, source)
    if problem:
        raise LiftSyntaxError([problem])
    builder = SyntaxBuilder(source)
    file: syntax.File = builder.transform(tree)
    if builder.problems:
        raise LiftSyntaxError(builder.problems)
    return file


class _UnexpectedDedent(Exception):
    """A line that begins left of its block and matches no block around it."""

    def __init__(self, token: Token, indent: int, levels: list[int]):
        super().__init__(token, indent, levels)
        self.token, self.indent, self.levels = token, indent, levels


class _LiftIndenter(PythonIndenter):
    """Lark's indenter for Python's names of tokens, which also remembers the open brackets, for messages."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[Token] = []

    def process(self, stream: Iterator[Token]) -> Generator[Token, None, None]:
        return super().process(self._watch(stream))

    def _watch(self, stream: Iterator[Token]) -> Iterator[Token]:
        self.open = []
        for token in stream:
            if token.type in self.OPEN_PAREN_types:
                self.open.append(token)
            elif token.type in self.CLOSE_PAREN_types and self.open:
                self.open.pop()
            yield token

    def handle_NL(self, token: Token) -> Iterator[Token]:
        indent = len(token) - token.rindex("\n") - 1
        levels = self.indent_level
        if self.paren_level == 0 and indent < levels[-1] and indent not in levels:
            raise _UnexpectedDedent(token, indent, list(levels))
        return super().handle_NL(token)


_LOCK = Lock()


@cache
def _parser() -> tuple[Lark, _LiftIndenter]:
    """The parser, made once; the indenter holds the state of one parse, hence the lock."""
    indenter = _LiftIndenter()
    return tables.parser(indenter), indenter


def _dedent_problem(source: Source, error: _UnexpectedDedent) -> Diagnostic:
    line = error.token.end_line or 1
    span = Span(line, error.indent + 1, line, error.indent + 1)
    known = _either(str(level) for level in error.levels)
    return diagnose(source, span, f"expected an indentation of {known} spaces, found {error.indent}")


def _character_problem(source: Source, error: UnexpectedCharacters) -> Diagnostic:
    span = Span(error.line, error.column, error.line, error.column + 1)
    rest = source.line(error.line)[error.column - 1 :]
    if rest[:1].isdecimal():
        length = next((i for i, char in enumerate(rest) if not (char.isalnum() or char in "._")), len(rest))
        span = Span(error.line, error.column, error.line, error.column + length)
        return diagnose(source, span, f"expected a number, found `{rest[:length]}`")
    hints = {
        "\t": "indent and separate with spaces",
        "'": 'strings are written in double quotes: "..."',
        '"': "a string ends on its line with a double quote and holds no backslash",
        "!": "`not` negates, and `!=` compares",
        "^": "`**` is the power; of integers and booleans, `bitwise_xor`",
        "&": "`and` joins what is known before tracing, `logical_and` arrays",
        "|": "`or` joins what is known before tracing, `logical_or` arrays",
        "~": "`not` negates what is known before tracing, `logical_not` arrays",
        ";": "a statement ends with its line",
    }
    char = rest[:1]
    hint = hints.get(char, "" if char.isascii() else "names are made of the letters a to z, digits and `_`")
    found = "tab" if char == "\t" else f"`{char}`" if char.isprintable() else f"character U+{ord(char):04X}"
    return diagnose(source, span, f"unexpected {found}", hint)


def _token_problem(source: Source, error: UnexpectedToken, open_brackets: list[Token]) -> Diagnostic:
    token: Token = error.token
    if token.type == "_DEDENT" and not "".join(source.lines[(token.end_line or 1) - 1 :]).strip():
        token = Token("$END", "")
    accepted = set(error.accepts or error.expected)
    span = _place(token, source)
    message = f"expected {_expected(accepted)}, found {_found(token)}"
    hints = []
    inside = open_brackets[-1] if open_brackets else None
    if inside is not None and inside is not token and inside.line != span.line:
        hints.append(f"`{inside}` at {inside.line}:{inside.column} is still open")
    elif token.type == "NAME":
        hints.append(suggest(token, (word.lower() for word in accepted if _is_keyword(word))))
    elif inside == "[" and accepted & {"FOR"} and token.type in ("COMMA", "RSQB"):
        hints.append("a tuple is written `(x, y)`; in brackets stands a comprehension, `[f(x) for x in xs]`")
    elif token.type == "COMPARE" and "COMPARE" not in accepted:
        hints.append("comparisons do not chain, and need parentheses inside arithmetic and subscripts")
    elif _is_keyword(token.type) and "NAME" in accepted:
        hints.append(f"`{token}` is a keyword; choose another name")
    if not any(hints):
        hints.append(of_line(source.line(span.line).split("#")[0]))
    return diagnose(source, span, message, *hints)


def _place(token: Token, source: Source) -> Span:
    """Where to put the caret: the end of a line is after its last character, the end of the file on it."""
    span = span_of(token) if token.type != "$END" else Span(1, 1, 1, 1)
    if token.type in ("_NEWLINE", "$END"):
        line = span.line if token.type == "_NEWLINE" else len(source.lines)
        while line > 1 and not source.line(line).strip():
            line -= 1
        column = len(source.line(line).split("#")[0].rstrip()) + 1
        return Span(line, column, line, column)
    if token.type in ("_INDENT", "_DEDENT"):
        line = span.end_line
        column = len(source.line(line)) - len(source.line(line).lstrip(" ")) + 1
        return Span(line, column, line, column)
    return span


def _found(token: Token) -> str:
    if token.type == "_INDENT":
        return "an indented line"
    if token.type in ("_NEWLINE", "_DEDENT", "$END"):
        return _PHRASES[token.type]
    return f"`{token}`"


def _expected(terminals: set[str]) -> str:
    """The terminals in words: those that begin an expression, and the operators, as one."""
    words: list[str] = []
    if "$END" in terminals:
        terminals = terminals - {"_NEWLINE"}
    if _OPERANDS <= terminals:
        words.append("an expression")
        terminals = terminals - _OPERANDS - {"MINUS", "LPAR", "LBRACE", "LSQB", "NOT"}
    operators = terminals & _OPERATORS if len(terminals & _OPERATORS) > 2 else set[str]()
    if operators:
        terminals = terminals - operators - {"LPAR", "LSQB", "DOT", "IF"}
    words += sorted(_PHRASES.get(name) or f"`{_spelling(name)}`" for name in terminals)
    return _either(words + ["an operator"] * bool(operators))


def _spelling(terminal: str) -> str:
    """How a punctuation mark or keyword is written."""
    pattern = {definition.name: definition.pattern.value for definition in _parser()[0].terminals}
    return pattern[terminal]


def _is_keyword(terminal: str) -> bool:
    return terminal not in _PHRASES and terminal.isalpha() and _spelling(terminal) == terminal.lower()


def _either(words: Iterable[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else last
