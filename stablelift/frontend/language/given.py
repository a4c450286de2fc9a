"""What the shape rules read of their arguments: shapes, dtypes, integers, and shapes that tuples spell."""

from __future__ import annotations

from stablelift.frontend.language.shapes import Rest, Shape
from stablelift.frontend.language.sizes import Size
from stablelift.frontend.language.values import Array, Several, Static, Value
from stablelift.frontend.language.vocabulary import DTYPES

Given = dict[str, Value]
_FLOATS = ("f16", "bf16", "f32", "f64", "float")


def common_dtype(values: list[Value] | list[Value | None]) -> str | None:
    """The float dtype that all arrays among the values have, if they have one."""
    dtypes = {value.dtype for value in values if isinstance(value, Array)}
    return dtypes.pop() if len(dtypes) == 1 and dtypes <= set(_FLOATS) else None


def shape_of(value: Value | None) -> Shape | None:
    """The shape of an array; a number has none of its own."""
    if isinstance(value, Array):
        return value.shape
    return () if isinstance(value, Static) else None


def integers(value: Value | None) -> tuple[int, ...] | None:
    """The integers of a literal, or of a tuple of them."""
    if isinstance(value, Static) and isinstance(value.value, int):
        return (value.value,)
    if not isinstance(value, Several) or value.items is None:
        return None
    found = [item.value for item in value.items if isinstance(item, Static) and isinstance(item.value, int)]
    return tuple(found) if len(found) == len(value.items) else None


def as_shape(value: Value) -> Shape | None:
    """The shape that an integer or a tuple of sizes and rests spells."""
    items = (value,) if isinstance(value, Static) else value.items if isinstance(value, Several) else None
    if items is None:
        return None
    sizes: list[Size | Rest] = []
    for item in items:
        if not isinstance(item, Static):
            return None
        sizes.append(item.value if isinstance(item.value, Rest) else item.size)
    return tuple(sizes)


def dtype_of(value: Value | None) -> str | None:
    """The dtype that a value names."""
    found = value.value if isinstance(value, Static) and value.kind == "dtype" else None
    return found if isinstance(found, str) and found in DTYPES else None
