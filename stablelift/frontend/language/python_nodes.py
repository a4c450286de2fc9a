"""Nodes of Python's syntax tree, each at its place in the `.lift` file."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TypeVar

from stablelift.frontend.language import syntax
from stablelift.frontend.language.diagnostics import Source, Span

SELF = "@self"
Node = TypeVar("Node", bound=ast.AST)


@dataclass
class PlacedNodes:
    """Makes nodes whose places are spans of `source`."""

    source: Source

    def invoke(self, name: str, arguments: list[ast.expr], span: Span) -> ast.expr:
        return self.at(ast.Call(self.name(name, span), arguments, []), span)

    def invoke_self(self, method: str, arguments: list[ast.expr], span: Span) -> ast.expr:
        bound = self.at(ast.Attribute(self.name(SELF, span), method, ast.Load()), span)
        return self.at(ast.Call(bound, arguments, []), span)

    def name(self, text: str, span: Span) -> ast.expr:
        return self.at(ast.Name(text, ast.Load()), span)

    def local(self, name: syntax.Name, context: ast.expr_context) -> ast.expr:
        return self.at(ast.Name(name.text, context), name.span)

    def constant(self, value: object, span: Span) -> ast.expr:
        return self.at(ast.Constant(value), span)  # pyright: ignore[reportArgumentType]

    def at(self, node: Node, span: Span) -> Node:
        """The node, placed; Python counts columns in bytes from zero."""
        place = {
            "lineno": span.line,
            "col_offset": self._bytes(span.line, span.column),
            "end_lineno": span.end_line,
            "end_col_offset": self._bytes(span.end_line, span.end_column),
        }
        for attribute, value in place.items():
            setattr(node, attribute, value)
        return node

    def _bytes(self, line: int, column: int) -> int:
        return len(self.source.line(line)[: column - 1].encode())
