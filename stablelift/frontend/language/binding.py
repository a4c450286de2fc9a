"""Sizes of dimensions while a body is traced: bound by the arguments, checked for every declared value."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from stablelift.frontend.language import syntax
from stablelift.frontend.language.static import RunMismatch, compute
from stablelift.frontend.language.vocabulary import DTYPE_CLASSES, DTYPES

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
        """The arguments as arrays. Raises ArgumentMismatch."""
        self.origin = {name: "the configuration" for name in self.sizes}
        typed = list(zip(self.declared.parameters, self.texts, arguments, strict=True))
        values = [self._argument(*each) for each in typed]
        for parameter, text, value in zip(self.declared.parameters, self.texts, values, strict=True):
            if parameter.type:
                self._check_computed(parameter, parameter.type, text, value)
        return values

    def _argument(self, parameter: syntax.Parameter, text: str, value: Any) -> Any:
        if not isinstance(value, (jax.Array, *_NUMBERS)):
            found = f"a value of type `{type(value).__name__}`"
            raise ArgumentMismatch(self._message(parameter, text, found), parameter)
        value = value if isinstance(value, jax.Array) else jnp.asarray(value)
        if parameter.type is None:
            return value
        axes = _axes(parameter.type, value.ndim)
        if axes is None or not dtype_fits(parameter.type.dtype.text, value):
            raise ArgumentMismatch(self._message(parameter, text, describe(value)), parameter)
        for dimension, axis in zip(parameter.type.dimensions, axes, strict=True):
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


def result(value: Any) -> Any:
    """A result of which nothing is declared, as an array. Raises RunMismatch."""
    if not isinstance(value, (jax.Array, *_NUMBERS)):
        raise RunMismatch(f"expected an array as the result, found a value of type `{type(value).__name__}`")
    return value if isinstance(value, jax.Array) else jnp.asarray(value)


def expect(value: Any, declaration: str, dtype: str, shape: tuple[int, ...]) -> Any:
    """`value` as an array, if it has the dtype and shape. Raises RunMismatch.

    `declaration` begins the message: "`h` is declared f32[*batch, hidden]".
    """
    if not isinstance(value, (jax.Array, *_NUMBERS)):
        raise RunMismatch(f"{declaration}, found a value of type `{type(value).__name__}`")
    value = value if isinstance(value, jax.Array) else jnp.asarray(value)
    if value.shape != shape or not dtype_fits(dtype, value):
        raise RunMismatch(f"{declaration}, found {describe(value)}", f"the declared sizes are {_show(shape)}")
    return value


def dtype_fits(word: str, value: Any) -> bool:
    """Whether the array has the dtype, or one of the class of dtypes, that `word` names."""
    if word in DTYPE_CLASSES:
        return bool(jnp.issubdtype(value.dtype, getattr(jnp, DTYPE_CLASSES[word])))
    return value.dtype == jax.dtypes.canonicalize_dtype(DTYPES[word])


def describe(value: Any) -> str:
    """`f32[8, 64]`, for messages."""
    words = {name: word for word, name in DTYPES.items()}
    dtype = words.get(str(value.dtype), str(value.dtype))
    return f"{dtype}{_show(tuple(value.shape))}" if value.ndim else dtype


def _show(size: int | tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, size))}]" if isinstance(size, tuple) else str(size)
