"""Functions as values: what is handed to a lift of functions, and what the lift makes of it."""

from __future__ import annotations

from typing import Any, Protocol

from stablelift.frontend.language import syntax
from stablelift.frontend.language.apply import infer_callable, infer_instance
from stablelift.frontend.language.arguments import match_arguments, method, name_of, parameters_of, show_kind
from stablelift.frontend.language.constants import lift_options
from stablelift.frontend.language.hints import alone, foreign_root
from stablelift.frontend.language.lift_options import check_option
from stablelift.frontend.language.lift_rules import LIFT_RULES
from stablelift.frontend.language.report import Report
from stablelift.frontend.language.rules import RULES
from stablelift.frontend.language.values import (
    UNKNOWN,
    Function,
    Instance,
    Unknown,
    Value,
)
from stablelift.frontend.language.vocabulary import FUNCTION_LIFTS, FUNCTIONS, VARIABLE_OPTIONS, Word
from stablelift.frontend.language.vocabulary.arrays import OF_MODULE, OWN

Values = tuple[Value, ...]


class Scope(Protocol):
    """What a function value needs of the body it stands in."""

    report: Report
    names: dict[str, Value]
    module: syntax.Module | None

    def infer(self, expression: syntax.Expression) -> Value: ...


def unknown_function(name: str = "") -> Function:
    """A function of which nothing is known."""
    return Function(name, lambda _values: UNKNOWN)


def function_value(scope: Scope, expression: syntax.Expression) -> Function:
    """The function that an expression names or makes; an error where it is none."""
    if isinstance(expression, syntax.Name):
        return _named(scope, expression)
    if isinstance(expression, syntax.Attribute):
        root, name = foreign_root(expression), expression.name.text
        if root is not None and root.text not in scope.names:
            scope.report.error(root.span, f"unknown name `{root.text}`", alone(name, called=False))
            return unknown_function(name)
        held = scope.infer(expression.value)
        if isinstance(held, Instance):
            return of_method(scope.report, held, expression.name)
        if not isinstance(held, Unknown):
            scope.report.error(expression.value.span, f"only modules have methods, found {held}")
        return unknown_function(expression.name.text)
    return as_function(scope.report, expression, scope.infer(expression))


def _named(scope: Scope, name: syntax.Name) -> Function:
    report, text = scope.report, name.text
    own = method(scope.module, text) if scope.module else None
    if own is not None:
        fields: dict[str, Value] = {}
        return of_callable(own, fields)
    if text in report.functions:
        return declared_function(scope, report.functions[text])
    held = scope.names.get(text)
    if held is not None:
        return as_function(report, name, held)
    if text in FUNCTIONS and FUNCTIONS[text].home not in (OWN, OF_MODULE):
        return _word(FUNCTIONS[text])
    what = report.what_is(text)
    if what == "a module":
        report.error(
            name.span, f"expected a function, found the module `{text}`", f"configure it: `{text}(...)`"
        )
    elif what:
        report.error(name.span, f"expected a function, found {what}")
    else:
        report.unknown("function", name, [*report.functions, *scope.names, *FUNCTIONS])
    return unknown_function(text)


def as_function(report: Report, place: syntax.Expression, value: Value) -> Function:
    """The function that a value is: a module is the function that its call is."""
    match value:
        case Function():
            return value
        case Instance():
            return Function(
                name_of(value.callee), lambda values: infer_instance(report, value, "call", values)
            )
        case Unknown():
            return unknown_function()
    report.error(place.span, f"expected {show_kind('function')}, found {value}")
    return unknown_function()


def of_method(report: Report, instance: Instance, name: syntax.Name) -> Function:
    """The method of a module."""
    return Function(
        f"{name_of(instance.callee)}.{name.text}",
        lambda values: infer_instance(report, instance, name.text, values),
    )


def of_callable(declared: syntax.Callable, fields: dict[str, Value], *, pure: bool = False) -> Function:
    """A `fn`, or a method of the module itself."""
    count = len(parameters_of(declared))
    return Function(declared.name.text, lambda values: infer_callable(declared, fields, values), count, pure)


