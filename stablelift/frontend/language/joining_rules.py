"""Shape rules of functions that join arrays, and cut or repeat them."""

from __future__ import annotations

from stablelift.frontend.language import shapes
from stablelift.frontend.language.given import Given, as_shape, common_dtype, integers, shape_of
from stablelift.frontend.language.movement_rules import expand_dims, fixed, like
from stablelift.frontend.language.shapes import Mismatch, Rest, Shape, known, place, show_shape
from stablelift.frontend.language.sizes import (
    Size,
    add,
    decided,
    differ,
    divide,
    multiply,
    quotient,
)
from stablelift.frontend.language.values import Array, Several, Static, Value

MAX_PIECES = 1024


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
    inserted = expand_dims("stack", {"x": Array(dtype, first), "axis": axis})
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
    if isinstance(number, int) and 0 < number <= MAX_PIECES:
        return Several((piece,) * number)
    return Several(None, piece)


def _unstack(_word: str, given: Given) -> Value:
    shape, axes = shape_of(given["x"]), integers(given.get("axis", Static("int", 0)))
    dtype = common_dtype([given["x"]])
    at = None if shape is None or axes is None else place(shape, axes[0])
    if shape is None or at is None:
        return Several(None, Array(dtype, None))
    piece = Array(dtype, (*shape[:at], *shape[at + 1 :]))
    size = shape[at]
    if isinstance(size, int) and 0 < size <= MAX_PIECES:
        return Several((piece,) * size)
    return Several(None, piece)


def _meshgrid(_word: str, given: Given) -> Value:
    """One array for each of those given, in the order that `indexing` says."""
    count = sum(name.startswith("arrays ") for name in given)
    sizes = [shape_of(value) for name, value in given.items() if name.startswith("arrays ")]
    indexing = given.get("indexing", Static("str", "xy"))
    how = indexing.value if isinstance(indexing, Static) else None
    flat = [shape[0] if shape is not None and len(shape) == 1 else None for shape in sizes]
    if how == "xy":
        flat[:2] = reversed(flat[:2])
    known_sizes = how in ("xy", "ij") and not any(isinstance(size, Rest) for size in flat)
    return Several((Array(None, tuple(flat) if known_sizes else None),) * count)


def _slice(_word: str, given: Given) -> Value:
    return like(given, as_shape(given["sizes"]))


def _repeat(_word: str, given: Given) -> Value:
    shape, axes, times = shape_of(given["x"]), integers(given.get("axis")), given["repeats"]
    size = times.size if isinstance(times, Static) else None
    at = None if shape is None or axes is None else place(shape, axes[0])
    if shape is None or at is None:
        return like(given, None)
    whole = shape[at]
    assert not isinstance(whole, Rest)
    return like(given, (*shape[:at], multiply(whole, size), *shape[at + 1 :]))


def _tile(_word: str, given: Given) -> Value:
    shape, reps = shape_of(given["x"]), as_shape(given["reps"])
    if shape is None or reps is None or not known(shape) or not known(reps):
        return like(given, None)
    rank = max(len(shape), len(reps))
    padded = [(1,) * (rank - len(each)) + each for each in (shape, reps)]
    pairs = zip(*padded, strict=True)
    return like(
        given, tuple(multiply(a, b) for a, b in pairs if not isinstance(a, Rest) and not isinstance(b, Rest))
    )


def _pad(_word: str, given: Given) -> Value:
    shape, width = fixed(given), given["pad_width"]
    if shape is None:
        return like(given, None)
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
            return like(given, None)
        low, high = both[0], both[-1]
        if isinstance(low, Rest) or isinstance(high, Rest):
            return like(given, None)
        padded.append(add(size, add(low, high)))
    return like(given, tuple(padded))


def _take(_word: str, given: Given) -> Value:
    shape, indices, axes = shape_of(given["x"]), shape_of(given["indices"]), integers(given.get("axis"))
    if shape is None or indices is None or axes is None:
        return like(given, None)
    at = place(shape, axes[0])
    return like(given, None if at is None else (*shape[:at], *indices, *shape[at + 1 :]))


def _glu(_word: str, given: Given) -> Value:
    shape, axes = shape_of(given["x"]), integers(given.get("axis", Static("int", -1)))
    at = None if shape is None or axes is None else place(shape, axes[0])
    if shape is None or at is None:
        return like(given, None)
    whole = shape[at]
    assert not isinstance(whole, Rest)
    if isinstance(whole, int) and whole % 2:
        raise Mismatch(f"it halves an axis of size `{whole}`")
    return like(given, (*shape[:at], quotient(whole, 2) if decided(whole) else None, *shape[at + 1 :]))


JOINING_RULES = {
    "concatenate": _concatenate,
    "stack": _stack,
    "split": _split,
    "unstack": _unstack,
    "meshgrid": _meshgrid,
    "slice": _slice,
    "repeat": _repeat,
    "tile": _tile,
    "pad": _pad,
    "take": _take,
    "glu": _glu,
}
