"""Checks the calls of a body: array functions, modules and their configuration, functions of the file."""

from __future__ import annotations

from typing import Protocol

from stablelift.frontend.language import syntax
from stablelift.frontend.language.arguments import (
    fields_of,
    kind_fits,
    match_arguments,
    method,
    name_of,
    parameters_of,
    results_of,
    show_kind,
    show_values,
    target_of,
)
from stablelift.frontend.language.report import Report
from stablelift.frontend.language.rules import RULES
from stablelift.frontend.language.shapes import Bindings, Mismatch, substitute, unify
from stablelift.frontend.language.values import (
    UNKNOWN,
    Array,
    Instance,
    Several,
    Static,
    Unknown,
    Value,
    array_of,
    dtype_fits,
    literal,
)
from stablelift.frontend.language.vocabulary import FUNCTIONS, INITIALIZERS, LIFTS, Parameter, Word

_INPUT = (Parameter("inputs", required=True, keyword_only=False, variadic=False, kind="array"),)


class Scope(Protocol):
    """What a call needs of the body it stands in."""

    report: Report
    names: dict[str, Value]
    pure: bool

    def infer(self, expression: syntax.Expression) -> Value: ...


def infer_call(scope: Scope, call: syntax.Call) -> Value:
    """What a call gives. A name before parentheses is a module or function before it is a local."""
    function = call.function
    if not isinstance(function, syntax.Name):
        return _apply(scope, call, scope.infer(function))
    module = scope.report.module(function.text)
    if module:
        return _configure(scope, call, module)
    if function.text in scope.report.functions:
        return _apply_callable(scope, call, scope.report.functions[function.text], f"`{function.text}`", {})
    if function.text in FUNCTIONS:
        return _apply_word(scope, call, FUNCTIONS[function.text])
    held = scope.names.get(function.text)
    if isinstance(held, (Instance, Unknown)):
        return _apply(scope, call, held)
    _given(scope, call, "", None)
    _not_a_function(scope, function, held)
    return UNKNOWN


def _configure(scope: Scope, call: syntax.Call, module: syntax.Module | syntax.Lift | Word) -> Value:
    name = name_of(module)
    if scope.pure:
        hint = "call it in the body of a module and pass the result"
        scope.report.error(call.function.span, f"a `fn` is pure: it cannot hold the module `{name}`", hint)
    return Instance(module, _given(scope, call, f"`{name}`", fields_of(module, scope.report), "field"))


def check_initializer(scope: Scope, expression: syntax.Expression) -> None:
    """Checks `lecun_normal()` and its like."""
    name = expression.function if isinstance(expression, syntax.Call) else expression
    if not isinstance(name, syntax.Name):
        scope.report.error(expression.span, "expected an initializer such as `lecun_normal()`")
    elif name.text not in INITIALIZERS:
        scope.report.unknown("initializer", name, [*INITIALIZERS])
    elif isinstance(expression, syntax.Call):
        word = INITIALIZERS[name.text]
        _given(scope, expression, f"`{word.name}({word.signature})`", word.parameters)
    else:
        scope.report.error(name.span, f"expected a call, found `{name.text}`", f"write `{name.text}()`")


def _not_a_function(scope: Scope, function: syntax.Name, held: Value | None) -> None:
    name, report = function.text, scope.report
    if held is not None:
        report.error(function.span, f"expected a function or a module, found {held}")
    elif name in INITIALIZERS:
        hint = "initializers stand after `=` of a param or variable, and in keywords such as `kernel_init`"
        report.error(function.span, f"expected a function or a module, found the initializer `{name}`", hint)
    elif name in LIFTS:
        hint = f"declare it outside: `lift NAME = {name}(...)`"
        report.error(function.span, f"expected a function or a module, found the lift `{name}`", hint)
    else:
        report.unknown("function", function, report.callables)


def _given(
    scope: Scope,
    call: syntax.Call,
    callee: str,
    parameters: tuple[Parameter, ...] | None,
    noun: str = "parameter",
) -> dict[str, Value]:
    """The values of the arguments by parameter, after checks of arity, keywords and kinds."""
    given: dict[str, Value] = {}
    for parameter, argument in match_arguments(scope.report, call, callee, parameters, noun):
        if parameter is not None and parameter.kind == "initializer":
            check_initializer(scope, argument)
            continue
        value = scope.infer(argument)
        if parameter is None:
            continue
        if not kind_fits(parameter.kind, value):
            message = f"{callee} wants {show_kind(parameter.kind)} for `{parameter.name}`, got {value}"
            hint = "call it on an array" if isinstance(value, Instance) else ""
            scope.report.error(argument.span, message, hint)
            value = UNKNOWN
        given.setdefault(parameter.name, value)
    return given


