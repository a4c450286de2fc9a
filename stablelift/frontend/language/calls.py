"""Checks the calls of a body: array functions, modules and their configuration, functions of the file."""

from __future__ import annotations

from stablelift.frontend.language import syntax
from stablelift.frontend.language.apply import (
    bindings,
    configuration,
    fits,
    infer_instance,
    infer_word,
    layer_method,
    substituted,
)
from stablelift.frontend.language.arguments import (
    field_fits,
    fields_of,
    method,
    name_of,
    parameters_of,
    result_of,
    show_values,
    target_of,
)
from stablelift.frontend.language.functions import (
    declared_function,
    lifted_function,
)
from stablelift.frontend.language.given_values import Scope, given_values
from stablelift.frontend.language.hints import alone, foreign_root, of_array
from stablelift.frontend.language.rules import RULES
from stablelift.frontend.language.shapes import Mismatch
from stablelift.frontend.language.values import (
    UNKNOWN,
    Function,
    Instance,
    Static,
    Unknown,
    Value,
    value_of,
)
from stablelift.frontend.language.vocabulary import (
    FUNCTION_LIFTS,
    FUNCTIONS,
    INITIALIZERS,
    LAYER_METHODS,
    LIFTS,
    Word,
)
from stablelift.frontend.language.vocabulary.arrays import OF_MODULE


def infer_call(scope: Scope, call: syntax.Call) -> Value:
    """What a call gives. A name before parentheses is a module or function before it is a local."""
    function = call.function
    if isinstance(function, syntax.Attribute):
        return _call_method(scope, call, function)
    if not isinstance(function, syntax.Name):
        return _apply(scope, call, scope.infer(function))
    name = function.text
    module = scope.report.module(name)
    if module:
        return _configure(scope, call, module)
    own = method(scope.module, name) if scope.module else None
    declared = own or scope.report.functions.get(name)
    if isinstance(declared, syntax.Callable):
        return _apply_callable(scope, call, declared, f"`{name}`", {})
    if declared is not None:
        return _apply(scope, call, declared_function(scope, declared))
    if name in FUNCTIONS:
        return _apply_word(scope, call, FUNCTIONS[name])
    held = scope.names.get(name)
    if isinstance(held, (Instance, Function, Unknown)):
        return _apply(scope, call, held)
    if held is None and name in FUNCTION_LIFTS:
        return lifted_function(scope, call)
    given_values(scope, call, "", None)
    _not_a_function(scope, function, held)
    return UNKNOWN


def _configure(scope: Scope, call: syntax.Call, module: syntax.Module | syntax.Lift | Word) -> Value:
    name = name_of(module)
    if scope.pure:
        hint = "call it in the body of a module and pass the result"
        scope.report.error(call.function.span, f"a `fn` is pure: it cannot hold the module `{name}`", hint)
    target = module if isinstance(module, Word) else target_of(module, scope.report)
    stock = isinstance(target, Word)
    fields = given_values(scope, call, f"`{name}`", fields_of(module, scope.report), "field", optional=stock)
    if isinstance(target, syntax.Module):
        _check_fields(scope, call, target, fields)
    return Instance(module, fields)


def _check_fields(scope: Scope, call: syntax.Call, module: syntax.Module, fields: dict[str, Value]) -> None:
    """Tuples among the fields, which a word cannot describe."""
    places = dict(zip((f.name.text for f in module.fields), call.arguments, strict=False))
    places |= {keyword.name.text: keyword.value for keyword in call.keywords}
    for each in module.fields:
        name = each.name.text
        if each.kind.word == "tuple" and name in fields and not field_fits(each.kind, fields[name]):
            message = f"`{module.name.text}` wants {each.kind.text} for `{name}`, got {fields[name]}"
            scope.report.error(places[name].span, message)


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
        own = [m.name.text for m in scope.module.methods] if scope.module else []
        report.unknown("function", function, [*own, *report.callables])


def _apply(scope: Scope, call: syntax.Call, value: Value) -> Value:
    """A module, or a function that is a value, applied to arguments."""
    if isinstance(value, Instance):
        return _apply_instance(scope, call, value, "call", str(value))
    if isinstance(value, Function):
        return _apply_function(scope, call, value)
    given_values(scope, call, "", None)
    if not isinstance(value, Unknown):
        scope.report.error(call.function.span, f"expected a function or a module, found {value}")
    return UNKNOWN


def _apply_function(scope: Scope, call: syntax.Call, function: Function) -> Value:
    values = tuple(scope.infer(argument) for argument in call.arguments)
    for keyword in call.keywords:
        scope.infer(keyword.value)
    name = f"`{function.name}`" if function.name else "the function"
    if call.keywords and function.name:
        scope.report.error(call.keywords[0].span, f"{name} takes its arguments by position")
        return UNKNOWN
    try:
        return function.infer(values)
    except Mismatch as mismatch:
        shown = show_values({str(index): value for index, value in enumerate(values)})
        what = f"{name} cannot take {shown}" if shown else f"{name} cannot be called so"
        scope.report.error(call.function.span, f"{what}: {mismatch}")
        return UNKNOWN


