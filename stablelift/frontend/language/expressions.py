"""Checks the expressions of a body: names, arity, keywords, and shapes as far as they are known."""

from __future__ import annotations

from dataclasses import dataclass, field

from stablelift.frontend.language import syntax
from stablelift.frontend.language.calls import infer_call
from stablelift.frontend.language.report import Report
from stablelift.frontend.language.rules import common_dtype
from stablelift.frontend.language.shapes import Mismatch, Rest, broadcast, matmul
from stablelift.frontend.language.values import (
    UNKNOWN,
    Array,
    Instance,
    Several,
    Static,
    Unknown,
    Value,
    literal,
)
from stablelift.frontend.language.vocabulary import DTYPES

COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")


@dataclass
class Expressions:
    """Infers the value of expressions; `names` are the values, `rests` the `*names`, in scope.

    A `pure` body, that of a `fn`, holds no modules and no variables.
    """

    report: Report
    names: dict[str, Value] = field(default_factory=dict)
    rests: set[str] = field(default_factory=set)
    pure: bool = False

    def infer(self, expression: syntax.Expression) -> Value:
        """What the expression is known to be; errors go to the report."""
        match expression:
            case syntax.Literal(value=value):
                return literal(value)
            case syntax.Name():
                return self._name(expression)
            case syntax.Tuple(items=items):
                return self._tuple(items)
            case syntax.Negation(operand=operand):
                return self._negation(expression, self.infer(operand))
            case syntax.Binary():
                return self._binary(expression)
            case syntax.Call():
                return infer_call(self, expression)
            case syntax.Subscript():
                return self._subscript(expression)
            case syntax.Dictionary():
                self.report.error(expression.span, "expected a value, found a dictionary")
        return UNKNOWN

    def _name(self, name: syntax.Name) -> Value:
        if name.text in self.names:
            return self.names[name.text]
        if name.text in DTYPES:
            return Static("dtype", name.text)
        what = self.report.what_is(name.text)
        if name.text in self.rests:
            hint = f"write `*{name.text}` inside a tuple"
            self.report.error(name.span, f"`{name.text}` is any number of sizes, expected one value", hint)
        elif what:
            self.report.error(name.span, f"expected a value, found {what}", f"call it: `{name.text}(...)`")
        else:
            self.report.unknown("name", name, [*self.names, *DTYPES, *self.rests, "true", "false", "none"])
        return UNKNOWN

    def _tuple(self, items: tuple[syntax.Expression | syntax.Rest, ...]) -> Value:
        values: list[Value] = []
        for item in items:
            if isinstance(item, syntax.Rest):
                self.known_rest(item)
                values.append(Static("rest", Rest(item.name.text)))
            else:
                values.append(self.infer(item))
        return Several(tuple(values))

    def known_rest(self, rest: syntax.Rest) -> None:
        """Notes an error where `*name` is not in scope."""
        if rest.name.text not in self.rests:
            self.report.unknown("rest dimension", rest.name, sorted(self.rests))

    def _negation(self, expression: syntax.Negation, operand: Value) -> Value:
        if not self._arithmetic(expression.operand, operand):
            return UNKNOWN
        if isinstance(operand, Static):
            value = operand.value
            return literal(-value) if isinstance(value, (int, float)) else Static(operand.kind)
        return operand

    def _arithmetic(self, expression: syntax.Expression, value: Value) -> bool:
        """Whether the value is an array or a number; notes an error where it is not."""
        if isinstance(value, (Several, Instance)) or (
            isinstance(value, Static) and value.kind not in ("int", "float", "bool")
        ):
            hint = "call it: `module(x)`" if isinstance(value, Instance) else ""
            self.report.error(expression.span, f"expected an array or a number, found {value}", hint)
            return False
        return not isinstance(value, Unknown)

    def _binary(self, expression: syntax.Binary) -> Value:
        left, right = self.infer(expression.left), self.infer(expression.right)
        usable = [self._arithmetic(expression.left, left), self._arithmetic(expression.right, right)]
        if not all(usable):
            return Array(None, None) if isinstance(left, Array) or isinstance(right, Array) else UNKNOWN
        if isinstance(left, Static) and isinstance(right, Static):
            return self._static(expression, left, right)
        rule = matmul if expression.operator == "@" else broadcast
        shapes = [value.shape if isinstance(value, Array) else () for value in (left, right)]
        try:
            shape = rule(*shapes)
        except Mismatch as mismatch:
            message = f"`{expression.operator}` cannot take {left} and {right}: {mismatch}"
            self.report.error(expression.place, message)
            shape = None
        dtype = "bool" if expression.operator in COMPARISONS else common_dtype([left, right])
        return Array(dtype, shape)

    def _static(self, expression: syntax.Binary, left: Static, right: Static) -> Value:
        operator = expression.operator
        if operator == "@":
            message = "`@` multiplies arrays, found two numbers"
            self.report.error(expression.place, message, "`*` multiplies numbers")
            return UNKNOWN
        if operator in COMPARISONS:
            return Static("bool")
        return Static("float" if operator == "/" or "float" in (left.kind, right.kind) else "int")

    def _subscript(self, expression: syntax.Subscript) -> Value:
        value = self.infer(expression.value)
        for index in expression.indices:
            parts = (index.start, index.stop, index.step) if isinstance(index, syntax.Slice) else (index,)
            for part in parts:
                if part is not None and not isinstance(part, (syntax.Ellipsis, syntax.Slice)):
                    self.infer(part)
        if not isinstance(value, (Array, Unknown)):
            hint = "take it apart: `a, b = ...`" if isinstance(value, Several) else ""
            self.report.error(expression.value.span, f"expected an array, found {value}", hint)
        return Array(value.dtype if isinstance(value, Array) else None, None)
