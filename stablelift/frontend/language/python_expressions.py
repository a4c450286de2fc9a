"""From checked expressions to Python expressions, each node at its place in the `.lift` file.

Names of functions, modules and dtypes begin with `@`, which no name in a `.lift` file can: a local may be
called `mean` beside the function. Arithmetic of numbers known before tracing is bounded.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field

from stablelift.frontend.language import syntax
from stablelift.frontend.language.constants import lift_arguments
from stablelift.frontend.language.diagnostics import Span
from stablelift.frontend.language.python_lifts import lift_of_functions
from stablelift.frontend.language.python_nodes import SELF, PlacedNodes
from stablelift.frontend.language.vocabulary import (
    CONSTANTS,
    DTYPES,
    FUNCTION_LIFTS,
    FUNCTIONS,
    INITIALIZERS,
    LAYERS,
    READY_INITIALIZERS,
    Parameter,
    Word,
)
from stablelift.frontend.language.vocabulary.arrays import OF_MODULE, OWN

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


# What a name is that is an attribute of the running module.
FIELD, METHOD, SUBMODULE, PARAM, VARIABLE = "field", "method", "submodule", "param", "variable"


@dataclass
class ExpressionCode(PlacedNodes):
    """What the names of one body are.

    `attributes` are names that belong to the module, `locals` those that the body binds. Of these `variables`
    hold their value, and `arrays` are surely arrays: the arithmetic of everything else is bounded.
    `callables` are the modules, lifts and functions of the file.
    """

    callables: frozenset[str]
    attributes: dict[str, str] = field(default_factory=dict)
    variables: set[str] = field(default_factory=set)
    arrays: set[str] = field(default_factory=set)
    locals: set[str] = field(default_factory=set)

    def expression(self, expression: syntax.Expression | syntax.Rest) -> ast.expr:
        """The Python expression, each node at its own place."""
        span = expression.span
        match expression:
            case syntax.Literal(value=value):
                return self.constant(value, span)
            case syntax.Name(text=text):
                return self._value(text, span)
            case syntax.Rest(name=name):
                rest = f"*{name.text}"
                items = self.name(rest, span) if rest in self.locals else self._value(name.text, span)
                return self.at(ast.Starred(items, ast.Load()), span)
            case syntax.Tuple(items=items):
                made = self.tuple(items, span)
                plain = all(isinstance(item, (syntax.Literal, syntax.Rest)) for item in items)
                return made if plain else self.invoke("@held", [made], span)
            case syntax.Negation(operand=operand):
                return self.at(ast.UnaryOp(ast.USub(), self.expression(operand)), span)
            case syntax.Not(operand=operand):
                return self.at(ast.UnaryOp(ast.Not(), self.test(operand)), span)
            case syntax.Binary(operator="and" | "or" as operator, left=left, right=right):
                sign = ast.And() if operator == "and" else ast.Or()
                return self.at(ast.BoolOp(sign, [self.test(left), self.test(right)]), span)
            case syntax.Binary():
                return self._binary(expression)
            case syntax.Conditional(value=value, test=test, otherwise=otherwise):
                parts = (self.test(test), self.expression(value), self.expression(otherwise))
                return self.at(ast.IfExp(*parts), span)
            case syntax.Comprehension():
                return self._comprehension(expression)
            case syntax.Call():
                return self._call(expression)
            case syntax.Subscript(value=value, indices=indices):
                parts = [self._index(index) for index in indices]
                index = parts[0] if len(parts) == 1 else self.at(ast.Tuple(parts, ast.Load()), span)
                return self.at(ast.Subscript(self.expression(value), index, ast.Load()), span)
        raise AssertionError(f"the checker lets no {type(expression).__name__} pass here")

    def tuple(self, items: Iterable[syntax.Expression | syntax.Rest], span: Span) -> ast.expr:
        """The items as they are, such as the sizes of a shape."""
        return self.at(ast.Tuple([self.expression(item) for item in items], ast.Load()), span)

    def _value(self, text: str, span: Span) -> ast.expr:
        what = self.attributes.get(text)
        if what is not None:
            held = self.at(ast.Attribute(self.name(SELF, span), text, ast.Load()), span)
            return self._content(held, span) if what == VARIABLE else held
        if text in self.variables:
            return self._content(self.name(text, span), span)
        ours = text in DTYPES or text in CONSTANTS and text not in self.locals
        return self.name(f"@{text}" if ours else text, span)

    def _content(self, variable: ast.expr, span: Span) -> ast.expr:
        return self.at(ast.Attribute(variable, "value", ast.Load()), span)

    def test(self, test: syntax.Expression) -> ast.expr:
        """A test of the configuration."""
        return self.invoke("@decide", [self.expression(test)], test.span)

    def _binary(self, binary: syntax.Binary) -> ast.expr:
        left, right = self.expression(binary.left), self.expression(binary.right)
        if binary.operator in _COMPARISONS:
            sign = _COMPARISONS[binary.operator]
            if _is_none(binary.left) or _is_none(binary.right):
                sign = ast.Is() if binary.operator == "==" else ast.IsNot()
            return self.at(ast.Compare(left, [sign], [right]), binary.span)
        if self.is_array(binary):
            return self.at(ast.BinOp(left, _OPERATORS[binary.operator], right), binary.span)
        return self.invoke(f"@{binary.operator}", [left, right], binary.span)

    def is_array(self, expression: syntax.Expression | syntax.Rest) -> bool:
        """Whether the value is surely an array: its arithmetic is an operation."""
        match expression:
            case syntax.Name(text=text):
                return text in self.arrays or text in self.variables
            case syntax.Negation(operand=operand):
                return self.is_array(operand)
            case syntax.Binary(operator="and" | "or"):
                return False
            case syntax.Binary(left=left, right=right):
                return self.is_array(left) or self.is_array(right)
            case syntax.Subscript(value=value):
                return self.is_array(value)
            case syntax.Call(function=syntax.Name(text=text)):
                return text in FUNCTIONS and FUNCTIONS[text].home not in (OWN, OF_MODULE)
        return False

    def _comprehension(self, comprehension: syntax.Comprehension) -> ast.expr:
        span = comprehension.span
        inner = {target.text for target in comprehension.targets}
        arrays, self.arrays = self.arrays, self.arrays - inner
        items = self.invoke("@each", [self.expression(comprehension.iterable)], comprehension.iterable.span)
        generator = ast.comprehension(self.targets(comprehension.targets), items, [], 0)
        made = self.at(ast.ListComp(self.expression(comprehension.value), [generator]), span)
        self.arrays = arrays
        return self.invoke("@held", [made], span)

    def targets(self, targets: tuple[syntax.Name, ...]) -> ast.expr:
        """What is assigned to: one name, or several that take a tuple apart."""
        names: list[ast.expr] = [self.local(target, ast.Store()) for target in targets]
        if len(names) == 1:
            return names[0]
        return self.at(ast.Tuple(names, ast.Store()), targets[0].span.to(targets[-1].span))

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
        if word and word.home == OF_MODULE:
            return self._of_module(call, word)
        if isinstance(function, syntax.Attribute):
            called = self._method(function)
        elif name in self.callables:
            called, word = self.name(f"@{name}", function.span), None
        elif self.attributes.get(name) == METHOD:
            called, word = self._own_method(name, function.span), None
        elif word:
            called = self.name(f"@{name}", function.span)
        elif name in FUNCTION_LIFTS and name not in self.attributes and name not in self.locals:
            return lift_of_functions(self, call, name)
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

    def _of_module(self, call: syntax.Call, word: Word) -> ast.expr:
        """`make_rng("noise")`: a method that every module has."""
        given = lift_arguments(call, word)
        arguments = [self.expression(given[p.name]) for p in word.parameters if p.name in given]
        return self.invoke_self(word.name, arguments, call.span)

    def _own_method(self, name: str, span: Span) -> ast.expr:
        attribute = "__call__" if name == "call" else name
        return self.at(ast.Attribute(self.name(SELF, span), attribute, ast.Load()), span)

    def _method(self, attribute: syntax.Attribute) -> ast.expr:
        name = self.constant(attribute.name.text, attribute.name.span)
        return self.invoke("@method", [self.expression(attribute.value), name], attribute.span)

    def function(self, expression: syntax.Expression) -> ast.expr:
        """A function as a value."""
        span = expression.span
        match expression:
            case syntax.Name(text=text) if text in self.attributes:
                return self._member("__call__" if text == "call" else text, span)
            case syntax.Attribute(value=syntax.Name(text=text), name=name) if text in self.attributes:
                return self._member(f"{text}.{name.text}", span)
            case syntax.Attribute():
                return self._method(expression)
            case syntax.Name(text=text) if text in self.callables:
                return self.name(f"@{text}", span)
        return self._value_or_function(expression)

    def _member(self, path: str, span: Span) -> ast.expr:
        return self.invoke("@member", [self.name(SELF, span), self.constant(path, span)], span)

    def _argument(self, argument: syntax.Expression, parameter: Parameter | None) -> ast.expr:
        kind = parameter.kind if parameter else "value"
        if kind == "initializer":
            return self.initializer(argument)
        if kind == "function" or parameter is None and isinstance(argument, syntax.Name):
            return self._value_or_function(argument)
        value = self.expression(argument)
        return (
            self.invoke("@count", [value], argument.span)
            if parameter and parameter.name == "sections"
            else value
        )

    def _value_or_function(self, argument: syntax.Expression) -> ast.expr:
        """A function handed to a layer or a module of the file; everything else is a value."""
        if isinstance(argument, syntax.Name) and argument.text not in self.locals:
            if argument.text in self.callables or argument.text in FUNCTIONS:
                return self.name(f"@{argument.text}", argument.span)
        return self.expression(argument)

    def initializer(self, expression: syntax.Expression) -> ast.expr:
        assert isinstance(expression, syntax.Call) and isinstance(expression.function, syntax.Name)
        name = expression.function.text
        made = self.name(f"@initializer {name}", expression.span)
        if name in READY_INITIALIZERS:
            return made
        word = INITIALIZERS[name]
        given = lift_arguments(expression, word)
        required = [parameter for parameter in word.positional if parameter.required]
        arguments = [self._argument(given.pop(parameter.name), parameter) for parameter in required]
        keywords = [ast.keyword(key, self.expression(value)) for key, value in given.items()]
        return self.at(ast.Call(made, arguments, keywords), expression.span)


def _is_none(expression: syntax.Expression) -> bool:
    return isinstance(expression, syntax.Literal) and expression.value is None
