"""Sizes of dimensions while a body is traced: bound by the arguments, checked for every declared value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from stablelift.frontend.language import syntax
from stablelift.frontend.language.sizes import solve, unbound_name
from stablelift.frontend.language.static import RunMismatch, compute
from stablelift.frontend.language.types import arrays_in
from stablelift.frontend.language.values import dimension_size
from stablelift.frontend.language.vocabulary import DTYPE_CLASSES, DTYPES
from stablelift.frontend.module import Module

Sizes = dict[str, Any]
_NUMBERS = (bool, int, float, complex, np.ndarray, np.generic)


class ArgumentMismatch(Exception):
    """An argument that does not fit its declared type."""

    def __init__(self, message: str, parameter: syntax.Parameter, *hints: str):
        super().__init__(message)
        self.message, self.parameter, self.hints = message, parameter, hints


@dataclass
class Binder:
    """Unifies the types of the arguments of one call with their shapes.

    `sizes` begins with the fields of the module, and ends with every dimension that the types name; a rest is
    bound to a tuple. `texts` are the types as they are written.
    """

    declared: syntax.Callable
    texts: tuple[str, ...]
    sizes: Sizes
    origin: dict[str, str] = field(default_factory=dict)

    def bind(self, arguments: tuple[Any, ...]) -> list[Any]:
        """The arguments as arrays, static ones as they are. Raises ArgumentMismatch."""
        self.origin = {name: "the configuration" for name in self.sizes}
        typed = list(zip(self.declared.parameters, self.texts, arguments, strict=True))
        values = [self._argument(*each) for each in typed]
        self._solve(values)
        for parameter, text, value in zip(self.declared.parameters, self.texts, values, strict=True):
            if parameter.type and value is not None:
                for type_, array in zip(arrays_in(parameter.type), arrays_of(value), strict=True):
                    self._check_computed(parameter, type_, text, array)
        return values

    def _solve(self, values: list[Any]) -> None:
        """Binds names that stand in computed sizes only, such as `3 * d`."""
        pending: list[tuple[syntax.Parameter, str, Any, Any]] = []
        for parameter, text, value in zip(self.declared.parameters, self.texts, values, strict=True):
            if parameter.type and value is not None:
                for type_, array in zip(arrays_in(parameter.type), arrays_of(value), strict=True):
                    axes = _axes(type_, array.ndim) or []
                    for dimension, axis in zip(type_.dimensions, axes, strict=True):
                        if isinstance(dimension, syntax.Binary):
                            size = dimension_size(dimension, None)
                            pending.append((parameter, text, size, array.shape[axis]))
        for _ in pending:
            for parameter, text, size, found in pending:
                name = unbound_name(size, self.sizes)
                if name is not None:
                    solution = solve(size, name, found, self.sizes)
                    if not isinstance(solution, int) or solution < 0:
                        message = self._message(parameter, text, f"the size {found}")
                        raise ArgumentMismatch(message, parameter, f"no `{name}` makes `{size}` {found}")
                    self.sizes[name] = solution
                    self.origin[name] = f"`{parameter.name.text}`"

    def _argument(self, parameter: syntax.Parameter, text: str, value: Any) -> Any:
        if parameter.kind is not None:
            if not is_of_kind(parameter.kind, value):
                message = (
                    f"`{self.declared.name.text}` wants {parameter.kind.text} for `{parameter.name.text}`"
                )
                raise ArgumentMismatch(f"{message}, got {found_value(value)}", parameter)
            return value
        if value is None and parameter.default is not None:
            return None
        return self._array(parameter, parameter.type, text, value)

    def _array(self, parameter: syntax.Parameter, type_: syntax.AnyType | None, text: str, value: Any) -> Any:
        """The argument, or an item of it, as an array or a tuple of arrays."""
        if isinstance(type_, syntax.TupleType) and isinstance(value, (tuple, list)):
            if len(type_.items) == len(value):
                pairs = zip(type_.items, value, strict=True)
                return tuple(self._array(parameter, item, text, each) for item, each in pairs)
        if isinstance(type_, syntax.TupleType) or not isinstance(value, (jax.Array, *_NUMBERS)):
            raise ArgumentMismatch(self._message(parameter, text, found_value(value)), parameter)
        value = value if isinstance(value, jax.Array) else jnp.asarray(value)
        if type_ is None:
            return value
        axes = _axes(type_, value.ndim)
        if axes is None or not dtype_fits(type_.dtype.text, value):
            raise ArgumentMismatch(self._message(parameter, text, describe(value)), parameter)
        for dimension, axis in zip(type_.dimensions, axes, strict=True):
            found = value.shape[axis]
            if isinstance(dimension, syntax.Literal) and dimension.value != found:
                raise ArgumentMismatch(self._message(parameter, text, describe(value)), parameter)
            if isinstance(dimension, (syntax.Name, syntax.Rest)):
                self._size(dimension, found, parameter, self._message(parameter, text, describe(value)))
        return value

    def _size(
        self, dimension: syntax.Name | syntax.Rest, found: Any, parameter: syntax.Parameter, message: str
    ) -> None:
        rest = isinstance(dimension, syntax.Rest)
        name = dimension.name.text if rest else dimension.text
        known = self.sizes.setdefault(name, found)
        if known != found:
            hint = f"`{'*' * rest}{name}` is {_show(known)} by {self.origin[name]}"
            raise ArgumentMismatch(message, parameter, hint)
        self.origin.setdefault(name, f"`{parameter.name.text}`")

    def _check_computed(self, parameter: syntax.Parameter, type_: syntax.Type, text: str, value: Any) -> None:
        """Compares the sizes that a type computes, such as `3 * d`, once every name is bound."""
        for dimension, axis in zip(type_.dimensions, _axes(type_, value.ndim) or (), strict=True):
            if not isinstance(dimension, syntax.Binary):
                continue
            try:
                wanted = compute(dimension, self.sizes)
            except RunMismatch as mismatch:
                raise ArgumentMismatch(str(mismatch), parameter) from None
            if wanted != value.shape[axis]:
                message = self._message(parameter, text, describe(value))
                raise ArgumentMismatch(message, parameter, f"axis {axis} is {wanted} by the declaration")

    def _message(self, parameter: syntax.Parameter, text: str, found: str) -> str:
        return (
            f"`{self.declared.name.text}` wants {text or 'an array'} for `{parameter.name.text}`, got {found}"
        )


def _axes(type_: syntax.Type, ndim: int) -> list[int | slice] | None:
    """The axis of each dimension, a slice of them for a rest; None where their numbers do not agree."""
    dimensions = type_.dimensions
    rest = next((i for i, d in enumerate(dimensions) if isinstance(d, syntax.Rest)), None)
    if rest is None:
        return list(range(ndim)) if ndim == len(dimensions) else None
    after = len(dimensions) - rest - 1
    if ndim < rest + after:
        return None
    return [*range(rest), slice(rest, ndim - after), *range(ndim - after, ndim)]


def arrays_of(value: Any) -> Iterator[Any]:
    """The arrays of a value, which may be a tuple of others."""
    if isinstance(value, tuple):
        for item in value:
            yield from arrays_of(item)
    else:
        yield value


def is_of_kind(kind: syntax.Kind, value: Any) -> bool:
    """Whether a value of Python may be that of a field or static argument of this kind."""
    if kind.word == "tuple":
        if not isinstance(value, (tuple, list)):
            return False
        items = kind.items * len(value) if kind.repeated else kind.items
        return len(items) == len(value) and all(map(is_of_kind, items, value))
    if kind.word in ("int", "float") and isinstance(value, bool):
        return False
    accepted = {"int": int, "float": (int, float), "bool": bool, "str": str, "module": Module}.get(kind.word)
    if accepted is None:
        return kind.word != "function" or callable(value)
    return isinstance(value, accepted)


def result(value: Any) -> Any:
    """A result of which nothing is declared, as an array or a tuple of arrays. Raises RunMismatch."""
    if isinstance(value, (tuple, list)):
        return tuple(map(result, value))
    if not isinstance(value, (jax.Array, *_NUMBERS)):
        raise RunMismatch(f"expected an array as the result, found {found_value(value)}")
    return value if isinstance(value, jax.Array) else jnp.asarray(value)


def expect(value: Any, declaration: str, spec: Any) -> Any:
    """`value` as an array, if it has the dtype and shape, a pair; or a tuple by a list of such pairs.

    A size of None is any. `declaration` begins the message: "`h` is declared f32[*batch, hidden]". Raises
    RunMismatch.
    """
    if isinstance(spec, list):
        if not isinstance(value, (tuple, list)) or len(value) != len(spec):
            raise RunMismatch(f"{declaration}, found {found_value(value)}")
        return tuple(expect(item, declaration, each) for item, each in zip(value, spec, strict=True))
    dtype, shape = spec
    if not isinstance(value, (jax.Array, *_NUMBERS)):
        raise RunMismatch(f"{declaration}, found {found_value(value)}")
    value = value if isinstance(value, jax.Array) else jnp.asarray(value)
    same = len(shape) == value.ndim and all(a in (None, b) for a, b in zip(shape, value.shape, strict=True))
    if not same or not dtype_fits(dtype, value):
        raise RunMismatch(f"{declaration}, found {describe(value)}", f"the declared sizes are {_show(shape)}")
    return value


def found_value(value: Any) -> str:
    """What was found, in words, where something else was expected."""
    if hasattr(value, "dtype") and hasattr(value, "ndim"):
        return describe(value)
    if isinstance(value, (tuple, list)):
        return f"a tuple of {len(value)}"
    return f"a value of type `{type(value).__name__}`"


def dtype_fits(word: str, value: Any) -> bool:
    """Whether the array has the dtype, or one of the class of dtypes, that `word` names."""
    if word in DTYPE_CLASSES:
        home = jax.dtypes if word == "key" else jnp
        return bool(jnp.issubdtype(value.dtype, getattr(home, DTYPE_CLASSES[word])))
    return value.dtype == jax.dtypes.canonicalize_dtype(DTYPES[word])


def describe(value: Any) -> str:
    """`f32[8, 64]`, for messages."""
    words = {name: word for word, name in DTYPES.items()}
    dtype = words.get(str(value.dtype), str(value.dtype))
    return f"{dtype}{_show(tuple(value.shape))}" if value.ndim else dtype


def _show(size: Any) -> str:
    if isinstance(size, tuple):
        return f"[{', '.join(map(_show, size))}]"
    return "?" if size is None else str(size)