def declared_function(scope: Scope, declared: syntax.Callable | syntax.Lift) -> Function:
    """A function of the file: a `fn`, or a lift of one."""
    if isinstance(declared, syntax.Callable):
        return of_callable(declared, {}, pure=True)
    name, report = declared.name.text, scope.report
    if not isinstance(declared.value, syntax.Call) or not report.may_look_into(name):
        return unknown_function(name)
    report.open_lifts.add(name)
    try:
        with report.muted():
            lifted = lifted_function(_FileScope(report), declared.value)
    finally:
        report.open_lifts.discard(name)
    return Function(name, lifted.infer, lifted.count, lifted.pure)


class _FileScope:
    """The scope outside of every body."""

    def __init__(self, report: Report):
        self.report = report
        self.names: dict[str, Value] = {}
        self.module: syntax.Module | None = None

    def infer(self, expression: syntax.Expression) -> Value:
        if isinstance(expression, syntax.Call):
            return lifted_function(self, expression)
        self.report.error(expression.span, "expected the name of a `fn`, or a lift of one")
        return UNKNOWN


def file_scope(report: Report) -> Scope:
    """The scope in which a `lift` declaration finds its functions."""
    return _FileScope(report)


def _word(word: Word) -> Function:
    required = [parameter.name for parameter in word.positional if parameter.required]

    def infer(values: Values) -> Value:
        if len(values) < len(required):
            return UNKNOWN
        names = (parameter.name for parameter in word.positional)
        return RULES[word.rule](word.name, dict(zip(names, values, strict=False)))

    return Function(word.name, infer, pure=True)


def lifted_function(scope: Scope, call: syntax.Call) -> Function:
    """`grad(f)` and its like; what is wrong goes to the report."""
    assert isinstance(call.function, syntax.Name)
    word = FUNCTION_LIFTS.get(call.function.text)
    if word is None:
        scope.report.unknown("lift of functions", call.function, [*FUNCTION_LIFTS])
        return unknown_function()
    given: dict[str, Function] = {}
    of_variables: list[tuple[str, syntax.Expression]] = []
    for parameter, argument in match_arguments(scope.report, call, f"`{word.name}`", word.parameters):
        if parameter is None:
            continue
        if parameter.kind == "function":
            key = f"{parameter.name} {len(given)}" if parameter.variadic else parameter.name
            given[key] = function_value(scope, argument)
        else:
            check_option(scope.report, word.name, parameter, argument)
            if parameter.name in VARIABLE_OPTIONS:
                of_variables.append((parameter.name, argument))
    order = [parameter.name for parameter in word.parameters]
    functions = [given[name] for name in sorted(given, key=lambda name: order.index(name.split()[0]))]
    pure = bool(functions) and all(function.pure for function in functions)
    if pure:
        _refuse_variables(scope.report, call, word, functions[0], of_variables)
    infers = [function.infer for function in functions]
    needed = sum(parameter.required for parameter in word.parameters)
    if len(functions) < needed or (word.rule == "switch" and not functions):
        if word.rule == "switch":
            scope.report.error(call.span, "`switch` needs at least one branch")
        return unknown_function()
    options: dict[str, Any] = lift_options(call, word)
    rule, report = LIFT_RULES[word.rule], scope.report
    shown = f"{word.name}({', '.join(function.name for function in functions)})"

    def infer(values: Values) -> Value:
        return rule(infers, options, values) if report.may_look_into("") else UNKNOWN

    return Function(shown, infer, pure=pure)


def _refuse_variables(
    report: Report,
    call: syntax.Call,
    word: Word,
    function: Function,
    options: list[tuple[str, syntax.Expression]],
) -> None:
    """Notes an error for what a lift says of variables where there are none."""
    message = f"`{word.name}` of `{function.name}`, which has no variables"
    if word.name == "map_variables":
        report.error(call.span, message, "lift a method or a module")
        return
    for option, argument in options:
        report.error(argument.span, f"{message}: there is no use for `{option}`")
