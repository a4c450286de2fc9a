"""The canonical layout of `.lift` files: the same tokens and comments, line by line.

A statement is one logical line, however many lines its brackets span. It is written on one line if that is
short enough, else with one item of its longest bracket on each line. Blocks are indented by two spaces, and
blank lines part declarations. Comments stay where they are; those inside brackets move above the line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from stablelift.frontend.language.parse import parse
from stablelift.frontend.language.spacing import TOKEN, Token, spaced

WIDTH = 110
INDENT = "  "
CONTROL = ("if", "elif", "else", "for")


@dataclass
class Comment:
    """A comment with its place; `own` says whether it has a line of its own."""

    line: int
    column: int
    text: str
    own: bool


@dataclass
class Line:
    """A logical line: its tokens, the lines it covers, and the comments that belong to it."""

    first: int
    last: int
    column: int
    depth: int
    tokens: list[Token]
    trailing: str = ""
    above: list[Comment] = field(default_factory=list)
    opens: bool = False

    @property
    def word(self) -> str:
        return self.tokens[0].text


def format_text(text: str, filename: str) -> str:
    """The text in canonical layout. Raises LiftSyntaxError if it has errors of syntax."""
    parse(text, filename)
    source = text.replace("\r\n", "\n").split("\n")
    lines, comments = _read(source)
    return _write(lines, comments, source)


def _read(source: list[str]) -> tuple[list[Line], list[Comment]]:
    """The logical lines, with depths, and the comments that stand between them."""
    lines: list[Line] = []
    between: list[Comment] = []
    levels = [0]
    open_brackets = 0
    for number, text in enumerate(source, 1):
        tokens, comment = _tokens(text)
        if comment is not None:
            note = Comment(number, comment, text[comment:].rstrip(), own=not tokens)
            if open_brackets and (note.own or not _closes(tokens, open_brackets)):
                lines[-1].above.append(note)
            elif note.own:
                between.append(note)
        if not tokens:
            continue
        if not open_brackets:
            column = len(text) - len(text.lstrip(" "))
            while column < levels[-1]:
                levels.pop()
            if column > levels[-1]:
                levels.append(column)
                lines[-1].opens = True
            lines.append(Line(number, number, column, len(levels) - 1, []))
        lines[-1].tokens += tokens
        lines[-1].last = number
        open_brackets += sum((token.text in "([{") - (token.text in ")]}") for token in tokens)
        if comment is not None and not open_brackets:
            lines[-1].trailing = text[comment:].rstrip()
        elif comment is not None and tokens and (not lines[-1].above or lines[-1].above[-1].line != number):
            lines[-1].above.append(Comment(number, comment, text[comment:].rstrip(), own=False))
    return lines, between


def _tokens(text: str) -> tuple[list[Token], int | None]:
    """The tokens of a line, and where its comment begins."""
    found: list[Token] = []
    place = 0
    while match := TOKEN.match(text, place):
        place = match.end()
        if match["comment"] is not None:
            return found, match.start("comment")
        if match["token"] is None:
            break
        found.append(Token(match["token"]))
    return found, None


def _closes(tokens: list[Token], open_brackets: int) -> bool:
    """Whether the tokens close all brackets."""
    return open_brackets + sum((t.text in "([{") - (t.text in ")]}") for t in tokens) == 0


def _write(lines: list[Line], comments: list[Comment], source: list[str]) -> str:
    """The text: each line after the comments that stand above it."""
    out: list[str] = []
    pending = list(comments)
    for index, line in enumerate(lines):
        before = lines[index - 1] if index else None
        above: list[Comment] = []
        while pending and pending[0].line < line.first:
            above.append(pending.pop(0))
        attached = _attached(above, line)
        for comment in above[: len(above) - attached]:
            depth = _depth_of(comment, lines[:index], line.depth)
            _blank(out, source, comment.line, before)
            out.append(INDENT * depth + comment.text)
            before = None
        group = above[len(above) - attached :]
        _blank_above(out, source, line, lines[index - 1] if index else None, group, before)
        out += [INDENT * line.depth + _plain(comment.text) for comment in line.above]
        for comment in group:
            depth = line.depth if _declares(line) else _depth_of(comment, lines[:index], line.depth)
            out.append(INDENT * depth + comment.text)
        written = render(line.tokens, line.depth * len(INDENT))
        out.append(written + f"  {line.trailing}" * bool(line.trailing))
    for comment in pending:
        before = lines[-1] if lines and comment is pending[0] else None
        _blank(out, source, comment.line, before)
        out.append(INDENT * _depth_of(comment, lines, 0) + comment.text)
    return "\n".join(out) + "\n" * bool(out)


def _plain(comment: str) -> str:
    """A comment that moves: it must not become a doc comment."""
    return re.sub(r"^#+", "#", comment)


def _attached(above: list[Comment], line: Line) -> int:
    """How many of the comments stand right above the line, without a blank line between."""
    count, next_line = 0, line.first
    for comment in reversed(above):
        if comment.line != next_line - 1:
            break
        count, next_line = count + 1, comment.line
    return count


def _depth_of(comment: Comment, earlier: list[Line], following: int) -> int:
    """The depth of a comment: that of the next line, or of the block that it ends."""
    levels: dict[int, int] = {}
    for line in earlier:
        levels = {depth: column for depth, column in levels.items() if depth < line.depth}
        levels[line.depth] = line.column
    deep = [depth for depth, column in levels.items() if column <= comment.column]
    return max(following, max(deep, default=0))


def _declares(line: Line) -> bool:
    """Whether the line begins a declaration, a field or a method, to which doc comments belong."""
    method = line.opens and line.word not in CONTROL
    return line.depth == 0 or method or (len(line.tokens) > 1 and line.tokens[1].text == ":")


def _blank(out: list[str], source: list[str], line: int, before: Line | None) -> None:
    """One blank line if there is one above `line` in the source, and no block is being opened."""
    opened = before is not None and before.opens
    if out and not opened and line > 1 and not source[line - 2].strip():
        out.append("")


def _blank_above(
    out: list[str],
    source: list[str],
    line: Line,
    previous: Line | None,
    group: list[Comment],
    before: Line | None,
) -> None:
    """Blank lines before a declaration or method; elsewhere as they are, one at most."""
    first = group[0].line if group else line.first
    if not out or (before is not None and before.opens):
        return
    if previous is not None and before is previous and _parted(previous, line):
        out.append("")
    else:
        _blank(out, source, first, before)


def _parted(previous: Line, line: Line) -> bool:
    """Whether a blank line always stands between the two."""
    short = ("lift", "import", "external")
    if line.depth == 0:
        alike = previous.depth == 0 and previous.word == line.word and line.word in short
        return not (alike and not line.opens)
    return line.depth == 1 and line.opens and line.word not in CONTROL


def render(tokens: list[Token], indent: int, within: str = "") -> str:
    """Tokens as one line, or with one item of the longest bracket on each line."""
    whole = " " * indent + spaced(tokens, within)
    if len(whole) <= WIDTH:
        return whole
    opening, closing = _longest_bracket(tokens)
    if closing - opening < 2:
        return whole
    items = _items(tokens[opening + 1 : closing])
    if len(items) == 1 and _longest_bracket(items[0]) == (0, 0):
        return whole
    head = " " * indent + spaced(tokens[: opening + 1], within)
    parts = [render(item, indent + 4, tokens[opening].text) for item in items]
    tail = spaced(tokens, within)[len(spaced(tokens[:closing], within)) :]
    return "\n".join([head, *parts, " " * indent + tail])


def _longest_bracket(tokens: list[Token]) -> tuple[int, int]:
    """Where the longest bracket that is inside no other begins and ends."""
    best, start, depth = (0, 0), 0, 0
    for index, token in enumerate(tokens):
        if token.text in "([{":
            start = index if depth == 0 else start
            depth += 1
        elif token.text in ")]}":
            depth -= 1
            if depth == 0 and index - start > best[1] - best[0]:
                best = (start, index)
    return best


def _items(tokens: list[Token]) -> list[list[Token]]:
    """The items of a bracket, each with its comma."""
    items: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        items[-1].append(token)
        depth += (token.text in "([{") - (token.text in ")]}")
        if token.text == "," and depth == 0:
            items.append([])
    return [item for item in items if item]
