"""Checks the head of a method or function: its arguments, and the dimensions that their types bind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stablelift.frontend.language import syntax
from stablelift.frontend.language.arguments import kind_fits
from stablelift.frontend.language.types import check_kind, check_type, dimensions_of, named_dimensions
from stablelift.frontend.language.values import Array, Static, Value, of_kind

if TYPE_CHECKING:
    from stablelift.frontend.language.bodies import Body


def bind_parameters(body: Body) -> None:
    """Brings the dimensions and arguments of a body into its scope."""
    _bind_dimensions(body)
    _name_parameters(body)


def _bind_dimensions(body: Body) -> None:
    """The dimensions that the types of the arguments name."""
    for dimension in dimensions_of(body.declared):
        if isinstance(dimension, syntax.Rest):
            body.scope.rests.add(dimension.name.text)
        elif isinstance(dimension, syntax.Name) and dimension.text not in body.fixed:
            body.no_dtype(dimension)
    for name in named_dimensions(body.declared, body.fixed):
        if not name.startswith("*"):
            body.scope.names[name] = Static("int", size=name)
    for dimension in dimensions_of(body.declared):
        if isinstance(dimension, syntax.Rest) and dimension.name.text in body.scope.names:
            name = dimension.name.text
            message = f"`*{name}` is any number of sizes, and `{name}` is {body.scope.names[name]}"
            body.report.error(dimension.span, message)
    for parameter in body.declared.parameters:
        if parameter.type:
            check_type(body.scope, parameter.type)
        if parameter.kind:
            check_kind(body.report, parameter.kind)


def _name_parameters(body: Body) -> None:
    optional: syntax.Parameter | None = None
    for parameter in body.declared.parameters:
        name = parameter.name.text
        body.no_dtype(parameter.name)
        if name in body.fixed:
            body.declared_twice(parameter.name)
        elif name in body.scope.names or name in body.scope.rests:
            body.report.error(parameter.name.span, f"`{name}` is an argument and a dimension")
        if parameter.default is None and optional is not None:
            message = f"`{name}` has no default and follows `{optional.name.text}`, which has one"
            body.report.error(parameter.name.span, message, "put it first")
        optional = parameter if parameter.default is not None else optional
        body.scope.names[name] = _argument(body, parameter)


def _argument(body: Body, parameter: syntax.Parameter) -> Value:
    """What an argument is in the body."""
    default, name = parameter.default, parameter.name.text
    value = None if default is None else body.scope.infer(default)
    if parameter.kind:
        if value is not None and not kind_fits(parameter.kind.text, value):
            message = f"`{name}` wants a {parameter.kind.text}, found {value}"
            body.report.error(parameter.span if default is None else default.span, message)
        return of_kind(parameter.kind)
    if default is not None and value != Static("none"):
        hint = "an argument that may be left out is `none` then, or `static`"
        body.report.error(default.span, f"expected `none`, found {value}", hint)
    return body.array(parameter.type) if parameter.type else Array(None, None)
