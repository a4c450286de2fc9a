"""Shape rules of functions that move, join and cut arrays."""

from __future__ import annotations

from stablelift.frontend.language import shapes
from stablelift.frontend.language.given import Given, as_shape, common_dtype, integers, shape_of
from stablelift.frontend.language.shapes import Mismatch, Rest, Shape, known, place, show_shape
from stablelift.frontend.language.sizes import (
    Size,
    add,
    decided,
    differ,
    divide,
    multiply,
    product,
    quotient,
)
from stablelift.frontend.language.values import Array, Several, Static, Value


def _like(given: Given, shape: Shape | None) -> Array:
    return Array(common_dtype([given["x"]]), shape)


def _fixed(given: Given, name: str = "x") -> Shape | None:
    """The shape, if the number of its sizes is known."""
    shape = shape_of(given[name])
    return shape if shape is not None and known(shape) else None


def _reshape(_word: str, given: Given) -> Value:
    wanted, found = as_shape(given["shape"]), shape_of(given["x"])
    if wanted is None:
        return _like(given, None)
    open_places = [index for index, size in enumerate(wanted) if size == -1]
    if len(open_places) > 1:
        raise Mismatch(f"the shape {show_shape(wanted)} has more than one -1")
    total = product(found) if found is not None else None
    rest = product(tuple(size for size in wanted if size != -1))
    if not open_places:
        if differ(total, rest):
            raise Mismatch(f"it has `{total}` elements, and {show_shape(wanted)} has `{rest}`")
        return _like(given, wanted)
    size = divide(total, rest)
    if size is None and isinstance(total, int) and isinstance(rest, int):
        raise Mismatch(f"`{rest}` does not divide its `{total}` elements")
    (index,) = open_places
    return _like(given, (*wanted[:index], size, *wanted[index + 1 :]))


def _broadcast_to(_word: str, given: Given) -> Value:
    wanted, found = as_shape(given["shape"]), shape_of(given["x"])
    shapes.broadcast(wanted, found)
    if (
        wanted is not None
        and found is not None
        and known(wanted)
        and known(found)
        and len(found) > len(wanted)
    ):
        raise Mismatch(f"it has {len(found)} axes, and {show_shape(wanted)} has {len(wanted)}")
    return _like(given, wanted)


def _transpose(_word: str, given: Given) -> Value:
    shape, axes = shape_of(given["x"]), integers(given.get("axes"))
    if shape is None:
        return _like(given, None)
    if "axes" not in given or given["axes"] == Static("none"):
        return _like(given, tuple(reversed(shape)))
    if axes is None or not known(shape):
        return _like(given, None)
    if sorted(axis % len(shape) if shape else axis for axis in axes) != list(range(len(shape))):
        raise Mismatch(f"{show_shape(axes)} is no order of its {len(shape)} axes")
    return _like(given, tuple(shape[axis] for axis in axes))


def _swapaxes(_word: str, given: Given) -> Value:
    shape, axes = shape_of(given["x"]), [integers(given[name]) for name in ("axis1", "axis2")]
    if shape is None or None in axes:
        return _like(given, None)
    first, second = (place(shape, (axis or (0,))[0]) for axis in axes)
    if first is None or second is None:
        return _like(given, None)
    moved = list(shape)
    moved[first], moved[second] = moved[second], moved[first]
    return _like(given, tuple(moved))


def _moveaxis(_word: str, given: Given) -> Value:
    shape = _fixed(given)
    source, destination = integers(given["source"]), integers(given["destination"])
    if shape is None or source is None or destination is None:
        return _like(given, None)
    if len(source) != len(destination):
        raise Mismatch(f"it moves {len(source)} axes to {len(destination)} places")
    places = [[place(shape, axis) or 0 for axis in axes] for axes in (source, destination)]
    order = [index for index in range(len(shape)) if index not in places[0]]
    for to, axis in sorted(zip(places[1], places[0], strict=True)):
        order.insert(to, axis)
    return _like(given, tuple(shape[index] for index in order))


def _expand_dims(_word: str, given: Given) -> Value:
    shape, axes = shape_of(given["x"]), integers(given["axis"])
    if shape is None or axes is None or len(axes) != 1:
        return _like(given, None)
    (axis,) = axes
    if known(shape) and not -len(shape) - 1 <= axis <= len(shape):
        raise Mismatch(f"axis {axis} is out of range")
    index = axis if axis >= 0 else len(shape) + 1 + axis
    hidden = shape[:index] if axis >= 0 else shape[max(index, 0) :]
    if index < 0 or index > len(shape) or not known(hidden):
        return _like(given, None)
    return _like(given, (*shape[:index], 1, *shape[index:]))


