"""Fingerprints: what of a Module a trace depends on, so that equal Modules share one trace.

Fingerprints are compared, never only hashed, and hold the types of values: 1, 1.0 and True differ.
"""

from __future__ import annotations

import dataclasses
import functools
import types
from collections.abc import Mapping, Set
from typing import Any

from stablelift.errors import LiftArgumentError
from stablelift.frontend.filters import hashable_filter
from stablelift.frontend.module_state import ModuleBase
from stablelift.frontend.scope import Scope
from stablelift.frontend.variables import Variable

Place = tuple[str, ...]


def fingerprint(value: Any) -> Any:
    """A hashable value that is equal for equal configurations. Raises: LiftArgumentError naming the field."""
    return _of(value, (), {})


def _of(value: Any, place: Place, seen: dict[int, int]) -> Any:
    if isinstance(value, ModuleBase):
        return _of_module(value, (*place, type(value).__name__), seen)
    if isinstance(value, Variable):
        return Variable, value.collection, value.name, value.unbox, _of_scope(value.scope, place, seen)
    if isinstance(value, float):
        return float, value.hex()
    if isinstance(value, functools.partial):
        return functools.partial, _of((value.func, value.args, value.keywords), place, seen)
    if isinstance(value, types.FunctionType) and value.__closure__ and not hasattr(value, "__wrapped__"):
        return _of_closure(value, place, seen)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        held = {f.name: getattr(value, f.name, None) for f in dataclasses.fields(value)}
        return type(value), _of(held, place, seen)
    if isinstance(value, Mapping):
        return type(value), tuple((key, _of(entry, (*place, str(key)), seen)) for key, entry in value.items())
    if isinstance(value, list | tuple):
        return type(value), tuple(_of(x, (*place, str(number)), seen) for number, x in enumerate(value))
    if isinstance(value, Set):
        return type(value), frozenset(_of(x, place, seen) for x in value)
    return type(value), _hashable(value, place)


def _of_closure(function: types.FunctionType, place: Place, seen: dict[int, int]) -> Any:
    """Functions of one `def` are equal when they close over equal values; those of values that cannot be
    compared, or that are still to be assigned, when they are the same.
    """
    try:
        held = [cell.cell_contents for cell in function.__closure__ or ()]
        held += [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
        if any(value is function or isinstance(value, ModuleBase | Variable) for value in held):
            return function  # the place of a Module in the tree is more than its configuration
        return function.__code__, id(function.__globals__), _of((held, vars(function)), place, seen)
    except (LiftArgumentError, ValueError, RecursionError):
        return function


def _of_module(module: Any, place: Place, seen: dict[int, int]) -> Any:
    if module._id in seen:
        return type(module), seen[module._id]
    seen[module._id] = len(seen)
    fields = [f.name for f in dataclasses.fields(module) if f.name not in ("parent", "name")]
    held = tuple((name, _of(vars(module).get(name), (*place, name), seen)) for name in fields)
    state = module._state
    flags = (state.in_compact_method, state.in_setup, state.setup_called, state.is_initialized)
    cursor = tuple(sorted(state.autoname_cursor.items()))
    return type(module), held, flags, cursor, _of_scope(module.scope, place, seen)


def _of_scope(scope: Scope | None, place: Place, seen: dict[int, int]) -> Any:
    if scope is None:
        return None
    reserved = frozenset((name, frozenset(cols)) for name, cols in scope.reservations.items())
    flags = _of(scope.flags, (*place, "flags"), seen)
    return hashable_filter(scope.mutable), flags, frozenset(counts(scope).items()), reserved


def _hashable(value: Any, place: Place) -> Any:
    try:
        hash(value)
    except TypeError as error:
        raise LiftArgumentError(
            f"the field `{'.'.join(place)}` of a jitted Module cannot be hashed: {type(value).__name__}",
            hint="pass an array as an argument or keep it in a variable; make other values hashable",
        ) from error
    return value


def counts(scope: Scope) -> dict[tuple[Any, ...], int]:
    """How often each stream was drawn from, here and below: by the keys that lead to the counter."""
    found: dict[tuple[Any, ...], int] = {}

    def visit(counters: Mapping[Any, Any], path: tuple[Any, ...]) -> None:
        for key, entry in counters.items():
            if isinstance(entry, dict):
                visit(entry, (*path, key))
            else:
                found[(*path, key)] = entry

    visit(scope.rng_counters, ())
    return found


def counts_since(scope: Scope, before: Mapping[tuple[Any, ...], int]) -> dict[tuple[Any, ...], int]:
    """How many draws were counted since `counts` gave `before`."""
    return {key: number - before.get(key, 0) for key, number in counts(scope).items()}


def add_counts(scope: Scope, more: Mapping[tuple[Any, ...], int]) -> None:
    """Count draws that a remembered trace made."""
    for path, number in more.items():
        counters = scope.rng_counters
        for key in path[:-1]:
            counters = counters.setdefault(key, {})
        counters[path[-1]] = counters.get(path[-1], 0) + number


def set_counts(scope: Scope, given: Mapping[tuple[Any, ...], int]) -> None:
    """Go back to the counts that `counts` gave before; streams that were not drawn from then start anew."""
    add_counts(scope, {path: given.get(path, 0) - number for path, number in counts(scope).items()})
