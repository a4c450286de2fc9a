"""What the arguments of a call are, by parameter, and whether each may stand where it does."""

from __future__ import annotations

from typing import Protocol

from stablelift.frontend.language import syntax
from stablelift.frontend.language.arguments import kind_fits, match_arguments, show_kind
from stablelift.frontend.language.functions import function_value
from stablelift.frontend.language.report import Report
from stablelift.frontend.language.values import UNKNOWN, Instance, Static, Value
from stablelift.frontend.language.vocabulary import INITIALIZERS, Parameter


class Scope(Protocol):
    """What a call needs of the body it stands in."""

    report: Report
    names: dict[str, Value]
    module: syntax.Module | None

    @property
    def pure(self) -> bool: ...

    def infer(self, expression: syntax.Expression) -> Value: ...


def given_values(
    scope: Scope,
    call: syntax.Call,
    callee: str,
    parameters: tuple[Parameter, ...] | None,
    noun: str = "parameter",
    *,
    optional: bool = True,
) -> dict[str, Value]:
    """The values of the arguments by parameter, after checks of arity, keywords and kinds.

    `optional` says whether `none` stands for what may be left out.
    """
    given: dict[str, Value] = {}
    for parameter, argument in match_arguments(scope.report, call, callee, parameters, noun):
        if parameter is not None and parameter.kind == "initializer":
            check_initializer(scope, argument)
            continue
        if parameter is not None and parameter.kind == "function":
            given.setdefault(parameter.name, function_value(scope, argument))
            continue
        value = scope.infer(argument)
        if parameter is None:
            continue
        left_out = optional and not parameter.required and value == Static("none")
        tuples = parameter.kind.startswith("(")
        if not tuples and not left_out and not kind_fits(parameter.kind, value):
            message = f"{callee} wants {show_kind(parameter.kind)} for `{parameter.name}`, got {value}"
            hint = "call it on an array" if isinstance(value, Instance) else ""
            hint = '`make_rng("noise")` gives one' if parameter.kind == "key" else hint
            scope.report.error(argument.span, message, hint)
            value = UNKNOWN
        if parameter.variadic:
            given[f"{parameter.name} {len(given)}"] = value
        else:
            given.setdefault(parameter.name, value)
    return given


def check_initializer(scope: Scope, expression: syntax.Expression) -> None:
    """Checks `lecun_normal()` and its like."""
    name = expression.function if isinstance(expression, syntax.Call) else expression
    if not isinstance(name, syntax.Name):
        scope.report.error(expression.span, "expected an initializer such as `lecun_normal()`")
    elif name.text not in INITIALIZERS:
        scope.report.unknown("initializer", name, [*INITIALIZERS])
    elif isinstance(expression, syntax.Call):
        word = INITIALIZERS[name.text]
        given_values(scope, expression, f"`{word.name}({word.signature})`", word.parameters)
    else:
        scope.report.error(name.span, f"expected a call, found `{name.text}`", f"write `{name.text}()`")