def _squeeze(_word: str, given: Given) -> Value:
    shape, axes = shape_of(given["x"]), integers(given.get("axis"))
    if shape is None or axes is None:
        return _like(given, None)
    places = {place(shape, axis) for axis in axes}
    if None in places:
        return _like(given, None)
    for index in places:
        size = shape[index or 0]
        if not isinstance(size, Rest) and differ(size, 1):
            raise Mismatch(f"it squeezes an axis of size `{size}`, not 1")
    return _like(given, tuple(size for index, size in enumerate(shape) if index not in places))


def _ravel(_word: str, given: Given) -> Value:
    shape = shape_of(given["x"])
    return _like(given, None if shape is None else (product(shape),))


def _joined(given: Given) -> list[Array] | None:
    arrays = given["arrays"]
    items = arrays.items if isinstance(arrays, Several) else None
    if isinstance(arrays, Static):
        raise Mismatch("expected a tuple of arrays")
    if items is None or not all(isinstance(item, Array) and item.shape is not None for item in items):
        return None
    return [item for item in items if isinstance(item, Array)]


def _concatenate(_word: str, given: Given) -> Value:
    arrays = _joined(given)
    axes = integers(given.get("axis", Static("int", 0)))
    if not arrays or axes is None:
        return Array(None, None)
    joined: list[Size | Rest] | None = None
    for array in arrays:
        shape = array.shape or ()
        index = place(shape, axes[0])
        if index is None or not known(shape):
            return _concatenate_rest(arrays, axes[0])
        if joined is None:
            joined = list(shape)
            continue
        if len(joined) != len(shape):
            raise Mismatch(f"the arrays have {len(joined)} and {len(shape)} axes")
        for at, (left, right) in enumerate(zip(joined, shape, strict=True)):
            assert not isinstance(left, Rest) and not isinstance(right, Rest)
            if at == index:
                joined[at] = add(left, right)
            elif differ(left, right):
                raise Mismatch(f"axis {at} is `{left}` and `{right}`")
            elif left is None:
                joined[at] = right
    return Array(common_dtype([*arrays]), tuple(joined or ()))


def _concatenate_rest(arrays: list[Array], axis: int) -> Value:
    """Along the last axis of arrays that begin alike."""
    found = [array.shape or () for array in arrays]
    if axis != -1 or any(not shape or shape[:-1] != found[0][:-1] for shape in found):
        return Array(None, None)
    total: Size = 0
    for last in [size for shape in found for size in shape[-1:]]:
        total = add(total, None if isinstance(last, Rest) else last)
    return Array(common_dtype([*arrays]), (*found[0][:-1], total))


def _stack(_word: str, given: Given) -> Value:
    arrays = given["arrays"]
    if isinstance(arrays, Several) and arrays.items is not None:
        items = [Array(None, ()) if isinstance(item, Static) else item for item in arrays.items]
        given = {**given, "arrays": Several(tuple(items))}
    found = _joined(given)
    if not found:
        return Array(None, None)
    first = found[0].shape or ()
    for array in found[1:]:
        if not shapes.agree(first, array.shape):
            raise Mismatch(f"the arrays are {show_shape(first)} and {show_shape(array.shape)}")
    axis = given.get("axis", Static("int", 0))
    dtype = common_dtype([*found])
    inserted = _expand_dims("stack", {"x": Array(dtype, first), "axis": axis})
    shape = inserted.shape if isinstance(inserted, Array) else None
    index = integers(axis)
    if shape is None or index is None:
        return Array(dtype, None)
    at = place(shape, index[0])
    return Array(dtype, None if at is None else (*shape[:at], len(found), *shape[at + 1 :]))


