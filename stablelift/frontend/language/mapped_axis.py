"""The axis that a lift takes from its arguments and gives to its results."""

from __future__ import annotations

from typing import Any

from stablelift.frontend.language.shapes import Mismatch, Rest, Shape, agree, known, place
from stablelift.frontend.language.sizes import Size, differ
from stablelift.frontend.language.values import Array, Several, Static, Value

Values = tuple[Value, ...]


class MappedAxis:
    """The axis that a lift takes from its arguments and gives to its results; its size, once known."""

    def __init__(self, lift: str, size: Any):
        self.lift, self.size = lift, size if isinstance(size, int) else None

    def without_all(self, values: Values, axes: Any) -> Values:
        each = _one_each("in_axes", axes, len(values), f"{len(values)} arguments")
        return tuple(map(self.without, values, each))

    def without(self, value: Value, axis: Any) -> Value:
        """The value as the function sees it."""
        if isinstance(value, Several):
            if value.items is None:
                return value
            each = _one_each("in_axes", axis, len(value.items), value)
            return Several(tuple(map(self.without, value.items, each)))
        if not isinstance(axis, int) or isinstance(axis, bool):
            return value
        if isinstance(value, Static):
            raise Mismatch(f"{value} has no axis to map")
        if not isinstance(value, Array) or value.shape is None:
            return value
        index = place(value.shape, axis)
        if index is None:
            return Array(value.dtype, None)
        self._note(value.shape[index])
        return Array(value.dtype, (*value.shape[:index], *value.shape[index + 1 :]))

    def _note(self, size: Size | Rest) -> None:
        assert not isinstance(size, Rest)
        if differ(self.size, size):
            raise Mismatch(f"the mapped axes have the sizes `{self.size}` and `{size}`")
        self.size = size if self.size is None else self.size

    def added(self, value: Value, axis: Any) -> Value:
        """A result with the axis."""
        if isinstance(value, Several):
            if value.items is None:
                return value
            each = _one_each("out_axes", axis, len(value.items), value)
            return Several(tuple(map(self.added, value.items, each)))
        if not isinstance(value, Array) or not isinstance(axis, int):
            return value
        return Array(value.dtype, _inserted(value.shape, axis, self.size))


def _one_each(option: str, axes: Any, count: int, values: Any) -> tuple[Any, ...]:
    """An axis for each of `count` values: one for all, or a tuple. Raises Mismatch."""
    each = axes if isinstance(axes, tuple) else (axes,) * count
    if len(each) != count:
        raise Mismatch(f"`{option}` has {len(each)} entries for {values}")
    return each


def _inserted(shape: Shape | None, axis: int, size: Size) -> Shape | None:
    """The shape with one more axis. Raises Mismatch."""
    if shape is None:
        return None
    if known(shape) and not -len(shape) - 1 <= axis <= len(shape):
        raise Mismatch(f"a result has no place for axis {axis}")
    if axis >= 0:
        return (*shape[:axis], size, *shape[axis:]) if known(shape[:axis]) and axis <= len(shape) else None
    index = len(shape) + 1 + axis
    return (*shape[:index], size, *shape[index:]) if index >= 0 and known(shape[index:]) else None


def may_be(expected: Value, found: Value) -> bool:
    """Whether two values may have one type."""
    if isinstance(expected, Array) and isinstance(found, Array):
        if expected.dtype and found.dtype and expected.dtype != found.dtype:
            return False
        return expected.shape is None or agree(expected.shape, found.shape)
    if isinstance(expected, Several) and isinstance(found, Several):
        if expected.items is None or found.items is None:
            return True
        same = len(expected.items) == len(found.items)
        return same and all(map(may_be, expected.items, found.items))
    kinds = {type(expected), type(found)}
    return kinds != {Array, Several}
