"""From checked expressions to Python expressions, each node at its place in the `.lift` file.

Names of functions, modules and dtypes begin with `@`, which no name in a `.lift` file can: a local may be
called `mean` beside the function. Arithmetic of numbers known before tracing is bounded.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TypeVar

from stablelift.frontend.language import syntax
from stablelift.frontend.language.diagnostics import Source, Span
from stablelift.frontend.language.vocabulary import DTYPES, FUNCTIONS, LAYERS, READY_INITIALIZERS, Parameter

SELF = "@self"
Node = TypeVar("Node", bound=ast.AST)

_OPERATORS: dict[str, ast.operator] = {
    "+": ast.Add(),
    "-": ast.Sub(),
    "*": ast.Mult(),
    "/": ast.Div(),
    "//": ast.FloorDiv(),
    "%": ast.Mod(),
    "**": ast.Pow(),
    "@": ast.MatMult(),
}
_COMPARISONS: dict[str, ast.cmpop] = {
    "==": ast.Eq(),
    "!=": ast.NotEq(),
    "<": ast.Lt(),
    "<=": ast.LtE(),
    ">": ast.Gt(),
    ">=": ast.GtE(),
}


@dataclass
class ExpressionCode:
    """What the names of one body are.

    `fields` have kinds, `variables` hold their value, `static` names are numbers before tracing, `tuples`
    may hold such numbers, `callables` are the modules, lifts and functions of the file.
    """

    source: Source
    callables: frozenset[str]
    fields: dict[str, str] = field(default_factory=dict)
    variables: set[str] = field(default_factory=set)
    static: set[str] = field(default_factory=set)
    tuples: set[str] = field(default_factory=set)

    def expression(self, expression: syntax.Expression | syntax.Rest) -> ast.expr:
        """The Python expression, each node at its own place."""
        span = expression.span
        match expression:
            case syntax.Literal(value=value):
                return self.constant(value, span)
            case syntax.Name(text=text):
                return self._value(text, span)
            case syntax.Rest(name=name):
                return self.at(ast.Starred(self.name(f"*{name.text}", span), ast.Load()), span)
            case syntax.Tuple(items=items):
                return self.at(ast.Tuple([self.expression(item) for item in items], ast.Load()), span)
            case syntax.Negation(operand=operand):
                return self.at(ast.UnaryOp(ast.USub(), self.expression(operand)), span)
            case syntax.Binary():
                return self._binary(expression)
            case syntax.Call():
                return self._call(expression)
            case syntax.Subscript(value=value, indices=indices):
                parts = [self._index(index) for index in indices]
                index = parts[0] if len(parts) == 1 else self.at(ast.Tuple(parts, ast.Load()), span)
                return self.at(ast.Subscript(self.expression(value), index, ast.Load()), span)
        raise AssertionError(f"the checker lets no {type(expression).__name__} pass here")

    def _value(self, text: str, span: Span) -> ast.expr:
        if text in self.fields:
            return self.at(ast.Attribute(self.name(SELF, span), text, ast.Load()), span)
        if text in self.variables:
            return self.at(ast.Attribute(self.name(text, span), "value", ast.Load()), span)
        return self.name(f"@{text}" if text in DTYPES else text, span)

    def _binary(self, binary: syntax.Binary) -> ast.expr:
        left, right = self.expression(binary.left), self.expression(binary.right)
        if binary.operator in _COMPARISONS:
            return self.at(ast.Compare(left, [_COMPARISONS[binary.operator]], [right]), binary.span)
        if self.is_static(binary):
            return self.invoke(f"@{binary.operator}", [left, right], binary.span)
        return self.at(ast.BinOp(left, _OPERATORS[binary.operator], right), binary.span)

    def is_static(self, expression: syntax.Expression | syntax.Rest) -> bool:
        """Whether the value is a number before tracing: its arithmetic is bounded."""
        match expression:
            case syntax.Literal(value=value):
                return isinstance(value, (int, float))
            case syntax.Name(text=text):
                return text in self.static
            case syntax.Negation(operand=operand):
                return self.is_static(operand)
            case syntax.Binary(left=left, right=right):
                return self.is_static(left) and self.is_static(right)
        return False

    def is_tuple(self, expression: syntax.Expression | syntax.Rest) -> bool:
        """Whether the value is a tuple that may hold numbers known before tracing."""
        if isinstance(expression, syntax.Name):
            return expression.text in self.tuples
        return isinstance(expression, syntax.Tuple)

    def _index(self, index: syntax.Expression | syntax.Slice | syntax.Ellipsis) -> ast.expr:
        if isinstance(index, syntax.Ellipsis):
            return self.constant(..., index.span)
        if isinstance(index, syntax.Slice):
            parts = (index.start, index.stop, index.step)
            bounds = [self.expression(part) if part else None for part in parts]
            return self.at(ast.Slice(*bounds), index.span)
        return self.expression(index)

    def _call(self, call: syntax.Call) -> ast.expr:
        function = call.function
        name = function.text if isinstance(function, syntax.Name) else ""
        word = LAYERS.get(name) or FUNCTIONS.get(name)
        if word or name in self.callables:
            called = self.name(f"@{name}", function.span)
        else:
            called = self.expression(function)
        parameters = word.positional if word else ()
        positional = [
            self._argument(argument, parameters[index] if index < len(parameters) else None)
            for index, argument in enumerate(call.arguments)
        ]
        keywords = []
        for keyword in call.keywords:
            parameter = word.parameter(keyword.name.text) if word else None
            value = self._argument(keyword.value, parameter)
            # The names by which required parameters go here need not be JAX's: they are passed by position.
            if word and word.name in FUNCTIONS and parameter and parameter.required:
                positional.insert(word.positional.index(parameter), value)
            else:
                keywords.append(self.at(ast.keyword(keyword.name.text, value), keyword.span))
        return self.at(ast.Call(called, positional, keywords), call.span)

    def _argument(self, argument: syntax.Expression, parameter: Parameter | None) -> ast.expr:
        kind = parameter.kind if parameter else "value"
        if kind == "initializer":
            return self.initializer(argument)
        value = self.expression(argument)
        return self.invoke("@count", [value], argument.span) if kind == "count" else value

    def initializer(self, expression: syntax.Expression) -> ast.expr:
        assert isinstance(expression, syntax.Call) and isinstance(expression.function, syntax.Name)
        name = expression.function.text
        made = self.name(f"@initializer {name}", expression.span)
        if name in READY_INITIALIZERS:
            return made
        keywords = [ast.keyword(k.name.text, self.expression(k.value)) for k in expression.keywords]
        arguments = [self.expression(argument) for argument in expression.arguments]
        return self.at(ast.Call(made, arguments, keywords), expression.span)

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
