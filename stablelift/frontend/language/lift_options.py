"""Checks the options of lifts: axes, switches of streams, collections, policies, lengths."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from stablelift.frontend.language import syntax
from stablelift.frontend.language.constants import Named, NotConstant, constant, policy
from stablelift.frontend.language.diagnostics import suggest
from stablelift.frontend.language.report import Report
from stablelift.frontend.language.static import MAX_SECTIONS
from stablelift.frontend.language.vocabulary import POLICIES, Parameter
from stablelift.ir.policy import PolicyError

_CHECKPOINTS = re.compile(r"sqrt|binomial:[1-9]\d*")
_WANTED = {
    "axes": "an axis or `none` for each collection, as in `{params: 0}`,",
    "switches": "`true` or `false` for each random stream, as in `{params: true}`,",
    "switch": "`true` or `false`",
    "prefix": "an axis, `none`, or a tuple of them",
    "axis": "an axis",
    "numbers": "the number of an argument, from 0, or a tuple of them",
    "names": "the name of an argument, as a string, or a tuple of them",
    "metadata": 'a string for each key, as in `{partition_name: "layers"}`,',
    "checkpoint": 'a number of checkpoints, `"sqrt"` or `"binomial:N"`',
    "filter": "a collection, a tuple of them, `true` or `false`",
    "int": "a positive int",
    "unroll": f"a positive int, at most {MAX_SECTIONS}, or `true`",
    "lengths": 'a tuple of positive ints, or `"auto"`,',
    "policy": "a policy such as `dots_saveable`",
    "mapping": "a `fn` of one array, or one for each variable, as in `{kernel: f}`,",
    "str": "a string",
}


def check_option(report: Report, lift: str, parameter: Parameter, argument: syntax.Expression) -> None:
    """Notes an error unless the argument may be this option of a lift."""
    try:
        value: Any = constant(argument)
    except NotConstant:
        value = NotConstant
    if parameter.kind == "policy" and isinstance(value, Named):
        _check_policy(report, argument)
    elif parameter.kind == "mapping":
        _check_mapping(report, argument)
    elif value is NotConstant or not _fits(parameter.kind, value):
        report.error(argument.span, f"`{lift}` wants {_WANTED[parameter.kind]} for `{parameter.name}`")


def _check_policy(report: Report, argument: syntax.Expression) -> None:
    """A policy, and those among its arguments."""
    unknown = [name for name in _names_in(argument) if name.text not in POLICIES]
    outermost = argument.function if isinstance(argument, syntax.Call) else argument
    for name in unknown:
        hint = suggest(name.text, POLICIES)
        if not hint and name is not outermost:
            hint = f'names of values are strings: `"{name.text}"`'
        hint = hint or f"the policies are {', '.join(POLICIES)}"
        report.error(name.span, f"unknown policy `{name.text}`", hint)
    if not unknown:
        try:
            policy(argument)
        except PolicyError as error:
            report.error(argument.span, str(error))


def _names_in(argument: object) -> Iterator[syntax.Name]:
    """Every name that stands for a policy."""
    match argument:
        case syntax.Name():
            yield argument
        case syntax.Tuple(items=items):
            for item in items:
                yield from _names_in(item)
        case syntax.Call(function=function, arguments=arguments, keywords=keywords):
            for each in (function, *arguments, *(keyword.value for keyword in keywords)):
                yield from _names_in(each)


def _check_mapping(report: Report, argument: syntax.Expression) -> None:
    """The functions that `map_variables` applies."""
    entries = argument.entries if isinstance(argument, syntax.Dictionary) else ()
    for value in [value for _, value in entries] or [argument]:
        if not isinstance(value, syntax.Name):
            report.error(value.span, f"expected {_WANTED['mapping'].rstrip(',')}")
        elif value.text not in report.functions:
            report.unknown("fn", value, [*report.functions])


def _fits(kind: str, value: Any) -> bool:
    integer = isinstance(value, int) and not isinstance(value, bool)
    match kind:
        case "axes":
            return isinstance(value, dict) and all(_is_axis(item) for item in value.values())
        case "switches":
            return isinstance(value, dict) and all(isinstance(item, bool) for item in value.values())
        case "switch":
            return isinstance(value, bool)
        case "prefix":
            if isinstance(value, tuple):
                return all(_fits("prefix", item) for item in value)
            return integer or value is None or value == Named("broadcast")
        case "axis":
            return integer
        case "numbers":
            return all(map(_is_number, value)) if isinstance(value, tuple) else _is_number(value)
        case "names":
            return all(isinstance(item, str) for item in (value if isinstance(value, tuple) else (value,)))
        case "metadata":
            return isinstance(value, dict) and all(isinstance(item, str) for item in value.values())
        case "checkpoint":
            return _fits("int", value) or isinstance(value, str) and bool(_CHECKPOINTS.fullmatch(value))
        case "filter":
            if isinstance(value, tuple):
                return all(_fits("collection", item) for item in value)
            return isinstance(value, bool) or _fits("collection", value)
        case "collection":
            return isinstance(value, str) or (isinstance(value, Named) and value.arguments is None)
        case "int":
            return integer and value > 0
        case "unroll":
            return value is True or _fits("int", value) and value <= MAX_SECTIONS
        case "lengths":
            if isinstance(value, tuple):
                return bool(value) and all(_fits("int", item) for item in value)
            return value == "auto"
    return kind == "str" and isinstance(value, str)


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_axis(value: Any) -> bool:
    """An axis, `none`, or `In(axis)` or `Out(axis)` for one direction."""
    if isinstance(value, Named):
        arguments = value.arguments or ()
        return value.name in ("In", "Out") and len(arguments) == 1 and _is_axis(*arguments)
    return value is None or (isinstance(value, int) and not isinstance(value, bool))
