"""What the words of the vocabulary make of shapes: elementwise functions, reductions, contractions, creation.

A rule takes the values of the arguments by parameter and returns the result's. It raises Mismatch.
"""

from __future__ import annotations

from stablelift.frontend.language import shapes
from stablelift.frontend.language.creation_rules import CREATION_RULES
from stablelift.frontend.language.einsum import infer_einsum
from stablelift.frontend.language.given import (
    Given,
    common_dtype,
    dtype_of,
    integers,
    shape_of,
)
from stablelift.frontend.language.joining_rules import JOINING_RULES
from stablelift.frontend.language.layer_rules import LAYER_RULES
from stablelift.frontend.language.movement_rules import MOVEMENT_RULES
from stablelift.frontend.language.shapes import Rest, Shape
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
    if word in ("argmax", "argmin", "count_nonzero", "nanargmax", "nanargmin"):
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


def _top_k(_word: str, given: Given) -> Value:
    shape, k = shape_of(given["x"]), given["k"]
    if not shape or isinstance(shape[-1], Rest):
        return Several((Array(None, None), Array("int", None)))
    kept = (*shape[:-1], k.size if isinstance(k, Static) else None)
    return Several((Array(common_dtype([given["x"]]), kept), Array("i32", kept)))


def _scalar(_word: str, _given: Given) -> Value:
    return Array(None, ())


def _answer(_word: str, _given: Given) -> Value:
    return Static("bool")


def _second(_word: str, given: Given) -> Value:
    return given["value"]


def _pair(_word: str, _given: Given) -> Value:
    return Several((Array(None, None),) * 2)


def _spectrum(_word: str, given: Given) -> Value:
    return Array(None, shape_of(given["x"]))


def _segments(_word: str, given: Given) -> Value:
    """One result for each segment of the first axis."""
    shape, count = shape_of(given["x"]), given["num_segments"]
    if not shape or isinstance(shape[0], Rest):
        return Array(None, None)
    size = count.size if isinstance(count, Static) else None
    return Array(common_dtype([given["x"]]), (size, *shape[1:]))


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
    "top_k": _top_k,
    "scalar": _scalar,
    "answer": _answer,
    "second": _second,
    "pair": _pair,
    "spectrum": _spectrum,
    "segments": _segments,
    "range": _range,
    "len": _len,
    "unknown": _unknown,
    **CREATION_RULES,
    **MOVEMENT_RULES,
    **JOINING_RULES,
    **LAYER_RULES,
}
