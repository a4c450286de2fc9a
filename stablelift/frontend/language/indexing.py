"""Checks subscripts: of arrays as in numpy, and of tuples by a number known before tracing."""

from __future__ import annotations

from typing import Protocol

from stablelift.frontend.language import syntax
from stablelift.frontend.language.report import Report
from stablelift.frontend.language.shapes import Mismatch, Rest, Shape, broadcast, known
from stablelift.frontend.language.sizes import Size
from stablelift.frontend.language.values import UNKNOWN, Array, Several, Static, Unknown, Value

Index = syntax.Expression | syntax.Slice | syntax.Ellipsis


class Scope(Protocol):
    """What a subscript needs of the body it stands in."""

    report: Report

    def infer(self, expression: syntax.Expression) -> Value: ...


def infer_subscript(scope: Scope, expression: syntax.Subscript) -> Value:
    """What a subscript gives."""
    value = scope.infer(expression.value)
    indices = [(index, _infer(scope, index)) for index in expression.indices]
    if isinstance(value, Several):
        return _item(scope, expression, value, indices)
    if not isinstance(value, (Array, Unknown)):
        scope.report.error(expression.value.span, f"expected an array or a tuple, found {value}")
    if not isinstance(value, Array) or value.shape is None:
        return Array(value.dtype if isinstance(value, Array) else None, None)
    try:
        return Array(value.dtype, _taken(value.shape, indices))
    except Mismatch as mismatch:
        scope.report.error(expression.span, f"cannot index {value}: {mismatch}")
        return Array(value.dtype, None)


def _infer(scope: Scope, index: Index) -> Value:
    """The value of an index; of a slice its bounds are looked at."""
    if isinstance(index, syntax.Ellipsis):
        return UNKNOWN
    if isinstance(index, syntax.Slice):
        for bound in (index.start, index.stop, index.step):
            if bound is not None:
                scope.infer(bound)
        return UNKNOWN
    return scope.infer(index)


def _item(
    scope: Scope, expression: syntax.Subscript, value: Several, indices: list[tuple[Index, Value]]
) -> Value:
    """The item of a tuple, or a part of it."""
    (index, place), *others = indices
    if others:
        scope.report.error(others[0][0].span, f"a tuple has one index, found {len(indices)}")
    if isinstance(index, syntax.Slice):
        return Several(None, value.each)
    if not isinstance(place, Unknown) and not (isinstance(place, Static) and place.kind == "int"):
        scope.report.error(index.span, f"a tuple is indexed by an int known before tracing, found {place}")
        return UNKNOWN
    number = place.value if isinstance(place, Static) else None
    if value.items is None or not isinstance(number, int):
        return value.each
    if not -len(value.items) <= number < len(value.items):
        scope.report.error(index.span, f"index {number} is out of range for {value}")
        return UNKNOWN
    return value.items[number]


def _taken(shape: Shape, indices: list[tuple[Index, Value]]) -> Shape | None:
    """The shape after basic indexing, or None. Raises Mismatch for too many indices."""
    consumed = sum(not isinstance(i, syntax.Ellipsis) and not _is_new(v) for i, v in indices)
    if known(shape) and consumed > len(shape):
        raise Mismatch(f"{consumed} indices for {len(shape)} {'axis' if len(shape) == 1 else 'axes'}")
    if any(isinstance(v, Unknown) and not isinstance(i, (syntax.Slice, syntax.Ellipsis)) for i, v in indices):
        return None
    arrays = [value for _, value in indices if isinstance(value, Array)]
    if any(value.dtype == "bool" or value.dtype is None for value in arrays) or len(arrays) > 1:
        return None
    if arrays and any(isinstance(value, Static) for _, value in indices):
        # Numbers beside arrays are indices of the same kind, and move axes to the front.
        return None
    dots = next((n for n, (i, _) in enumerate(indices) if isinstance(i, syntax.Ellipsis)), None)
    front = indices if dots is None else indices[:dots]
    back = [] if dots is None else indices[dots + 1 :]
    head_count = sum(not _is_new(value) for _, value in front)
    tail_count = sum(not _is_new(value) for _, value in back)
    head, tail = shape[:head_count], shape[len(shape) - tail_count :] if tail_count else ()
    if len(head) < head_count or len(tail) < tail_count or not known(head) or not known(tail):
        return None
    middle = shape[head_count : len(shape) - tail_count]
    first, last = _each(head, front), _each(tail, back)
    return None if first is None or last is None else (*first, *middle, *last)


def _each(sizes: Shape, indices: list[tuple[Index, Value]]) -> Shape | None:
    """What is left of the sizes, one index for each."""
    left, result = list(sizes), list[Size | Rest]()
    for index, value in indices:
        if _is_new(value):
            result.append(1)
            continue
        size = left.pop(0)
        assert not isinstance(size, Rest)
        if isinstance(index, syntax.Slice):
            result.append(_sliced(size, index))
        elif isinstance(value, Array):
            if value.shape is None:
                return None
            result += broadcast(value.shape, ()) or ()
        elif isinstance(value, Static) and isinstance(value.value, int) and isinstance(size, int):
            if not -size <= value.value < size:
                raise Mismatch(f"index {value.value} is out of range for {size}")
    return tuple(result)


def _sliced(size: Size, index: syntax.Slice) -> Size:
    """The size of a slice: known if it takes all, or if everything is a number."""
    if index.start is None and index.stop is None and index.step is None:
        return size
    bounds = [_number(bound) for bound in (index.start, index.stop, index.step)]
    given = [bound is not None for bound in (index.start, index.stop, index.step)]
    if not isinstance(size, int) or any(g and b is None for g, b in zip(given, bounds, strict=True)):
        return None
    if bounds[2] == 0:
        raise Mismatch("the step of a slice is zero")
    return len(range(size)[slice(*bounds)])


def _number(bound: syntax.Expression | None) -> int | None:
    match bound:
        case syntax.Literal(value=int() as value):
            return value
        case syntax.Negation(operand=syntax.Literal(value=int() as value)):
            return -value
    return None


def _is_new(value: Value) -> bool:
    """Whether the index is `none`, which adds an axis."""
    return isinstance(value, Static) and value.kind == "none"