def _split(_word: str, given: Given) -> Value:
    shape, sections = shape_of(given["x"]), given["sections"]
    axes = integers(given.get("axis", Static("int", 0)))
    dtype = common_dtype([given["x"]])
    at = None if shape is None or axes is None else place(shape, axes[0])
    if isinstance(sections, Several):
        count = None if sections.items is None else len(sections.items) + 1
        piece = Array(dtype, None)
        if at is not None and shape is not None:
            piece = Array(dtype, (*shape[:at], None, *shape[at + 1 :]))
        return Several(None, piece) if count is None else Several((piece,) * count)
    number = sections.value if isinstance(sections, Static) else None
    size = sections.size if isinstance(sections, Static) else None
    part: Shape | None = None
    if at is not None and shape is not None:
        whole = shape[at]
        assert not isinstance(whole, Rest)
        if isinstance(whole, int) and isinstance(size, int) and (size < 1 or whole % size):
            raise Mismatch(f"`{size}` pieces do not divide `{whole}`")
        part = (*shape[:at], divide(whole, size), *shape[at + 1 :])
    piece = Array(dtype, part)
    return (
        Several((piece,) * number) if isinstance(number, int) and 0 < number <= 1024 else Several(None, piece)
    )


def _repeat(_word: str, given: Given) -> Value:
    shape, axes, times = shape_of(given["x"]), integers(given.get("axis")), given["repeats"]
    size = times.size if isinstance(times, Static) else None
    at = None if shape is None or axes is None else place(shape, axes[0])
    if shape is None or at is None:
        return _like(given, None)
    whole = shape[at]
    assert not isinstance(whole, Rest)
    return _like(given, (*shape[:at], multiply(whole, size), *shape[at + 1 :]))


def _tile(_word: str, given: Given) -> Value:
    shape, reps = shape_of(given["x"]), as_shape(given["reps"])
    if shape is None or reps is None or not known(shape) or not known(reps):
        return _like(given, None)
    rank = max(len(shape), len(reps))
    padded = [(1,) * (rank - len(each)) + each for each in (shape, reps)]
    pairs = zip(*padded, strict=True)
    return _like(
        given, tuple(multiply(a, b) for a, b in pairs if not isinstance(a, Rest) and not isinstance(b, Rest))
    )


def _pad(_word: str, given: Given) -> Value:
    shape, width = _fixed(given), given["pad_width"]
    if shape is None:
        return _like(given, None)
    pairs: list[Value] = [width] * len(shape)
    if isinstance(width, Several) and width.items is not None and isinstance(width.items[:1], tuple):
        if width.items and isinstance(width.items[0], Several):
            if len(width.items) not in (1, len(shape)):
                raise Mismatch(f"it pads {len(width.items)} axes of {len(shape)}")
            pairs = list(width.items) * (len(shape) // len(width.items) if shape else 0)
    padded: list[Size | Rest] = []
    for size, pair in zip(shape, pairs, strict=True):
        both = as_shape(pair)
        if both is None or len(both) not in (1, 2) or isinstance(size, Rest):
            return _like(given, None)
        low, high = both[0], both[-1]
        if isinstance(low, Rest) or isinstance(high, Rest):
            return _like(given, None)
        padded.append(add(size, add(low, high)))
    return _like(given, tuple(padded))


def _take(_word: str, given: Given) -> Value:
    shape, indices, axes = shape_of(given["x"]), shape_of(given["indices"]), integers(given.get("axis"))
    if shape is None or indices is None or axes is None:
        return _like(given, None)
    at = place(shape, axes[0])
    return _like(given, None if at is None else (*shape[:at], *indices, *shape[at + 1 :]))


def _glu(_word: str, given: Given) -> Value:
    shape, axes = shape_of(given["x"]), integers(given.get("axis", Static("int", -1)))
    at = None if shape is None or axes is None else place(shape, axes[0])
    if shape is None or at is None:
        return _like(given, None)
    whole = shape[at]
    assert not isinstance(whole, Rest)
    if isinstance(whole, int) and whole % 2:
        raise Mismatch(f"it halves an axis of size `{whole}`")
    return _like(given, (*shape[:at], quotient(whole, 2) if decided(whole) else None, *shape[at + 1 :]))


MOVEMENT_RULES = {
    "reshape": _reshape,
    "broadcast_to": _broadcast_to,
    "transpose": _transpose,
    "swapaxes": _swapaxes,
    "moveaxis": _moveaxis,
    "expand_dims": _expand_dims,
    "squeeze": _squeeze,
    "ravel": _ravel,
    "concatenate": _concatenate,
    "stack": _stack,
    "split": _split,
    "repeat": _repeat,
    "tile": _tile,
    "pad": _pad,
    "take": _take,
    "glu": _glu,
}
