"""Shape rules of functions that move and reshape arrays."""

from __future__ import annotations

from stablelift.frontend.language import shapes
from stablelift.frontend.language.given import Given, as_shape, common_dtype, integers, shape_of
from stablelift.frontend.language.shapes import Mismatch, Rest, Shape, known, place, show_shape
from stablelift.frontend.language.sizes import (
    differ,
    divide,
    product,
)
from stablelift.frontend.language.values import Array, Static, Value


def like(given: Given, shape: Shape | None) -> Array:
    """An array of the dtype of `x`."""
    return Array(common_dtype([given["x"]]), shape)


def fixed(given: Given, name: str = "x") -> Shape | None:
    """The shape, if the number of its sizes is known."""
    shape = shape_of(given[name])
    return shape if shape is not None and known(shape) else None


def _reshape(_word: str, given: Given) -> Value:
    wanted, found = as_shape(given["shape"]), shape_of(given["x"])
    if wanted is None:
        return like(given, None)
    open_places = [index for index, size in enumerate(wanted) if size == -1]
    if len(open_places) > 1:
        raise Mismatch(f"the shape {show_shape(wanted)} has more than one -1")
    total = product(found) if found is not None else None
    rest = product(tuple(size for size in wanted if size != -1))
    if not open_places:
        if differ(total, rest):
            raise Mismatch(f"it has `{total}` elements, and {show_shape(wanted)} has `{rest}`")
        return like(given, wanted)
    size = divide(total, rest)
    if size is None and isinstance(total, int) and isinstance(rest, int):
        raise Mismatch(f"`{rest}` does not divide its `{total}` elements")
    (index,) = open_places
    return like(given, (*wanted[:index], size, *wanted[index + 1 :]))


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
    return like(given, wanted)


def _transpose(_word: str, given: Given) -> Value:
    shape, axes = shape_of(given["x"]), integers(given.get("axes"))
    if shape is None:
        return like(given, None)
    if "axes" not in given or given["axes"] == Static("none"):
        return like(given, tuple(reversed(shape)))
    if axes is None or not known(shape):
        return like(given, None)
    if sorted(axis % len(shape) if shape else axis for axis in axes) != list(range(len(shape))):
        raise Mismatch(f"{show_shape(axes)} is no order of its {len(shape)} axes")
    return like(given, tuple(shape[axis] for axis in axes))


def _swapaxes(_word: str, given: Given) -> Value:
    shape, axes = shape_of(given["x"]), [integers(given[name]) for name in ("axis1", "axis2")]
    if shape is None or None in axes:
        return like(given, None)
    first, second = (place(shape, (axis or (0,))[0]) for axis in axes)
    if first is None or second is None:
        return like(given, None)
    moved = list(shape)
    moved[first], moved[second] = moved[second], moved[first]
    return like(given, tuple(moved))


def _moveaxis(_word: str, given: Given) -> Value:
    shape = fixed(given)
    source, destination = integers(given["source"]), integers(given["destination"])
    if shape is None or source is None or destination is None:
        return like(given, None)
    if len(source) != len(destination):
        raise Mismatch(f"it moves {len(source)} axes to {len(destination)} places")
    places = [[place(shape, axis) or 0 for axis in axes] for axes in (source, destination)]
    order = [index for index in range(len(shape)) if index not in places[0]]
    for to, axis in sorted(zip(places[1], places[0], strict=True)):
        order.insert(to, axis)
    return like(given, tuple(shape[index] for index in order))


def expand_dims(_word: str, given: Given) -> Value:
    """The rule of `expand_dims`, which `stack` begins with too."""
    shape, axes = shape_of(given["x"]), integers(given["axis"])
    if shape is None or axes is None or len(axes) != 1:
        return like(given, None)
    (axis,) = axes
    if known(shape) and not -len(shape) - 1 <= axis <= len(shape):
        raise Mismatch(f"axis {axis} is out of range")
    index = axis if axis >= 0 else len(shape) + 1 + axis
    hidden = shape[:index] if axis >= 0 else shape[max(index, 0) :]
    if index < 0 or index > len(shape) or not known(hidden):
        return like(given, None)
    return like(given, (*shape[:index], 1, *shape[index:]))


def _squeeze(_word: str, given: Given) -> Value:
    shape, axes = shape_of(given["x"]), integers(given.get("axis"))
    if shape is None or axes is None:
        return like(given, None)
    places = {place(shape, axis) for axis in axes}
    if None in places:
        return like(given, None)
    for index in places:
        size = shape[index or 0]
        if not isinstance(size, Rest) and differ(size, 1):
            raise Mismatch(f"it squeezes an axis of size `{size}`, not 1")
    return like(given, tuple(size for index, size in enumerate(shape) if index not in places))


def _ravel(_word: str, given: Given) -> Value:
    shape = shape_of(given["x"])
    return like(given, None if shape is None else (product(shape),))


MOVEMENT_RULES = {
    "reshape": _reshape,
    "broadcast_to": _broadcast_to,
    "transpose": _transpose,
    "swapaxes": _swapaxes,
    "moveaxis": _moveaxis,
    "expand_dims": expand_dims,
    "squeeze": _squeeze,
    "ravel": _ravel,
}
