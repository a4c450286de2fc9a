"""Shape rules of the stock layers. A rule knows the first input as `x`, and the fields by their names."""

from __future__ import annotations

from stablelift.frontend.language.given import Given, as_shape, integers, shape_of
from stablelift.frontend.language.shapes import Mismatch, Rest, Shape, known, place
from stablelift.frontend.language.sizes import Size, add, differ, quotient, subtract
from stablelift.frontend.language.values import UNKNOWN, Array, Several, Static, Value


def _dtype(x: Value, given: Given) -> str | None:
    """The dtype of a layer's result: known if its parameters are float32 and so is x."""
    plain = isinstance(x, Array) and "dtype" not in given and "param_dtype" not in given
    return x.dtype if plain and isinstance(x, Array) and x.dtype == "f32" else None


def _size(value: Value | None) -> Size:
    return value.size if isinstance(value, Static) else None


def _features(x: Value) -> Shape | None:
    """The shape of an input that must have features. Raises Mismatch."""
    shape = shape_of(x)
    if shape == ():
        raise Mismatch("a scalar has no features")
    return shape


def _dense(_word: str, given: Given) -> Value:
    shape = _features(given["x"])
    if shape is None or isinstance(shape[-1], Rest):
        return Array(None, None)
    return Array(_dtype(given["x"], given), (*shape[:-1], _size(given.get("features"))))


def _dense_general(_word: str, given: Given) -> Value:
    shape, axes = _features(given["x"]), integers(given.get("axis", Static("int", -1)))
    features = as_shape(given["features"]) if "features" in given else None
    if shape is None or axes is None or features is None or "batch_dims" in given:
        return Array(None, None)
    places = {place(shape, axis) for axis in axes}
    if None in places:
        return Array(None, None)
    kept = tuple(size for index, size in enumerate(shape) if index not in places)
    return Array(_dtype(given["x"], given), (*kept, *features))


def _embed(_word: str, given: Given) -> Value:
    x = given["x"]
    if isinstance(x, Array) and x.dtype not in (None, "int") and not x.dtype.startswith(("i", "u")):
        raise Mismatch("the indices of an embedding are integers")
    shape = shape_of(x)
    plain = "dtype" not in given and "param_dtype" not in given
    return Array("f32" if plain else None, None if shape is None else (*shape, _size(given.get("features"))))


def _normalize(_word: str, given: Given) -> Value:
    return Array(_dtype(given["x"], given), _features(given["x"]))


def _same(_word: str, given: Given) -> Value:
    x = given["x"]
    return Array(x.dtype, x.shape) if isinstance(x, Array) else Array(None, None)


def _conv(_word: str, given: Given) -> Value:
    """Windows over the axes between the batch and the features."""
    window = as_shape(given["kernel_size"]) if "kernel_size" in given else None
    shape = _features(given["x"])
    spatial = _windows(shape, window, given)
    dtype = _dtype(given["x"], given)
    if shape is None or spatial is None:
        return Array(dtype, None)
    return Array(dtype, (*shape[: len(shape) - len(spatial) - 1], *spatial, _size(given.get("features"))))


def _pool(_word: str, given: Given) -> Value:
    window = as_shape(given["window_shape"])
    shape = shape_of(given["x"] if "x" in given else given["inputs"])
    spatial = _windows(shape, window, {"padding": Static("str", "VALID"), **given})
    if shape is None or spatial is None:
        return Array(None, None)
    return Array(None, (*shape[: len(shape) - len(spatial) - 1], *spatial, shape[-1]))


def _windows(shape: Shape | None, window: Shape | None, given: Given) -> Shape | None:
    """The sizes of the axes that windows of this shape slide over. Raises Mismatch."""
    if shape is None or window is None or not known(window):
        return None
    if known(shape) and len(shape) < len(window) + 1:
        raise Mismatch(f"{len(window)} axes and the features slide over {len(shape)}")
    sliding = shape[len(shape) - len(window) - 1 : len(shape) - 1]
    strides = as_shape(given["strides"]) if "strides" in given else (1,)
    padding = given.get("padding", Static("str", "SAME"))
    how = padding.value if isinstance(padding, Static) else None
    if len(sliding) != len(window) or not known(sliding) or strides is None or not known(strides):
        return None
    if any(name in given for name in ("kernel_dilation", "input_dilation")) or how not in ("SAME", "VALID"):
        return (None,) * len(window)
    if len(strides) == 1:
        strides = strides * len(window)
    if len(strides) != len(window):
        raise Mismatch(f"there are {len(strides)} strides for {len(window)} axes")
    result: list[Size | Rest] = []
    for size, width, stride in zip(sliding, window, strides, strict=True):
        assert not isinstance(size, Rest) and not isinstance(width, Rest) and not isinstance(stride, Rest)
        fits = size if how == "SAME" else add(subtract(size, width), 1)
        result.append(fits if stride == 1 else quotient(subtract(add(fits, stride), 1), stride))
    return tuple(result)


