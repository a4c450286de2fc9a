"""What the words of the vocabulary make of shapes: one rule for each kind of word.

A rule takes the values of the arguments by parameter and returns the result's. It raises Mismatch.
"""

from __future__ import annotations

from collections.abc import Callable

from stablelift.frontend.language import shapes
from stablelift.frontend.language.shapes import Mismatch, Rest, Shape, Size
from stablelift.frontend.language.values import UNKNOWN, Array, Several, Static, Value
from stablelift.frontend.language.vocabulary import DTYPES

Given = dict[str, Value]
_DECIDES = frozenset({"equal", "not_equal", "less", "less_equal", "greater", "greater_equal"})
_FLOATS = ("f16", "bf16", "f32", "f64", "float")


def common_dtype(values: list[Value]) -> str | None:
    """The float dtype that all arrays among the values have, if they have one."""
    dtypes = {value.dtype for value in values if isinstance(value, Array)}
    return dtypes.pop() if len(dtypes) == 1 and dtypes <= set(_FLOATS) else None


def _shape(value: Value | None) -> Shape | None:
    if isinstance(value, Array):
        return value.shape
    return () if isinstance(value, Static) else None


def _broadcast(word: str, given: Given) -> Value:
    values = list(given.values())
    shape: Shape | None = ()
    for value in values:
        shape = shapes.broadcast(shape, _shape(value))
    decides = word in _DECIDES or word.startswith(("is", "logical_"))
    return Array("bool" if decides else common_dtype(values) if word not in ("where", "abs") else None, shape)


def _same(word: str, given: Given) -> Value:
    axis = _integers(given.get("axis"))
    shape = _shape(given["x"])
    if axis and shape is not None:
        for each in axis:
            shapes.place(shape, each)
    if "dtype" in given:
        return Array(_dtype(given["dtype"]), shape)
    if word in ("cumsum", "cumprod") and axis is None:
        return Array(None, None)
    return Array(common_dtype([given["x"]]), shape)


def _reduce(word: str, given: Given) -> Value:
    keepdims = given.get("keepdims", Static("bool", False))
    keep = keepdims.value if isinstance(keepdims, Static) else None
    axis = given.get("axis", Static("none"))
    everything = isinstance(axis, Static) and axis.kind == "none"
    axes = None if everything else _integers(axis)
    if not isinstance(keep, bool) or (axes is None and not everything):
        return Array(None, None)
    shape = shapes.reduce(_shape(given["x"]), axes, keep)
    integral = word in ("all", "any", "argmax", "argmin") or "dtype" in given
    return Array(None if integral else common_dtype([given["x"]]), shape)


def _matmul(_word: str, given: Given) -> Value:
    shape = shapes.matmul(_shape(given["x"]), _shape(given["y"]))
    return Array(common_dtype(list(given.values())), shape)


def _reshape(_word: str, given: Given) -> Value:
    return Array(common_dtype([given["x"]]), _as_shape(given["shape"]))


def _create(_word: str, given: Given) -> Value:
    return Array(_dtype(given.get("dtype")), _as_shape(given["shape"]))


def _one_hot(_word: str, given: Given) -> Value:
    shape, classes = _shape(given["x"]), given["num_classes"]
    if shape is None or "axis" in given:
        return Array(None, None)
    return Array(_dtype(given.get("dtype")), (*shape, classes.size if isinstance(classes, Static) else None))


def _dense(_word: str, given: Given) -> Value:
    x, features = given["x"], given.get("features")
    if not isinstance(x, Array) or x.shape is None:
        return Array(None, None)
    if not x.shape:
        raise Mismatch("a scalar has no features")
    size = features.size if isinstance(features, Static) else None
    if isinstance(x.shape[-1], Rest):
        return Array(None, None)
    return Array(_layer_dtype(x, given), (*x.shape[:-1], size))


def _normalize(_word: str, given: Given) -> Value:
    x = given["x"]
    if not isinstance(x, Array):
        return Array(None, None)
    if x.shape == ():
        raise Mismatch("a scalar has no features")
    return Array(_layer_dtype(x, given), x.shape)


def _layer_dtype(x: Array, given: Given) -> str | None:
    """The dtype of a layer's result: known if its parameters are float32 and so is x."""
    return x.dtype if x.dtype == "f32" and "dtype" not in given and "param_dtype" not in given else None


def _several(_word: str, _given: Given) -> Value:
    return Several(None)


def _unknown(_word: str, _given: Given) -> Value:
    return UNKNOWN


def _integers(value: Value | None) -> tuple[int, ...] | None:
    """The integers of a literal, or of a tuple of them."""
    if isinstance(value, Static) and isinstance(value.value, int):
        return (value.value,)
    if not isinstance(value, Several) or value.items is None:
        return None
    found = [item.value for item in value.items if isinstance(item, Static) and isinstance(item.value, int)]
    return tuple(found) if len(found) == len(value.items) else None


def _as_shape(value: Value) -> Shape | None:
    """The shape that an integer or a tuple of sizes and rests spells; minus one is not known."""
    items = (value,) if isinstance(value, Static) else value.items if isinstance(value, Several) else None
    if items is None:
        return None
    sizes: list[Size | Rest] = []
    for item in items:
        if not isinstance(item, Static):
            return None
        sizes.append(item.value if isinstance(item.value, Rest) else None if item.size == -1 else item.size)
    return tuple(sizes)


def _dtype(value: Value | None) -> str | None:
    found = value.value if isinstance(value, Static) and value.kind == "dtype" else None
    return found if isinstance(found, str) and found in DTYPES else None


RULES: dict[str, Callable[[str, Given], Value]] = {
    "broadcast": _broadcast,
    "same": _same,
    "reduce": _reduce,
    "matmul": _matmul,
    "reshape": _reshape,
    "create": _create,
    "one_hot": _one_hot,
    "dense": _dense,
    "normalize": _normalize,
    "several": _several,
    "unknown": _unknown,
}
