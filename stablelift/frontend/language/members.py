"""Checks what belongs to a whole module: fields, and params, variables and submodules above its methods."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stablelift.frontend.language import syntax
from stablelift.frontend.language.arguments import field_fits, show_kind
from stablelift.frontend.language.body_variables import check_variable
from stablelift.frontend.language.expressions import Expressions
from stablelift.frontend.language.functions import function_value
from stablelift.frontend.language.report import Report
from stablelift.frontend.language.shapes import Rest
from stablelift.frontend.language.types import arrays_in, check_kind, is_kind, named_dimensions
from stablelift.frontend.language.values import UNKNOWN, Instance, Several, Static, Unknown, Value, of_kind
from stablelift.frontend.language.vocabulary import RESERVED_FIELDS

if TYPE_CHECKING:
    from stablelift.frontend.language.bodies import Body


def shared(module: syntax.Module) -> bool:
    """Whether params and variables above the methods belong to several of them, and so to `setup`."""
    return len(module.methods) > 1


def fields_in_scope(module: syntax.Module) -> Iterator[tuple[syntax.Name, Value]]:
    """The fields, and what is known of their values."""
    for field in module.fields:
        yield field.name, of_kind(field.kind, field.name.text)


def check_members(body: Body, module: syntax.Module) -> None:
    """Checks the members as they are seen from one of the methods, and brings them into its scope."""
    several = shared(module)
    local = set(named_dimensions(body.declared)) - {field.name.text for field in module.fields}
    for member in module.members:
        if isinstance(member, syntax.Submodule):
            _check_submodule(body, member)
            continue
        outside = [name for name in _names_in(member.type) if name in local or name not in body.scope.names]
        if several and outside:
            message = f"the shape of `{member.name.text}`, which several methods share, needs `{outside[0]}`"
            hint = "make it of fields and integers, or declare it in the method that uses it"
            body.report.error(member.type.span, message, hint)
            body.fix(member.name, "a param", UNKNOWN)
            continue
        check_variable(body, member)


def _names_in(type_: syntax.AnyType) -> list[str]:
    dimensions = [dimension for array in arrays_in(type_) for dimension in array.dimensions]
    nodes = [node for dimension in dimensions for node in syntax.below(dimension)]
    rests = [f"*{node.name.text}" for node in nodes if isinstance(node, syntax.Rest)]
    inside = {node.name for node in nodes if isinstance(node, syntax.Rest)}
    return rests + [node.text for node in nodes if isinstance(node, syntax.Name) and node not in inside]


def _check_submodule(body: Body, member: syntax.Submodule) -> None:
    """A module, or a tuple of modules, made of the configuration alone."""
    scope = Expressions(body.report, module=body.module)
    scope.names = {name: value for name, value in body.scope.names.items() if name in body.fixed}
    value = scope.infer(member.value)
    if not _is_module(value):
        message = f"expected a module such as `Dense(8)`, or a tuple of them, found {value}"
        body.report.error(member.value.span, message, "values are made inside of methods")
    if member.name.text in body.fixed:
        body.declared_twice(member.name)
    elif body.report.what_is(member.name.text):
        what = body.report.what_is(member.name.text)
        body.report.error(member.name.span, f"`{member.name.text}` is {what}", "choose another name")
    elif member.name.text in RESERVED_FIELDS:
        _reserved(body.report, member.name)
    body.fix(member.name, "a submodule", value)


def _is_module(value: Value) -> bool:
    if isinstance(value, Several):
        return all(map(_is_module, value.items or (value.item,)))
    return isinstance(value, (Instance, Unknown))


def _reserved(report: Report, name: syntax.Name) -> None:
    report.error(name.span, f"`{name.text}` is an attribute of every module", "choose another name")


def check_fields(module: syntax.Module, report: Report) -> None:
    """Checks the names, kinds and defaults of the fields."""
    seen: dict[str, syntax.Field] = {}
    for field in module.fields:
        name = field.name
        if name.text in seen:
            hint = f"it is a field at {seen[name.text].name.span}"
            report.error(name.span, f"`{name.text}` is declared twice", hint)
        elif name.text in RESERVED_FIELDS:
            _reserved(report, name)
        elif field.default is None and any(earlier.default for earlier in seen.values()):
            hint = "give it a default, or put it first"
            message = f"field `{name.text}` has no default and follows a field that has one"
            report.error(name.span, message, hint)
        seen.setdefault(name.text, field)
        check_kind(report, field.kind)
        if field.default is not None and is_kind(field.kind):
            _check_default(module, field, field.default, report)


def _check_default(
    module: syntax.Module, field: syntax.Field, default: syntax.Expression, report: Report
) -> None:
    """A default is a constant: a literal, dtype, function or module, or a tuple of constants."""
    scope = Expressions(report, module=module)
    if field.kind.text == "function":
        function_value(scope, default)
        return
    constant = _is_constant(default)
    value = scope.infer(default) if constant else None
    if value is None or isinstance(value, Static) and isinstance(value.value, Rest):
        hint = "a default is a literal or a dtype, or a tuple of them"
        report.error(
            default.span, f"field `{field.name.text}` wants {_wanted(field.kind)}, found an expression", hint
        )
    elif not field_fits(field.kind, value):
        report.error(default.span, f"field `{field.name.text}` wants {_wanted(field.kind)}, found {value}")


def _wanted(kind: syntax.Kind) -> str:
    return kind.text if kind.word == "tuple" else show_kind(kind.text)


def _is_constant(expression: syntax.Expression | syntax.Rest) -> bool:
    match expression:
        case syntax.Negation(operand=operand):
            return isinstance(operand, syntax.Literal)
        case syntax.Tuple(items=items):
            return all(map(_is_constant, items))
        case syntax.Call(arguments=arguments, keywords=keywords):
            return all(map(_is_constant, (*arguments, *(keyword.value for keyword in keywords))))
    return isinstance(expression, (syntax.Literal, syntax.Name))
