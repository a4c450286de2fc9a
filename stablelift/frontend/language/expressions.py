"""Checks the expressions of a body: names, arity, keywords, and shapes as far as they are known."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from stablelift.frontend.language import syntax
from stablelift.frontend.language.calls import infer_call
from stablelift.frontend.language.diagnostics import Span
from stablelift.frontend.language.given import common_dtype
from stablelift.frontend.language.hints import alone, foreign_root, of_array
from stablelift.frontend.language.indexing import infer_subscript
from stablelift.frontend.language.report import Report
from stablelift.frontend.language.shapes import Mismatch, Rest, broadcast, matmul
from stablelift.frontend.language.sizes import OPERATIONS
from stablelift.frontend.language.static import too_large
from stablelift.frontend.language.values import (
    UNKNOWN,
    Array,
    Function,
    Instance,
    Several,
    Static,
    Unknown,
    Value,
    join,
    literal,
)
from stablelift.frontend.language.vocabulary import CONSTANTS, DTYPES

COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")


@dataclass
class Expressions:
    """Infers the value of expressions; `names` are the values, `rests` the `*names`, in scope.

    `module` is the one whose body this is; a body without one, that of a `fn`, is pure. `partial` are names
    that only one branch, or a loop, binds, with what to say about them.
    """

    report: Report
    names: dict[str, Value] = field(default_factory=dict)
    rests: set[str] = field(default_factory=set)
    module: syntax.Module | None = None
    partial: dict[str, str] = field(default_factory=dict)

    @property
    def pure(self) -> bool:
        """Whether the body may hold no modules and no variables."""
        return self.module is None

    def infer(self, expression: syntax.Expression) -> Value:
        """What the expression is known to be; errors go to the report."""
        match expression:
            case syntax.Literal(value=value):
                return literal(value)
            case syntax.Name():
                return self._name(expression)
            case syntax.Tuple(span=span, items=items):
                return self._tuple(span, items)
            case syntax.Negation(operand=operand):
                return self._negation(expression, self.infer(operand))
            case syntax.Not(operand=operand):
                self.decide(operand)
                return Static("bool")
            case syntax.Binary(operator="and" | "or", left=left, right=right):
                self.decide(left)
                self.decide(right)
                return Static("bool")
            case syntax.Binary():
                return self._binary(expression)
            case syntax.Conditional(value=value, test=test, otherwise=otherwise):
                self.decide(test)
                return join(self.infer(value), self.infer(otherwise))
            case syntax.Comprehension():
                return self._comprehension(expression)
            case syntax.Call():
                return infer_call(self, expression)
            case syntax.Subscript():
                return infer_subscript(self, expression)
            case syntax.Attribute(value=value, name=name):
                self._method(expression, value, name)
            case syntax.Dictionary():
                self.report.error(expression.span, "expected a value, found a dictionary")
        return UNKNOWN

    def _name(self, name: syntax.Name) -> Value:
        if name.text in self.names:
            return self.names[name.text]
        if name.text in DTYPES:
            return Static("dtype", name.text)
        if name.text in CONSTANTS and name.text not in self.partial:
            return literal(CONSTANTS[name.text])
        what = self.report.what_is(name.text)
        if name.text in self.rests:
            hint = f"write `*{name.text}` inside a tuple"
            self.report.error(name.span, f"`{name.text}` is any number of sizes, expected one value", hint)
        elif name.text in self.partial:
            self.report.error(name.span, f"`{name.text}` may not exist here", self.partial[name.text])
        elif what:
            self.report.error(name.span, f"expected a value, found {what}", f"call it: `{name.text}(...)`")
        else:
            self.report.unknown("name", name, [*self.names, *DTYPES, *self.rests, "true", "false", "none"])
        return UNKNOWN

    def _method(self, attribute: syntax.Attribute, value: syntax.Expression, name: syntax.Name) -> None:
        """Notes the error of an attribute that is not called."""
        root = foreign_root(attribute)
        if root is not None and root.text not in self.names:
            hint = alone(name.text, called=False)
            self.report.error(root.span, f"unknown name `{root.text}`", hint)
            return
        held = self.infer(value)
        if isinstance(held, (Instance, Unknown)):
            hint = f"call it: `{self.report.source.text(value.span)}.{name.text}(...)`"
            self.report.error(name.span, f"expected a value, found the method `{name.text}`", hint)
        else:
            hint = of_array(name.text)
            self.report.error(name.span, f"only modules have methods, found {held}", hint)

    def _tuple(self, span: Span, items: tuple[syntax.Expression | syntax.Rest, ...]) -> Value:
        values: list[Value] = []
        known = True
        for item in items:
            spliced = self._spliced(item) if isinstance(item, syntax.Rest) else (self.infer(item),)
            known = known and spliced is not None
            values += spliced or ()
        made = Several(tuple(values) if known else None)
        problem = too_large(made.parts, made.depth)
        if problem:
            self.report.error(span, problem)
        return UNKNOWN if problem else made

    def _spliced(self, rest: syntax.Rest) -> tuple[Value, ...] | None:
        """The sizes of a rest, or the items of a tuple; None where their number is not known."""
        name = rest.name.text
        if name in self.rests or name not in self.names:
            self.known_rest(rest)
            return (Static("rest", Rest(name)) if name in self.rests else UNKNOWN,)
        value = self.names[name]
        if isinstance(value, Several):
            return value.items
        if not isinstance(value, Unknown):
            self.report.error(rest.name.span, f"expected a tuple, `{name}` is {value}")
        return None

    def known_rest(self, rest: syntax.Rest) -> None:
        """Notes an error where `*name` is not in scope."""
        if rest.name.text not in self.rests:
            self.report.unknown("rest dimension", rest.name, sorted(self.rests))

    def decide(self, test: syntax.Expression) -> None:
        """Notes an error unless the test is true or false before anything runs."""
        value = self.infer(test)
        if not isinstance(value, Unknown) and not (isinstance(value, Static) and value.kind == "bool"):
            hint = "`where(test, x, y)` chooses between arrays" if isinstance(value, Array) else ""
            self.report.error(test.span, f"expected true or false, known before tracing, found {value}", hint)

    @contextmanager
    def binding(self, targets: tuple[syntax.Name, ...], item: Value) -> Iterator[None]:
        """The targets of a comprehension, in scope."""
        before = dict(self.names)
        self.names |= dict(zip((name.text for name in targets), self.take_apart(targets, item), strict=True))
        yield
        self.names = before

    def take_apart(self, targets: tuple[syntax.Name, ...], value: Value) -> tuple[Value, ...]:
        """The value, or its items where there are several targets."""
        if len(targets) == 1:
            return (value,)
        items = value.items if isinstance(value, Several) else None
        if items is not None and len(items) == len(targets):
            return items
        return (UNKNOWN,) * len(targets)

    def items_of(self, iterable: syntax.Expression) -> Value:
        """What the items of a range or tuple are; anything else is an error."""
        value = self.infer(iterable)
        if isinstance(value, Several):
            return value.each
        if not isinstance(value, Unknown):
            hint = "`range(n)` counts" if isinstance(value, Static) else ""
            message = f"expected a range or a tuple, known before tracing, found {value}"
            self.report.error(iterable.span, message, hint)
        return UNKNOWN

    def _comprehension(self, comprehension: syntax.Comprehension) -> Value:
        item = self.items_of(comprehension.iterable)
        with self.binding(comprehension.targets, item):
            return Several(None, self.infer(comprehension.value))

    def _negation(self, expression: syntax.Negation, operand: Value) -> Value:
        if not self.arithmetic(expression.operand, operand):
            return UNKNOWN
        if isinstance(operand, Static):
            value = operand.value
            if isinstance(value, (int, float)):
                return literal(-value)
            return Static(operand.kind, size=OPERATIONS["*"](-1, operand.size))
        return operand

    def arithmetic(self, expression: syntax.Expression, value: Value) -> bool:
        """Whether the value is an array or a number; notes an error where it is not."""
        if isinstance(value, (Several, Instance, Function)) or (
            isinstance(value, Static) and value.kind not in ("int", "float", "bool")
        ):
            hint = "call it: `module(x)`" if isinstance(value, Instance) else ""
            self.report.error(expression.span, f"expected an array or a number, found {value}", hint)
            return False
        return not isinstance(value, Unknown)

    def _binary(self, expression: syntax.Binary) -> Value:
        left, right = self.infer(expression.left), self.infer(expression.right)
        if _identity(expression, left, right):
            return Static("bool")
        usable = [self.arithmetic(expression.left, left), self.arithmetic(expression.right, right)]
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
        kind = "float" if operator == "/" or "float" in (left.kind, right.kind) else "int"
        size = OPERATIONS[operator](left.size, right.size) if operator in OPERATIONS else None
        known = size if kind == "int" and isinstance(size, int) else None
        return Static(kind, known, size if kind == "int" else None)


def _identity(expression: syntax.Binary, left: Value, right: Value) -> bool:
    """Whether this compares values of the configuration: `x == none`, `mode == "causal"`, `dtype == f32`."""
    if expression.operator not in ("==", "!="):
        return False
    if any(isinstance(side, Static) and side.kind == "none" for side in (left, right)):
        return True
    kinds = ("str", "dtype")
    return all(isinstance(side, Static) and side.kind in kinds for side in (left, right))
