"""From `lift` declarations to lifted Modules and lifted functions."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from stablelift.frontend.language import syntax
from stablelift.frontend.language.constants import (
    Named,
    lift_arguments,
    lift_options,
    option,
)
from stablelift.frontend.language.lifted_control import on_variables
from stablelift.frontend.language.lifted_functions import lift
from stablelift.frontend.language.vocabulary import FUNCTION_LIFTS, LIFTS, Word
from stablelift.frontend.lifts import axes


def lifted_module(declared: syntax.Lift, known: dict[str, Any]) -> Any:
    """The lifted Module class; its doc comment is what `help` shows."""
    lifted = _lifted(declared.value, known)
    lifted.__doc__ = declared.doc or lifted.__doc__
    return lifted


def _lifted(value: syntax.Expression, known: dict[str, Any]) -> Any:
    if isinstance(value, syntax.Name):
        return known[f"@{value.text}"]
    assert isinstance(value, syntax.Call) and isinstance(value.function, syntax.Name)
    word = LIFTS[value.function.text]
    given = lift_arguments(value, word)
    target, methods = given.pop("target"), {}
    if isinstance(target, syntax.Attribute):
        name = target.name.text
        target, methods = target.value, {"methods": ["__call__" if name == "call" else name]}
    options = {name: _option(word, name, argument, known) for name, argument in given.items()}
    lift_of = getattr(importlib.import_module(word.home), word.name)
    return lift_of(_lifted(target, known), **options, **methods)


def _option(word: Word, name: str, argument: syntax.Expression, known: dict[str, Any]) -> Any:
    parameter = word.parameter(name)
    if parameter is not None and parameter.kind == "mapping":
        return _mapping(argument, known)
    return _value(option(parameter, argument))


def _value(value: Any) -> Any:
    """A constant with its names replaced: `broadcast`, `In(0)`, and names of collections as strings."""
    match value:
        case Named(name="broadcast", arguments=None):
            return axes.broadcast
        case Named(name=name, arguments=None):
            return name
        case Named(name=name, arguments=arguments):
            return {"In": axes.In, "Out": axes.Out}[name](*map(_value, arguments or ()))
        case tuple():
            return tuple(map(_value, value))
        case dict():
            return {key: _value(item) for key, item in value.items()}
    return value


def _mapping(argument: syntax.Expression, known: dict[str, Any]) -> Callable[[Any], Any]:
    """A function of collections from one of arrays, applied to every variable, or to those it is for."""
    if isinstance(argument, syntax.Dictionary):
        by_name: Any = {
            key.text: known[f"@{value.text}"]
            for key, value in argument.entries
            if isinstance(value, syntax.Name)
        }
    else:
        assert isinstance(argument, syntax.Name)
        by_name = known[f"@{argument.text}"]
    return on_variables(by_name)


def lifted_function(declared: syntax.Lift, known: dict[str, Any], home: str) -> Any:
    """The lifted function, as an ordinary function of Python."""
    made = _function(declared.value, known)

    def function(*arguments: Any) -> Any:
        return made(*arguments)

    function.__name__ = function.__qualname__ = declared.name.text
    function.__module__ = home
    function.__doc__ = declared.doc or None
    inner = _innermost(declared.value, known)
    if inner is not None and getattr(inner, "__signature__", None) and _keeps_arguments(declared.value):
        function.__signature__ = inner.__signature__.replace(return_annotation=inner.__signature__.empty)
    return function


def _function(value: syntax.Expression, known: dict[str, Any]) -> Any:
    if isinstance(value, syntax.Name):
        return known[f"@{value.text}"]
    assert isinstance(value, syntax.Call) and isinstance(value.function, syntax.Name)
    word = FUNCTION_LIFTS[value.function.text]
    functions = [_function(argument, known) for argument in _functions_of(value, word)]
    options = {k: _plain(v) for k, v in lift_options(value, word).items() if _is_option(word, k)}
    return lift(word.name, tuple(functions), **options)


def _functions_of(call: syntax.Call, word: Word) -> list[syntax.Expression]:
    """The functions that a lift is given, in the order of its parameters."""
    if any(parameter.variadic for parameter in word.parameters):
        return list(call.arguments)
    given = lift_arguments(call, word)
    return [given[p.name] for p in word.parameters if p.kind == "function" and p.name in given]


def _is_option(word: Word, name: str) -> bool:
    parameter = word.parameter(name)
    return parameter is not None and parameter.kind != "function"


def _plain(value: Any) -> Any:
    if isinstance(value, Named):
        return None if value.name == "broadcast" else value.name
    return tuple(map(_plain, value)) if isinstance(value, tuple) else value


def _innermost(value: syntax.Expression, known: dict[str, Any]) -> Any:
    while isinstance(value, syntax.Call) and value.arguments:
        value = value.arguments[0]
    return known.get(f"@{value.text}") if isinstance(value, syntax.Name) else None


def _keeps_arguments(value: syntax.Expression) -> bool:
    """Whether the lifted function takes what the function takes."""
    while isinstance(value, syntax.Call) and isinstance(value.function, syntax.Name):
        if value.function.text not in (
            "grad",
            "value_and_grad",
            "vjp",
            "jit",
            "remat",
            "checkpoint",
            "custom_vjp",
        ):
            return False
        value = value.arguments[0] if value.arguments else value.function
    return True