def _apply(scope: Scope, call: syntax.Call, value: Value) -> Value:
    """A module applied to arguments."""
    callee = value.callee if isinstance(value, Instance) else None
    target = callee if callee is None or isinstance(callee, Word) else target_of(callee, scope.report)
    if not isinstance(value, Instance) or target is None:
        _given(scope, call, "", None)
        if not isinstance(value, (Instance, Unknown)):
            scope.report.error(call.function.span, f"expected a function or a module, found {value}")
        return UNKNOWN
    name = str(value)
    if isinstance(callee, Word):
        given = _given(scope, call, name, _INPUT)
        return _by_rule(scope, call, callee, name, {"x": given.get("inputs", UNKNOWN), **value.fields})
    declared = None if isinstance(target, Word) else method(target)
    if isinstance(callee, syntax.Module) and declared:
        return _apply_callable(scope, call, declared, name, _configuration(callee, value))
    _given(scope, call, name, parameters_of(declared) if declared else _INPUT)
    # A lift may add and remove axes.
    return _as_value(tuple(Array(None, None) for _ in results_of(declared)) if declared else (UNKNOWN,))


def _as_value(results: tuple[Value, ...]) -> Value:
    return results[0] if len(results) == 1 else Several(results)


def _configuration(module: syntax.Module, instance: Instance) -> dict[str, Value]:
    """The values of the fields, given or by default."""
    defaults = {
        f.name.text: literal(f.default.value) if isinstance(f.default, syntax.Literal) else UNKNOWN
        for f in module.fields
    }
    return {**defaults, **instance.fields}


def _apply_word(scope: Scope, call: syntax.Call, word: Word) -> Value:
    given = _given(scope, call, f"`{word.name}({word.signature})`", word.parameters)
    if any(p.required and p.name not in given for p in word.parameters):
        return UNKNOWN
    return _by_rule(scope, call, word, f"`{word.name}`", given)


def _by_rule(scope: Scope, call: syntax.Call, word: Word, callee: str, given: dict[str, Value]) -> Value:
    try:
        return RULES[word.rule](word.name, given)
    except Mismatch as mismatch:
        scope.report.error(call.function.span, f"{callee} cannot take {show_values(given)}: {mismatch}")
        return UNKNOWN


def _apply_callable(
    scope: Scope, call: syntax.Call, declared: syntax.Callable, callee: str, fields: dict[str, Value]
) -> Value:
    """A `fn`, or the `call` of a module: its dimensions are unified with the sizes of the arguments."""
    parameters = parameters_of(declared)
    given = _given(scope, call, callee, parameters)
    if len(given) < len(parameters):
        return UNKNOWN
    places = dict(zip((p.name for p in parameters), call.arguments, strict=False))
    places |= {keyword.name.text: keyword.value for keyword in call.keywords}
    bound: Bindings = {
        name: value.size if isinstance(value, Static) else None for name, value in fields.items()
    }
    for parameter in declared.parameters:
        found = given[parameter.name.text]
        if parameter.type is not None and isinstance(found, Array):
            _unify(scope, places[parameter.name.text], callee, parameter, found, bound)
    shapes = (None if a.shape is None else substitute(a.shape, bound) for a in results_of(declared))
    dtypes = (result.dtype for result in results_of(declared))
    return _as_value(tuple(map(Array, dtypes, shapes)))


def _unify(
    scope: Scope,
    place: syntax.Expression,
    callee: str,
    parameter: syntax.Parameter,
    found: Array,
    bound: Bindings,
) -> None:
    assert parameter.type is not None
    wanted = array_of(parameter.type)
    message = f"{callee} wants {wanted} for `{parameter.name.text}`, got {found}"
    hint = f"`{parameter.name.text}` is declared at {parameter.span}"
    if not dtype_fits(wanted.dtype, found.dtype):
        scope.report.error(place.span, message, hint)
        return
    try:
        unify(wanted.shape or (), found.shape, bound)
    except Mismatch as mismatch:
        scope.report.error(place.span, f"{message}: {mismatch}", hint)
