"""Checks the types and kinds that a file writes: dtypes, dimensions, kinds of configuration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from stablelift.frontend.language import syntax
from stablelift.frontend.language.diagnostics import Span
from stablelift.frontend.language.hints import closest, of_array
from stablelift.frontend.language.report import Report
from stablelift.frontend.language.shapes import Rest
from stablelift.frontend.language.sizes import Size, unbound_name
from stablelift.frontend.language.values import UNKNOWN, Static, Value, dimension_size
from stablelift.frontend.language.vocabulary import DTYPE_CLASSES, DTYPES, FIELD_KINDS


class Scope(Protocol):
    """What a type needs of the body it stands in."""

    report: Report
    names: dict[str, Value]
    rests: set[str]

    def known_rest(self, rest: syntax.Rest) -> None: ...


def arrays_in(type_: syntax.AnyType | None) -> Iterator[syntax.Type]:
    """The types of the arrays in a type, which may be a tuple of others."""
    if isinstance(type_, syntax.TupleType):
        for item in type_.items:
            yield from arrays_in(item)
    elif type_ is not None:
        yield type_


def dimensions_of(declared: syntax.Callable) -> Iterator[syntax.Expression | syntax.Rest]:
    """The dimensions in the types of the parameters, in order."""
    for parameter in declared.parameters:
        for type_ in arrays_in(parameter.type):
            yield from type_.dimensions


def named_dimensions(declared: syntax.Callable, fields: Iterable[str] = ()) -> dict[str, None]:
    """The names that the types of the parameters bind, rests as `*name`; `fields` have a size already.

    A name binds where it stands alone, or where it is the only one in a size that is not bound: `3 * d`.
    """
    found: dict[str, None] = {}
    computed: list[Size] = []
    for dimension in dimensions_of(declared):
        match dimension:
            case syntax.Rest(name=name):
                found[f"*{name.text}"] = None
            case syntax.Name(text=text) if text not in fields:
                found[text] = None
            case syntax.Binary():
                size = dimension_size(dimension, None)
                computed.append(None if isinstance(size, Rest) else size)
    for _ in computed:
        for size in computed:
            name = unbound_name(size, [*found, *fields])
            if name is not None:
                found[name] = None
    return found


def new_dimensions(declared: syntax.Callable, known: Iterable[str]) -> dict[Span, list[str]]:
    """The dimensions that annotated values name first, by the place of the statement.

    `f32[batch, tokens]` binds `tokens` where that stands alone in the type, is not `known` before, and is
    used by a later line; only at the top of a body, not inside of branches and loops.
    """
    found: dict[Span, list[str]] = {}
    seen = {*known, *DTYPES, *(name.lstrip("*") for name in named_dimensions(declared))}
    seen |= {parameter.name.text for parameter in declared.parameters}
    names = [{n.text for n in syntax.below(each) if isinstance(n, syntax.Name)} for each in declared.body]
    last_use = {name: index for index, used in enumerate(names) for name in used}
    for index, statement in enumerate(declared.body):
        seen |= {*syntax.bound_names((statement,))}
        if isinstance(statement, syntax.Let) and isinstance(statement.annotation, syntax.Type):
            alone = [each.text for each in statement.annotation.dimensions if isinstance(each, syntax.Name)]
            new = [each for each in dict.fromkeys(alone) if each not in seen and last_use[each] > index]
            if new:
                found[statement.span] = new
                seen |= set(new)
    return found


def check_type(scope: Scope, type_: syntax.AnyType) -> None:
    """Checks the dtypes and the dimensions of a type."""
    for array in arrays_in(type_):
        if array.dtype.text not in DTYPES and array.dtype.text not in DTYPE_CLASSES:
            _unknown_dtype(scope, array.dtype)
        rests = [d for d in array.dimensions if isinstance(d, syntax.Rest)]
        for rest in rests[1:]:
            scope.report.error(rest.span, "a type has one rest at most: two could not be told apart")
        for dimension in array.dimensions:
            if isinstance(dimension, syntax.Rest):
                scope.known_rest(dimension)
            else:
                _check_dimension(scope, dimension)


def _unknown_dtype(scope: Scope, dtype: syntax.Name) -> None:
    words = {name: word for word, name in DTYPES.items()}
    if dtype.text in words:
        message = f"unknown dtype `{dtype.text}`"
        scope.report.error(dtype.span, message, f"it is written `{words[dtype.text]}`")
    else:
        hint = (
            closest(dtype.text, [*DTYPES, *DTYPE_CLASSES]) or "a type is a dtype and sizes, as in `f32[n, d]`"
        )
        scope.report.error(dtype.span, f"unknown dtype `{dtype.text}`", hint)


def _check_dimension(scope: Scope, dimension: syntax.Expression) -> None:
    match dimension:
        case syntax.Name(text=text) if text not in scope.names:
            if text in scope.rests:
                scope.report.error(dimension.span, f"`{text}` is any number of sizes", f"write `*{text}`")
            else:
                known = [name for name, value in scope.names.items() if is_size(value)]
                scope.report.unknown("dimension", dimension, known, "the dimensions here are")
        case syntax.Name(text=text):
            value = scope.names[text]
            if not is_size(value) and value != UNKNOWN:
                message = f"expected a dimension, found `{text}`, which is {value}"
                scope.report.error(dimension.span, message)
        case syntax.Literal(value=value) if isinstance(value, int) and not isinstance(value, bool):
            pass
        case syntax.Binary(operator="+" | "-" | "*" | "//", left=left, right=right):
            _check_dimension(scope, left)
            _check_dimension(scope, right)
        case _:
            hint = "a dimension is made of integers, names, `+`, `-`, `*` and `//`"
            if isinstance(dimension, syntax.Subscript) and isinstance(dimension.value, syntax.Attribute):
                hint = of_array(dimension.value.name.text)
            scope.report.error(dimension.span, "expected a dimension", hint)


def is_size(value: Value) -> bool:
    """Whether the value is an integer known before tracing."""
    return isinstance(value, Static) and value.kind == "int"


def is_kind(kind: syntax.Kind) -> bool:
    """Whether the kind exists."""
    return all(map(is_kind, kind.items)) if kind.word == "tuple" else kind.word in FIELD_KINDS


def check_kind(report: Report, kind: syntax.Kind) -> None:
    """Notes an error for a kind that does not exist."""
    for item in kind.items:
        check_kind(report, item)
    if kind.word == "tuple" or kind.word in FIELD_KINDS:
        return
    name = syntax.Name(kind.span, kind.word)
    report.unknown("kind", name, [*FIELD_KINDS], "the kinds are")