def _conv_transpose(_word: str, given: Given) -> Value:
    shape = _features(given["x"])
    if shape is None or not known(shape):
        return Array(None, None)
    window = as_shape(given["kernel_size"]) if "kernel_size" in given else None
    if window is None or len(shape) < len(window) + 1:
        return Array(None, None)
    unknown = (None,) * len(window)
    batch = shape[: len(shape) - len(window) - 1]
    return Array(_dtype(given["x"], given), (*batch, *unknown, _size(given.get("features"))))


def _attention_layer(_word: str, given: Given) -> Value:
    shape = _features(given["x"])
    if shape is None or isinstance(shape[-1], Rest):
        return Array(None, None)
    last = _size(given["out_features"]) if "out_features" in given else shape[-1]
    return Array(_dtype(given["x"], given), (*shape[:-1], last))


def _attention(_word: str, given: Given) -> Value:
    query, value = shape_of(given["query"]), shape_of(given["value"])
    if not query or not value:
        return Array(None, None)
    key = shape_of(given["key"])
    if (
        key
        and not isinstance(query[-1], Rest)
        and not isinstance(key[-1], Rest)
        and differ(query[-1], key[-1])
    ):
        raise Mismatch(f"queries have `{query[-1]}` features and keys `{key[-1]}`")
    return Array(None, (*query[:-1], value[-1]))


def _cell(_word: str, given: Given) -> Value:
    """The next carry, and the output, which is the same array."""
    carry = given.get("carry", UNKNOWN)
    shape = shape_of(carry)
    x = shape_of(given.get("inputs"))
    if isinstance(carry, Several):
        raise Mismatch("the carry is one array")
    if shape and x and not isinstance(shape[-1], Rest) and differ(shape[-1], _size(given.get("features"))):
        raise Mismatch(f"the carry has `{shape[-1]}` features, the cell `{_size(given.get('features'))}`")
    return Several((carry, carry))


def _lstm(_word: str, given: Given) -> Value:
    """The next carry, a pair, and the output, which is its second part."""
    carry = given.get("carry", UNKNOWN)
    if isinstance(carry, Array) or (isinstance(carry, Several) and len(carry.items or (0, 0)) != 2):
        raise Mismatch("the carry is a pair of arrays")
    second = carry.items[1] if isinstance(carry, Several) and carry.items else UNKNOWN
    return Several((carry, second))


def _attend(_word: str, given: Given) -> Value:
    """Scores of each embedding for a query."""
    shape, features = _features(given["x"]), _size(given.get("features"))
    if shape is None or isinstance(shape[-1], Rest):
        return Array(None, None)
    if differ(shape[-1], features):
        raise Mismatch(f"the query has `{shape[-1]}` features, the embeddings `{features}`")
    return Array(_dtype(given["x"], given), (*shape[:-1], _size(given.get("num_embeddings"))))


def _carry(_word: str, given: Given) -> Value:
    """A first carry for inputs of a shape, whose last size is that of their features."""
    shape = as_shape(given["input_shape"]) if "input_shape" in given else None
    if shape == ():
        raise Mismatch("a scalar has no features")
    dtype = "f32" if "param_dtype" not in given else None
    return Array(dtype, None if shape is None else (*shape[:-1], _size(given.get("features"))))


def _carry_pair(word: str, given: Given) -> Value:
    return Several((_carry(word, given),) * 2)


LAYER_RULES = {
    "attend": _attend,
    "carry": _carry,
    "carry_pair": _carry_pair,
    "dense": _dense,
    "dense_general": _dense_general,
    "embed": _embed,
    "normalize": _normalize,
    "same_layer": _same,
    "conv": _conv,
    "conv_transpose": _conv_transpose,
    "pool": _pool,
    "attention": _attention,
    "attention_layer": _attention_layer,
    "cell": _cell,
    "lstm": _lstm,
}
