"""What the words of the vocabulary make of shapes: elementwise functions, reductions, contractions, creation.

A rule takes the values of the arguments by parameter and returns the result's. It raises Mismatch.
"""

from __future__ import annotations

from stablelift.frontend.language import shapes
from stablelift.frontend.language.einsum import infer_einsum
from stablelift.frontend.language.given import (
    Given,
    as_shape,
    common_dtype,
    dtype_of,
    integers,
    shape_of,
)
from stablelift.frontend.language.joining_rules import JOINING_RULES
from stablelift.frontend.language.layer_rules import LAYER_RULES
from stablelift.frontend.language.movement_rules import MOVEMENT_RULES
from stablelift.frontend.language.shapes import Rest, Shape
from stablelift.frontend.language.sizes import Size
from stablelift.frontend.language.values import UNKNOWN, Array, Several, Static, Value

_DECIDES = frozenset(
    "equal not_equal less less_equal greater greater_equal isclose isfinite isinf isnan logical_and "
    "logical_not logical_or logical_xor".split()
)
_UNLIKE = ("where", "abs", "angle", "imag", "real", "complex")


def _broadcast(word: str, given: Given) -> Value:
    values = [value for name, value in given.items() if name not in ("rtol", "atol")]
    shape: Shape | None = ()
    for value in values:
        if value != Static("none"):
            shape = shapes.broadcast(shape, shape_of(value))
    if word == "where":
        return Array(common_dtype([given.get("x"), given.get("y")]), shape)
    dtype = common_dtype(list(values)) if word not in _UNLIKE else None
    return Array("bool" if word in _DECIDES else dtype, shape)


def _same(word: str, given: Given) -> Value:
    axis = integers(given.get("axis"))
    shape = shape_of(given["x"])
    if axis and shape is not None:
        for each in axis:
            shapes.place(shape, each)
    if word == "argsort":
        return Array("int", shape)
    if "dtype" in given:
        return Array(dtype_of(given["dtype"]), shape)
    if word in ("cumsum", "cumprod") and axis is None:
        return Array(None, None)
    return Array(common_dtype([given["x"]]), shape)


def _reduce(word: str, given: Given) -> Value:
    keepdims = given.get("keepdims", Static("bool", False))
    keep = keepdims.value if isinstance(keepdims, Static) else None
    axis = given.get("axis", Static("none"))
    everything = isinstance(axis, Static) and axis.kind == "none"
    axes = None if everything else integers(axis)
    if not isinstance(keep, bool) or (axes is None and not everything):
        return Array(None, None)
    shape = shapes.reduce(shape_of(given["x"]), axes, keep)
    if word in ("all", "any"):
        return Array("bool", shape)
    if word in ("argmax", "argmin", "count_nonzero"):
        return Array("int", shape)
    return Array(None if "dtype" in given else common_dtype([given["x"]]), shape)


def _matmul(_word: str, given: Given) -> Value:
    shape = shapes.matmul(shape_of(given["x"]), shape_of(given["y"]))
    return Array(common_dtype(list(given.values())), shape)


def _outer(_word: str, given: Given) -> Value:
    sides = [shape_of(given[name]) for name in ("x", "y")]
    if any(side is None or len(side) != 1 or not shapes.known(side) for side in sides):
        return Array(None, None)
    return Array(common_dtype(list(given.values())), tuple((side or (None,))[0] for side in sides))


def _vdot(_word: str, given: Given) -> Value:
    return Array(common_dtype(list(given.values())), ())


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


def _top_k(_word: str, given: Given) -> Value:
    shape, k = shape_of(given["x"]), given["k"]
    if not shape or isinstance(shape[-1], Rest):
        return Several((Array(None, None), Array("int", None)))
    kept = (*shape[:-1], k.size if isinstance(k, Static) else None)
    return Several((Array(common_dtype([given["x"]]), kept), Array("i32", kept)))


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


def _scalar(_word: str, _given: Given) -> Value:
    return Array(None, ())


def _range(_word: str, _given: Given) -> Value:
    return Several(None, Static("int"))


def _len(_word: str, given: Given) -> Value:
    items = given["items"]
    count = len(items.items) if isinstance(items, Several) and items.items is not None else None
    return Static("int", count, count)


def _unknown(_word: str, _given: Given) -> Value:
    return UNKNOWN


RULES = {
    "broadcast": _broadcast,
    "same": _same,
    "reduce": _reduce,
    "matmul": _matmul,
    "outer": _outer,
    "vdot": _vdot,
    "einsum": infer_einsum,
    "create": _create,
    "arange": _arange,
    "eye": _eye,
    "linspace": _linspace,
    "one_hot": _one_hot,
    "top_k": _top_k,
    "random": _random,
    "random_like": _random_like,
    "key": _key,
    "scalar": _scalar,
    "range": _range,
    "len": _len,
    "unknown": _unknown,
    **MOVEMENT_RULES,
    **JOINING_RULES,
    **LAYER_RULES,
}
