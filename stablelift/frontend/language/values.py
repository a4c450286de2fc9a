"""What an expression is known to be before anything runs: an array, a static value, a module, a tuple."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from stablelift.frontend.language import syntax
from stablelift.frontend.language.shapes import Rest, Shape, show_shape
from stablelift.frontend.language.sizes import OPERATIONS, Size
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
    """A tuple; `items` is None where their number is not known, and then each is an `item`.

    `parts` is how many values it holds, those of tuples inside of it included; `depth` how deep these nest.
    """

    items: tuple[Value, ...] | None
    item: Value = field(default_factory=Unknown)
    parts: int = field(init=False, compare=False, repr=False, default=0)
    depth: int = field(init=False, compare=False, repr=False, default=1)

    def __post_init__(self) -> None:
        tuples = [item for item in self.items or () if isinstance(item, Several)]
        others = len(self.items or ()) - len(tuples)
        object.__setattr__(self, "parts", others + sum(item.parts for item in tuples))
        object.__setattr__(self, "depth", 1 + max((item.depth for item in tuples), default=0))

    def __str__(self) -> str:
        if self.items is None:
            return "a tuple"
        nested = all(isinstance(item, (Array, Several)) for item in self.items)
        if nested and 0 < len(self.items) <= 4:
            return f"({', '.join(map(str, self.items))}{',' * (len(self.items) == 1)})"
        return f"a tuple of {len(self.items)}"

    @property
    def each(self) -> Value:
        """What every item is known to be."""
        if self.items is None:
            return self.item
        first, *others = self.items or (UNKNOWN,)
        for other in others:
            first = join(first, other)
        return first


@dataclass(frozen=True, slots=True)
class Instance:
    """A module with its configuration."""

    callee: syntax.Module | syntax.Lift | Word
    fields: dict[str, Value] = field(default_factory=dict)

    def __str__(self) -> str:
        name = self.callee.name
        return f"the module `{name if isinstance(name, str) else name.text}`"


@dataclass(frozen=True, slots=True, eq=False)
class Function:
    """A function; `infer` gives its result, or raises Mismatch. `count` is the number of its parameters.

    A `pure` one surely uses no variables.
    """

    name: str
    infer: Callable[[tuple[Value, ...]], Value]
    count: int | None = None
    pure: bool = False

    def __str__(self) -> str:
        return f"the function `{self.name}`" if self.name else "a function"


Value = Unknown | Array | Static | Several | Instance | Function
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


def of_kind(kind: syntax.Kind, name: str | None = None) -> Value:
    """A value of the configuration that goes by `name`."""
    if kind.word == "tuple":
        items = tuple(map(of_kind, kind.items))
        return Several(None, items[0]) if kind.repeated else Several(items)
    if kind.word == "function":
        return Function(name or "", lambda _values: UNKNOWN)
    if kind.word == "module":
        return UNKNOWN
    return Static(kind.word, size=name if kind.word == "int" else None)


def value_of(type_: syntax.AnyType, sizes: Mapping[str, Size] | None = None) -> Value:
    """The array, or the tuple of arrays, that a type describes."""
    if isinstance(type_, syntax.TupleType):
        return Several(tuple(value_of(item, sizes) for item in type_.items))
    return array_of(type_, sizes)


def array_of(type_: syntax.Type, sizes: Mapping[str, Size] | None = None) -> Array:
    """The array that a type describes; `sizes` says what its names stand for, where not for themselves."""
    word = type_.dtype.text
    dtype = word if word in DTYPES or word in DTYPE_CLASSES else None
    return Array(dtype, tuple(dimension_size(dimension, sizes) for dimension in type_.dimensions))


def dimension_size(
    dimension: syntax.Expression | syntax.Rest, sizes: Mapping[str, Size] | None
) -> Size | Rest:
    """The size that a dimension of a type spells."""
    match dimension:
        case syntax.Rest(name=name):
            return Rest(name.text)
        case syntax.Name(text=text):
            return text if sizes is None else sizes.get(text)
        case syntax.Literal(value=int() as value) if not isinstance(value, bool):
            return value
        case syntax.Binary(operator=operator, left=left, right=right) if operator in OPERATIONS:
            parts = (dimension_size(left, sizes), dimension_size(right, sizes))
            if not isinstance(parts[0], Rest) and not isinstance(parts[1], Rest):
                return OPERATIONS[operator](parts[0], parts[1])
    return None


def join(left: Value, right: Value) -> Value:
    """What is known of a value that is one of the two."""
    if left == right:
        return left
    if isinstance(left, Array) and isinstance(right, Array):
        dtype = left.dtype if left.dtype == right.dtype else None
        return Array(dtype, _join_shapes(left.shape, right.shape))
    if isinstance(left, Static) and isinstance(right, Static) and left.kind == right.kind:
        return Static(left.kind)
    if isinstance(left, Several) and isinstance(right, Several):
        if left.items is None or right.items is None or len(left.items) != len(right.items):
            return Several(None, join(left.each, right.each))
        return Several(tuple(map(join, left.items, right.items)))
    return UNKNOWN


def _join_shapes(left: Shape | None, right: Shape | None) -> Shape | None:
    if left is None or right is None or len(left) != len(right):
        return None
    rests = [isinstance(size, Rest) for size in left]
    if rests != [isinstance(size, Rest) for size in right]:
        return None
    pairs = list(zip(left, right, strict=True))
    if any(isinstance(a, Rest) and a != b for a, b in pairs):
        return None
    return tuple(a if a == b else None for a, b in pairs)


def dtype_fits(wanted: str | None, found: str | None) -> bool:
    """Whether an array of dtype `found` may stand where `wanted`, a dtype or a class, is declared."""
    if wanted is None or found is None or wanted == found:
        return True
    if wanted in DTYPES:
        return found in DTYPE_CLASSES and dtype_fits(found, wanted)
    starts = {"float": ("f", "bf"), "int": ("i", "u"), "complex": ("c",)}.get(wanted, ())
    return bool(starts) and found.startswith(starts) and found in DTYPES