def _call_method(scope: Scope, call: syntax.Call, function: syntax.Attribute) -> Value:
    """`encoder.encode(x)`."""
    name, root = function.name.text, foreign_root(function)
    if root is not None and root.text not in scope.names:
        scope.report.error(root.span, f"unknown name `{root.text}`", alone(name, called=True))
        given_values(scope, call, "", None)
        return UNKNOWN
    held = scope.infer(function.value)
    if isinstance(held, Instance):
        return _apply_instance(scope, call, held, name, f"`{name}` of {held}")
    given_values(scope, call, "", None)
    if not isinstance(held, Unknown):
        hint = of_array(name, arguments=bool(call.arguments))
        scope.report.error(function.name.span, f"only modules have methods, found {held}", hint)
    return UNKNOWN


def _apply_instance(scope: Scope, call: syntax.Call, value: Instance, name: str, shown: str) -> Value:
    callee = value.callee
    target = callee if isinstance(callee, Word) else target_of(callee, scope.report)
    if target is None:
        given_values(scope, call, "", None)
        return UNKNOWN
    if isinstance(target, Word):
        called = layer_method(target, name)
        if called is None:
            place = call.function
            assert isinstance(place, syntax.Attribute)
            known = ["call", *LAYER_METHODS.get(target.name, ())]
            scope.report.unknown(f"method of {value}:", place.name, known, "its methods are")
            return UNKNOWN
        given = given_values(scope, call, shown, called.parameters)
        if isinstance(callee, Word):
            return _by_rule(scope, call, called, shown, given, value.fields)
        return _by_lift(scope, call, value, name, shown, tuple(given.values()))
    declared = method(target, name)
    if declared is None:
        if not target.external or target.methods:
            place = call.function.name if isinstance(call.function, syntax.Attribute) else call.function
            known = [each.name.text for each in target.methods]
            named = syntax.Name(place.span, name)
            scope.report.unknown(f"method of {value}:", named, known, "its methods are")
        given_values(scope, call, "", None)
        return UNKNOWN
    if isinstance(callee, syntax.Module):
        return _apply_callable(scope, call, declared, shown, configuration(callee, value.fields))
    given = given_values(scope, call, shown, parameters_of(declared))
    return _by_lift(scope, call, value, name, shown, tuple(given.values()))


def _by_lift(
    scope: Scope, call: syntax.Call, value: Instance, name: str, shown: str, values: tuple[Value, ...]
) -> Value:
    try:
        return infer_instance(scope.report, value, name, values)
    except Mismatch as mismatch:
        given = show_values({str(index): each for index, each in enumerate(values)})
        scope.report.error(call.function.span, f"{shown} cannot take {given}: {mismatch}")
        return UNKNOWN


def _apply_word(scope: Scope, call: syntax.Call, word: Word) -> Value:
    if word.home == OF_MODULE and scope.pure:
        key = word.name == "make_rng"
        what = "random streams" if key else f"module to ask `{word.name}`"
        hint = "pass it a key: `k: key`" if key else "ask in a method and pass the result"
        scope.report.error(call.function.span, f"a `fn` is pure: it has no {what}", hint)
    given = given_values(scope, call, f"`{word.name}({word.signature})`", word.parameters)
    if any(p.required and p.name not in given for p in word.parameters):
        return UNKNOWN
    return _by_rule(scope, call, word, f"`{word.name}`", given, None)


def _by_rule(
    scope: Scope,
    call: syntax.Call,
    word: Word,
    callee: str,
    given: dict[str, Value],
    fields: dict[str, Value] | None,
) -> Value:
    try:
        return RULES[word.rule](word.name, given) if fields is None else infer_word(word, given, fields)
    except Mismatch as mismatch:
        shown = show_values(given if not fields else {**given, **fields})
        scope.report.error(call.function.span, f"{callee} cannot take {shown}: {mismatch}")
        return UNKNOWN


def _apply_callable(
    scope: Scope, call: syntax.Call, declared: syntax.Callable, callee: str, fields: dict[str, Value]
) -> Value:
    """A `fn` or a method: its dimensions are unified with the sizes of the arguments."""
    parameters = parameters_of(declared)
    given = given_values(scope, call, callee, parameters)
    if any(p.required and p.name not in given for p in parameters):
        return UNKNOWN
    places = dict(zip((p.name for p in parameters), call.arguments, strict=False))
    places |= {keyword.name.text: keyword.value for keyword in call.keywords}
    bound = bindings(fields)
    # Twice: a computed dimension may need a name that a later argument binds.
    for parameter in declared.parameters * 2:
        name = parameter.name.text
        if name not in given:
            continue
        found, hint = given[name], f"`{name}` is declared at {parameter.span}"
        if parameter.kind is not None:
            if not field_fits(parameter.kind, found):
                message = f"{callee} wants {parameter.kind.text} for `{name}`, got {found}"
                scope.report.error(places[name].span, message, hint)
            continue
        if parameter.type is None or isinstance(found, Static):
            continue
        message = f"{callee} wants {value_of(parameter.type)} for `{name}`, got {found}"
        try:
            if not fits(parameter.type, found, bound):
                scope.report.error(places[name].span, message, hint)
        except Mismatch as mismatch:
            scope.report.error(places[name].span, f"{message}: {mismatch}", hint)
    return substituted(result_of(declared), bound)
