"""What functions of users hold, to tell those of one source apart: rules that differ in a number, say."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import partial
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from stablelift.lowering import jax_compat
from stablelift.lowering.jax_compat import Jaxpr
from stablelift.lowering.jaxprs import jaxprs_in

_THEMSELVES = type(None), str, bytes, type, ModuleType, BuiltinFunctionType
"""Types of what is equal to nothing but itself, or to what reads the same."""


def rules_inside(jaxprs: Sequence[Jaxpr]) -> list[tuple[Callable, Sequence[Any]]]:
    """The rules of users' functions that jaxprs apply, in what they call as well."""
    found: list[tuple[Callable, Sequence[Any]]] = []
    for jaxpr in jaxprs:
        for eqn in jax_compat.opened(jaxpr).eqns:
            found += jax_compat.rules_in(eqn.params)
            found += rules_inside([one for value in eqn.params.values() for one in jaxprs_in(value)])
    return found


def held_by(value: Any, unknown: Callable[[Any], Hashable]) -> Hashable:
    """What is equal for functions, and for what they close over, that compute the same.

    Functions are equal that have the same code, and equal values where it closes over any, by default or as
    attributes; one inside of itself is told by where it was met. `unknown` says what another object is to be
    told by.
    """
    return _held_by(value, unknown, {})


def _held_by(value: Any, unknown: Callable[[Any], Hashable], met: dict[int, int]) -> Hashable:
    if isinstance(value, _THEMSELVES):
        return value
    if isinstance(value, bool | int | float | complex):
        return type(value), repr(value)
    if isinstance(value, np.generic):
        return value.dtype, value.tobytes()
    if id(value) in met:
        return "met", met[id(value)]
    met[id(value)] = len(met)
    inside = _inside(value)
    if inside is None:
        return "unknown", unknown(value)
    told_by, held = inside
    return told_by, *(_held_by(one, unknown, met) for one in held)


def are_of(package: str, value: Any) -> bool:
    """Whether all functions that a value holds are of one package, and nothing is unknown: a package does not
    change what its functions use.
    """
    met: set[int] = set()
    pending = [value]
    while pending:
        value = pending.pop()
        if id(value) in met or isinstance(value, (*_THEMSELVES, bool, int, float, complex, np.generic)):
            continue
        met.add(id(value))
        inside = _inside(value)
        if inside is None:
            return False
        if isinstance(value, FunctionType) and (value.__module__ or "").partition(".")[0] != package:
            return False
        pending += inside[1]
    return True


def _inside(value: Any) -> tuple[Hashable, list[Any]] | None:
    """What a value is told by beside what it holds, and that; None where nothing is known of it."""
    if isinstance(value, FunctionType):
        held = [*jax_compat.closed_over(value), value.__defaults__, value.__kwdefaults__, vars(value)]
        return (value.__code__, id(value.__globals__)), held
    if isinstance(value, MethodType):
        return MethodType, [value.__self__, value.__func__]
    if isinstance(value, partial):
        return partial, [value.func, value.args, value.keywords]
    if isinstance(value, tuple | list):
        return type(value), list(value)
    if isinstance(value, dict):
        return dict, [*value, *value.values()]
    held = jax_compat.functions_of(value)
    return None if held is None else (type(value), held)
