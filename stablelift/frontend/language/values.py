"""What an expression is known to be before anything runs: an array, a static value, a module, a tuple."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from stablelift.frontend.language import syntax
from stablelift.frontend.language.shapes import Rest, Shape, Size, show_shape
from stablelift.frontend.language.vocabulary import DTYPE_CLASSES, DTYPES, Word


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nothing is known."""

    def __str__(self) -> str:
        return "a value"


@dataclass(frozen=True, slots=True)
class Array:
    """An array; `dtype` is a dtype's word or a class of them, None where it is not known."""

    dtype: str | None
    shape: Shape | None

    def __str__(self) -> str:
        if self.dtype is None:
            return "an array" if self.shape is None else f"an array {show_shape(self.shape)}"
        return self.dtype if self.shape == () else f"{self.dtype}{show_shape(self.shape)}"


@dataclass(frozen=True, slots=True)
class Static:
    """A value of the configuration. `value` is set for literals; `size` for integers that are sizes."""

    kind: str
    value: object = None
    size: Size = None

    def __str__(self) -> str:
        return {"none": "`none`", "int": "an int", "str": "a string"}.get(self.kind, f"a {self.kind}")


@dataclass(frozen=True, slots=True)
class Several:
    """A tuple; `items` is None where their number is not known."""

    items: tuple[Value, ...] | None

    def __str__(self) -> str:
        return "a tuple" if self.items is None else f"a tuple of {len(self.items)}"


@dataclass(frozen=True, slots=True)
class Instance:
    """A module with its configuration."""

    callee: syntax.Module | syntax.Lift | Word
    fields: dict[str, Value] = field(default_factory=dict)

    def __str__(self) -> str:
        name = self.callee.name
        return f"the module `{name if isinstance(name, str) else name.text}`"


Value = Unknown | Array | Static | Several | Instance
UNKNOWN = Unknown()


def size_of(value: Value) -> Size:
    """The size that a static integer is."""
    return value.size if isinstance(value, Static) else None


def literal(value: object) -> Static:
    """The static value of a literal."""
    if value is None:
        return Static("none", None)
    kind = {bool: "bool", int: "int", float: "float", str: "str"}[type(value)]
    return Static(kind, value, value if isinstance(value, int) and not isinstance(value, bool) else None)


def array_of(type_: syntax.Type, sizes: Mapping[str, Size] | None = None) -> Array:
    """The array that a type describes; `sizes` says what its names stand for, where not for themselves."""
    word = type_.dtype.text
    dtype = word if word in DTYPES or word in DTYPE_CLASSES else None
    return Array(dtype, tuple(_size(dimension, sizes) for dimension in type_.dimensions))


def _size(dimension: syntax.Expression | syntax.Rest, sizes: Mapping[str, Size] | None) -> Size | Rest:
    if isinstance(dimension, syntax.Rest):
        return Rest(dimension.name.text)
    if isinstance(dimension, syntax.Name):
        return dimension.text if sizes is None else sizes.get(dimension.text)
    if isinstance(dimension, syntax.Literal) and isinstance(dimension.value, int):
        return dimension.value
    return None


def dtype_fits(wanted: str | None, found: str | None) -> bool:
    """Whether an array of dtype `found` may stand where `wanted`, a dtype or a class, is declared."""
    if wanted is None or found is None or wanted == found:
        return True
    if wanted in DTYPES:
        return found in DTYPE_CLASSES and dtype_fits(found, wanted)
    starts = {"float": ("f", "bf"), "int": ("i", "u"), "complex": ("c",)}[wanted]
    return found.startswith(starts) and found in DTYPES
