"""From lifts of functions in bodies, such as `grad(f)`, to Python expressions."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from stablelift.frontend.language import syntax
from stablelift.frontend.language.constants import Named, lift_arguments, option
from stablelift.frontend.language.diagnostics import Span
from stablelift.frontend.language.vocabulary import FUNCTION_LIFTS, Parameter

if TYPE_CHECKING:
    from stablelift.frontend.language.python_expressions import ExpressionCode


def lift_of_functions(code: ExpressionCode, call: syntax.Call, name: str) -> ast.expr:
    """`grad(f)`: the lift of functions, which are found anew inside of it where they are the module's."""
    word = FUNCTION_LIFTS[name]
    if any(parameter.variadic for parameter in word.parameters):
        functions, options = [*call.arguments], {}
    else:
        given = lift_arguments(call, word)
        functions = [given.pop(p.name) for p in word.parameters if p.kind == "function"]
        options = given
    made = code.at(ast.Tuple([code.function(each) for each in functions], ast.Load()), call.span)
    keywords = [
        code.at(ast.keyword(k, _option(code, word.parameter(k), value)), value.span)
        for k, value in options.items()
    ]
    lift = code.name("@lift", call.function.span)
    return code.at(ast.Call(lift, [code.constant(name, call.span), made], keywords), call.span)


def _option(code: ExpressionCode, parameter: Parameter | None, expression: syntax.Expression) -> ast.expr:
    """An option of a lift: a constant, or the functions that `map_variables` applies."""
    if parameter is None or parameter.kind != "mapping":
        return _constant(code, option(parameter, expression), expression.span)
    if not isinstance(expression, syntax.Dictionary):
        return code.function(expression)
    keys = [code.constant(key.text, key.span) for key, _ in expression.entries]
    values = [code.function(value) for _, value in expression.entries]
    return code.at(ast.Dict([*keys], values), expression.span)


def _constant(code: ExpressionCode, value: object, span: Span) -> ast.expr:
    """A constant, whose names are those of collections, or of axes."""
    match value:
        case Named(name="broadcast", arguments=None):
            return code.constant(None, span)
        case Named(name=name, arguments=None):
            return code.constant(name, span)
        case Named(name=name, arguments=arguments):
            return code.invoke(f"@{name}", [_constant(code, each, span) for each in arguments or ()], span)
        case tuple():
            return code.at(ast.Tuple([_constant(code, each, span) for each in value], ast.Load()), span)
        case dict():
            keys: list[ast.expr | None] = [code.constant(key, span) for key in value]
            return code.at(ast.Dict(keys, [_constant(code, each, span) for each in value.values()]), span)
    return code.constant(value, span)
