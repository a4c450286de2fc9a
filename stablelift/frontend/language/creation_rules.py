"""Shape rules of functions that make arrays of sizes: constants, counts, random numbers, keys."""

from __future__ import annotations

from stablelift.frontend.language.given import Given, as_shape, dtype_of, shape_of
from stablelift.frontend.language.shapes import Mismatch, Shape, agree, show_shape
from stablelift.frontend.language.sizes import Size
from stablelift.frontend.language.values import Array, Several, Static, Value


def _create(_word: str, given: Given) -> Value:
    dtype = dtype_of(given["dtype"]) if "dtype" in given else "f32" if "fill_value" not in given else None
    return Array(dtype, as_shape(given["shape"]))


def _arange(_word: str, given: Given) -> Value:
    start, stop = given["start"], given.get("stop")
    size: Size = None
    if stop is None and isinstance(start, Static) and start.kind == "int":
        size = start.size
    dtype = dtype_of(given["dtype"]) if "dtype" in given else None
    return Array(dtype, (size,))


def _eye(_word: str, given: Given) -> Value:
    n = given["n"]
    size = n.size if isinstance(n, Static) else None
    return Array(dtype_of(given["dtype"]) if "dtype" in given else "f32", (size, size))


def _linspace(_word: str, given: Given) -> Value:
    number = given.get("num", Static("int", 50, 50))
    ends = [shape_of(given[name]) for name in ("start", "stop")]
    if ends != [(), ()] or not isinstance(number, Static):
        return Array(None, None)
    return Array(None, (number.size,))


def _one_hot(_word: str, given: Given) -> Value:
    shape, classes = shape_of(given["x"]), given["num_classes"]
    if shape is None or "axis" in given:
        return Array(None, None)
    dtype = dtype_of(given["dtype"]) if "dtype" in given else "f32"
    return Array(dtype, (*shape, classes.size if isinstance(classes, Static) else None))


def _array(_word: str, given: Given) -> Value:
    """Numbers, and tuples of them, as an array."""
    dtype = dtype_of(given["dtype"]) if "dtype" in given else None
    return Array(dtype, _shape_of_items(given["items"]))


def _shape_of_items(value: Value) -> Shape | None:
    """The shape of nested tuples. Raises Mismatch where they are ragged."""
    if isinstance(value, Array):
        return value.shape
    if isinstance(value, Static):
        return ()
    if not isinstance(value, Several) or value.items is None:
        return None
    shapes = [_shape_of_items(item) for item in value.items]
    first = shapes[0] if shapes else ()
    for other in shapes[1:]:
        if other is None or first is None:
            return None
        if not agree(first, other):
            raise Mismatch(f"the items have the shapes {show_shape(first)} and {show_shape(other)}")
    return None if first is None else (len(shapes), *first)


def _random(word: str, given: Given) -> Value:
    dtype = dtype_of(given["dtype"]) if "dtype" in given else "i32" if word == "randint" else "f32"
    if word == "rademacher" and "dtype" not in given:
        dtype = "int"
    return Array(dtype, as_shape(given["shape"]) if "shape" in given else ())


def _random_like(word: str, given: Given) -> Value:
    dtype = {"bernoulli": "bool", "poisson": "int"}.get(word, "f32")
    if "dtype" in given:
        dtype = dtype_of(given["dtype"])
    return Array(dtype, as_shape(given["shape"]) if "shape" in given else None)


def _key(_word: str, _given: Given) -> Value:
    return Array("key", ())


def _keys(_word: str, given: Given) -> Value:
    number = given.get("num", Static("int", 2, 2))
    return Array("key", (number.size if isinstance(number, Static) else None,))


CREATION_RULES = {
    "create": _create,
    "array": _array,
    "arange": _arange,
    "eye": _eye,
    "linspace": _linspace,
    "one_hot": _one_hot,
    "random": _random,
    "random_like": _random_like,
    "key": _key,
    "keys": _keys,
}
