"""Checks named values in bodies: their types, the names on the left, the dimensions that a type names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stablelift.frontend.language import syntax
from stablelift.frontend.language.apply import fits
from stablelift.frontend.language.results import check_declared
from stablelift.frontend.language.shapes import Bindings, Mismatch
from stablelift.frontend.language.types import check_type, named_dimensions
from stablelift.frontend.language.values import (
    UNKNOWN,
    Array,
    Instance,
    Several,
    Static,
    Unknown,
    Value,
    size_of,
)

if TYPE_CHECKING:
    from stablelift.frontend.language.bodies import Body


def check_let(body: Body, let: syntax.Let) -> None:
    """Checks a named value, and gives the names on the left what they stand for."""
    value = body.scope.infer(let.value)
    if let.annotation:
        _name_dimensions(body, let, value)
        check_type(body.scope, let.annotation)
        declared = body.array(let.annotation)
        message = f"`{let.targets[0].text}` is declared {declared}"
        check_declared(body.report, let.value, message, declared, value)
        value = declared
    values: tuple[Value, ...] = (value,)
    if len(let.targets) > 1:
        values = _items(body, let, value)
    seen: set[str] = set()
    for target, item in zip(let.targets, values, strict=True):
        if target.text in seen:
            body.report.error(target.span, f"`{target.text}` stands twice on the left")
        seen.add(target.text)
        bind(body, target, item)


def _name_dimensions(body: Body, let: syntax.Let, value: Value) -> None:
    """Brings the dimensions that the annotation names first into scope."""
    new = body.new_dimensions.get(let.span, [])
    if not new or not isinstance(let.annotation, syntax.Type):
        return
    bound: Bindings = {name: size_of(known) for name, known in body.scope.names.items()}
    try:
        fits(let.annotation, value, bound)
    except Mismatch:
        bound = {}
    for dimension in let.annotation.dimensions:
        if isinstance(dimension, syntax.Name) and dimension.text in new:
            size = bound.get(dimension.text)
            known = dimension.text if size is None or isinstance(size, tuple) else size
            body.fix(dimension, "a dimension", Static("int", size=known))


def _items(body: Body, let: syntax.Let, value: Value) -> tuple[Value, ...]:
    """The values of several names on the left."""
    count = len(let.targets)
    items = value.items if isinstance(value, Several) else None
    if items is not None and len(items) != count and not any(map(_is_rest, items)):
        body.report.error(let.value.span, f"{count} names on the left, {len(items)} values on the right")
    elif not isinstance(value, (Several, Array, Unknown)):
        body.report.error(let.value.span, f"{count} names on the left, found {value}")
    if items is None and isinstance(value, Several):
        return (value.item,) * count
    if items is None or len(items) != count or any(map(_is_rest, items)):
        # An array is split along its first axis.
        return (UNKNOWN,) * count
    return items


def bind(body: Body, target: syntax.Name, value: Value) -> None:
    """Gives a name a value that a later line may change."""
    body.no_dtype(target)
    name = target.text
    body.scope.partial.pop(name, None)
    if name in body.fixed:
        what, place = body.fixed[name]
        message = f"`{name}` is {what}, declared at {place.span}"
        body.report.error(target.span, message, "choose another name")
    elif isinstance(body.scope.names.get(name), Static) and name in named_dimensions(body.declared):
        body.report.error(target.span, f"`{name}` is a dimension", "choose another name")
    elif isinstance(value, Instance) and body.report.what_is(name):
        message = f"`{name}` is {body.report.what_is(name)}, and would hold {value}"
        body.report.error(target.span, message, "choose another name")
    else:
        body.scope.names[name] = value


def _is_rest(value: Value) -> bool:
    return isinstance(value, Static) and value.kind == "rest"
