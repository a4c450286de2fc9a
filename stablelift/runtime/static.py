"""Static arguments: a function compiled once for each of their values."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import update_wrapper
from types import MethodType
from typing import Any

from stablelift.runtime.keywords import by_position, positional_names

Make = Callable[[Callable[..., Any], tuple[int, ...], tuple[str, ...]], Any]


class Specialised:
    """A function some of whose arguments are no arrays: for each of their values another compiled function.

    `make(function, positions, names)` compiles a function of the other arguments, which stand at `positions`
    of the original ones and have these names.
    """

    def __init__(self, function: Callable[..., Any], static: int | str | Sequence[int | str], make: Make):
        self._function, self._make = function, make
        self._numbers, self._names = _resolved(function, static)
        self._positional = positional_names(function)
        self._forms: dict[Any, Any] = {}
        self._latest: Any = None
        update_wrapper(self, function)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        form, args, kwargs = self._form(args, kwargs)
        return form(*args, **kwargs)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """As a class's attribute it is a method."""
        return self if instance is None else MethodType(self, instance)

    def lower(self, *args: Any, **kwargs: Any) -> Any:
        """The function after tracing and the passes, see `Lowered`."""
        form, args, kwargs = self._form(args, kwargs)
        return form.lower(*args, **kwargs)

    def prepare(self, *args: Any, **kwargs: Any) -> None:
        """Trace and run the passes; XLA waits for a call."""
        form, args, kwargs = self._form(args, kwargs)
        form.prepare(*args, **kwargs)

    @property
    def choice(self) -> Any:
        """What became of equal layers for the latest static values, and why; None before the first call."""
        return None if self._latest is None else self._latest.choice

    @property
    def kept(self) -> Any:
        """What a budget has led to for the latest static values; None without a budget."""
        return None if self._latest is None else self._latest.kept

    @property
    def latest(self) -> Any:
        """The programs of the latest arguments, as traced and after the passes."""
        if self._latest is None:
            raise ValueError("nothing is compiled yet: call the function, or `prepare` it, first")
        return self._latest.latest

    def _form(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
        """The compiled function for the static values, and the other arguments."""
        args, kwargs = by_position(self._positional, args, kwargs)
        fixed = {number: arg for number, arg in enumerate(args) if number in self._numbers}
        named = {name: value for name, value in kwargs.items() if name in self._names}
        key = len(args), *map(_typed, (*fixed.items(), *sorted(named.items())))
        try:
            form = self._forms.get(key)
        except TypeError as error:
            values = ", ".join(repr(value) for value in (*fixed.values(), *named.values()))
            raise ValueError(f"static: the values are compared by hash, found {values}") from error
        if form is None:
            form = self._forms[key] = self._specialised(len(args), fixed, named)
        self._latest = form
        others = tuple(arg for number, arg in enumerate(args) if number not in fixed)
        return form, others, {name: value for name, value in kwargs.items() if name not in named}

    def _specialised(self, count: int, fixed: dict[int, Any], named: dict[str, Any]) -> Any:
        function = self._function

        def on_arrays(*args: Any, **kwargs: Any) -> Any:
            given = iter(args)
            filled = [fixed[number] if number in fixed else next(given) for number in range(count)]
            return function(*filled, **named, **kwargs)

        update_wrapper(on_arrays, function)
        others = tuple(number for number in range(count) if number not in fixed)
        names = tuple(self._positional[number] for number in others if number < len(self._positional))
        return self._make(on_arrays, others, names)


def _typed(item: tuple[Any, Any]) -> tuple[Any, type, Any]:
    """1, 1.0 and True are equal, but traces tell them apart."""
    name, value = item
    return name, type(value), value


def _resolved(function: Callable[..., Any], static: Any) -> tuple[set[int], set[str]]:
    """Positions and names of the static arguments: each has both, where the function's signature says so."""
    given = [static] if isinstance(static, int | str) else list(static)
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    positional = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    known = [p.name for p in parameters]
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters) or not parameters
    numbers, names = set(), set()
    for one in given:
        if isinstance(one, str):
            if one not in known and not takes_any:
                name = getattr(function, "__name__", "the function")
                raise ValueError(f"static: `{name}` has no argument `{one}`, it has {', '.join(known)}")
            names.add(one)
            numbers |= {positional.index(one)} if one in positional else set()
        else:
            numbers.add(one)
            names |= {positional[one]} if one < len(positional) else set()
    return numbers, names
