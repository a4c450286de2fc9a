"""From a checked module to a Module class: its fields, its methods, and `setup` for what they share."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp

from stablelift.frontend.calling import compact
from stablelift.frontend.language import syntax
from stablelift.frontend.language.binding import found_value, is_of_kind
from stablelift.frontend.language.check import makes
from stablelift.frontend.language.constants import constant
from stablelift.frontend.language.diagnostics import LiftTraceError, Source, diagnose
from stablelift.frontend.language.located import nodes_by_place, run_located
from stablelift.frontend.language.members import shared
from stablelift.frontend.language.python_code import translate_setup
from stablelift.frontend.language.python_expressions import (
    FIELD,
    METHOD,
    PARAM,
    SUBMODULE,
    VARIABLE,
    ExpressionCode,
)
from stablelift.frontend.language.running import RunningBody, run_code
from stablelift.frontend.language.static import budgeted
from stablelift.frontend.language.vocabulary import DTYPES
from stablelift.frontend.module import Module

_KINDS: dict[str, Any] = {"int": int, "float": float, "bool": bool, "str": str}


def module_class(
    declared: syntax.Module,
    source: Source,
    known: dict[str, Any],
    callables: frozenset[str],
    modules: frozenset[str],
    home: str,
) -> type:
    """The Module class; of the file's `callables` some are `modules`."""
    name = declared.name.text
    in_setup = tuple(m for m in declared.members if shared(declared) or isinstance(m, syntax.Submodule))
    in_body = tuple(m for m in declared.members if m not in in_setup)
    attributes = {field.name.text: FIELD for field in declared.fields}
    attributes |= {method.name.text: METHOD for method in declared.methods}
    attributes |= {member.name.text: _what(member) for member in in_setup}
    integers = tuple(field.name.text for field in declared.fields if field.kind.text == "int")
    namespace: dict[str, Any] = {
        "__module__": home,
        "__qualname__": name,
        "__doc__": _doc_of(declared),
        "__annotations__": {field.name.text: _KINDS.get(field.kind.text, Any) for field in declared.fields},
    }
    for field in declared.fields:
        if field.default is not None:
            namespace[field.name.text] = _default(field, field.default, known)
    if in_setup:
        code = ExpressionCode(source, callables, dict(attributes))
        namespace["setup"] = _setup(declared, in_setup, source, code, known)
    for method in declared.methods:
        code = ExpressionCode(source, callables, dict(attributes))
        body = RunningBody(method, source, code, known, in_body, integers)
        run = _method(body, declared, source, integers)
        attribute = "__call__" if method.name.text == "call" else method.name.text
        body.dress(run, attribute, f"{name}.{attribute}", home, receiver=True)
        alone = len(declared.methods) == 1
        inline = alone or makes(method, modules)
        namespace[attribute] = compact(run) if inline else run
    return type(name, (Module,), namespace)


def _what(member: syntax.Member) -> str:
    kinds = {syntax.Param: PARAM, syntax.Variable: VARIABLE, syntax.Submodule: SUBMODULE}
    return kinds[type(member)]


def _method(
    body: RunningBody, declared: syntax.Module, source: Source, integers: tuple[str, ...]
) -> Callable[..., Any]:
    def method(self: Any, *arguments: Any, **keywords: Any) -> Any:
        _check_fields(self, declared, source)
        return body(self, arguments, keywords, {name: getattr(self, name) for name in integers})

    return method


def _setup(
    declared: syntax.Module,
    members: tuple[syntax.Member, ...],
    source: Source,
    code: ExpressionCode,
    known: dict[str, Any],
) -> Callable[[Any], None]:
    run = run_code(translate_setup(code, declared, members), declared.name.text, known)
    nodes = nodes_by_place(members)

    def setup(self: Any) -> None:
        _check_fields(self, declared, source)

        def located() -> None:
            with budgeted():
                run(self)

        run_located(source, located, nodes, declared.name.span)

    return setup


def _default(field: syntax.Field, default: syntax.Expression, known: dict[str, Any]) -> Any:
    """The default of a field; a module is made anew for each instance, and belongs to it."""
    if field.kind.text == "module":
        assert isinstance(default, syntax.Call) and isinstance(default.function, syntax.Name)
        made = known[f"@{default.function.text}"]
        arguments = [_value(argument, known) for argument in default.arguments]
        keywords = {each.name.text: _value(each.value, known) for each in default.keywords}
        return dataclasses.field(default_factory=lambda: made(*arguments, **keywords, parent=None))
    return _value(default, known)


def _value(expression: syntax.Expression | syntax.Rest, known: dict[str, Any]) -> Any:
    match expression:
        case syntax.Name(text=text) if text in DTYPES:
            return getattr(jnp, DTYPES[text] if text != "bool" else "bool_")
        case syntax.Name(text=text):
            return known[f"@{text}"]
        case syntax.Tuple(items=items):
            return tuple(_value(item, known) for item in items)
        case syntax.Call():
            return _made(expression, known)
    return constant(expression)


def _made(call: syntax.Call, known: dict[str, Any]) -> Any:
    """A module inside of a default, or a lifted function."""
    assert isinstance(call.function, syntax.Name)
    made = known[f"@{call.function.text}"]
    arguments = [_value(argument, known) for argument in call.arguments]
    return made(
        *arguments, **{each.name.text: _value(each.value, known) for each in call.keywords}, parent=None
    )


def _doc_of(declared: syntax.Module) -> str:
    """The doc comment, and those of the fields."""
    fields = [f"    {f.name.text}: {' '.join(f.doc.split())}" for f in declared.fields if f.doc]
    parts = [declared.doc, "\n".join(["Fields:", *fields]) if fields else ""]
    return "\n\n".join(filter(None, parts)) or declared.name.text


def _check_fields(module: Any, declared: syntax.Module, source: Source) -> None:
    """A Module made in Python may have been given anything."""
    for field in declared.fields:
        value = getattr(module, field.name.text)
        if not is_of_kind(field.kind, value):
            what = f"field `{field.name.text}` of `{declared.name.text}`"
            message = f"{what} wants a value of kind `{field.kind.text}`"
            found = repr(value) if isinstance(value, (int, float, str, bool)) else found_value(value)
            raise LiftTraceError([diagnose(source, field.span, f"{message}, got {found}")])
