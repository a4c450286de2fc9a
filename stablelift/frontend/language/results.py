"""Checks values against what is declared of them: annotations, variables, and what a body returns."""

from __future__ import annotations

from collections.abc import Callable

from stablelift.frontend.language import syntax
from stablelift.frontend.language.arguments import kind_fits
from stablelift.frontend.language.report import Report
from stablelift.frontend.language.shapes import agree
from stablelift.frontend.language.values import (
    Array,
    Function,
    Instance,
    Several,
    Static,
    Unknown,
    Value,
    dtype_fits,
)


def check_declared(
    report: Report, place: syntax.Expression | syntax.Rest, message: str, declared: Value, found: Value
) -> None:
    """Notes an error, which begins with `message`, unless the value may be what is declared."""
    wanted = declared.items if isinstance(declared, Several) else None
    items = found.items if isinstance(found, Several) else None
    if wanted is not None and items is not None and len(wanted) == len(items):
        for each, one, item in zip(_places(place, len(items)), wanted, items, strict=True):
            check_declared(report, each, message, one, item)
        return
    if not _may_be(declared, found):
        report.error(place.span, f"{message}, found {found}")


def _places(
    written: syntax.Expression | syntax.Rest, count: int
) -> tuple[syntax.Expression | syntax.Rest, ...]:
    """Where so many items stand: each in its place if they are written out, else all in one."""
    items = written.items if isinstance(written, syntax.Tuple) else ()
    spliced = any(isinstance(item, syntax.Rest) for item in items)
    return items if len(items) == count and not spliced else (written,) * count


def _may_be(declared: Value, found: Value) -> bool:
    if isinstance(found, Unknown) or isinstance(declared, Unknown):
        return True
    if isinstance(declared, Several):
        return isinstance(found, Several) and found.items is None
    if not isinstance(declared, Array):
        return False
    if isinstance(found, Static):
        return found.kind in ("int", "float", "bool") and declared.shape == ()
    if not isinstance(found, Array) or not dtype_fits(declared.dtype, found.dtype):
        return False
    return agree(declared.shape or (), found.shape)


def check_returned(
    report: Report,
    declared: syntax.Callable,
    value: Value,
    statement: syntax.Return,
    value_of: Callable[[syntax.AnyType], Value],
) -> None:
    """Checks what `return` gives against the declared results, or that it is made of arrays."""
    written, results, name = statement.value, declared.results, declared.name.text
    if not results:
        _undeclared(report, written, value)
    elif isinstance(value, (Instance, Function)):
        report.error(written.span, f"`{name}` returns {value}", "call it: `module(x)`")
    elif len(results) == 1:
        wanted = value_of(results[0])
        check_declared(report, written, f"`{name}` is declared to return {wanted}", wanted, value)
    elif not isinstance(value, Unknown) and not (isinstance(value, Several) and value.items is None):
        items = value.items if isinstance(value, Several) else None
        if items is None or len(items) != len(results):
            message = f"`{name}` returns {value}, declared a tuple of {len(results)}"
            report.error(written.span, message)
            return
        places = _places(written, len(items))
        for place, result, item in zip(places, map(value_of, results), items, strict=True):
            check_declared(report, place, f"`{name}` is declared to return {result}", result, item)


def _undeclared(report: Report, written: syntax.Expression, value: Value) -> None:
    """A result of which nothing is declared is an array, or a tuple of arrays that is written out."""
    kind, places, items = "array", (written,), (value,)
    if isinstance(written, syntax.Tuple) and isinstance(value, Several):
        items = value.items or ()
        kind, places = "arrays", _places(written, len(items))
    for place, item in zip(places, items, strict=True):
        if not kind_fits(kind, item):
            hints = {
                Several: "declare it: `-> (f32[n], f32[n])`, or return its items: `return a, b`",
                Instance: "call it: `module(x)`",
            }
            message = f"expected an array as the result, found {item}"
            report.error(place.span, message, hints.get(type(item), ""))
