"""What lifts make of shapes: from what a function infers to what the lifted function infers.

Each rule takes the inference of the function, the options of the lift, and the values of the arguments. It
raises Mismatch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stablelift.frontend.language.shapes import Mismatch, Rest, Shape, agree, known, place
from stablelift.frontend.language.sizes import Size, differ
from stablelift.frontend.language.values import UNKNOWN, Array, Function, Several, Static, Value

Values = tuple[Value, ...]
Infer = Callable[[Values], Value]
Options = dict[str, Any]
LiftRule = Callable[[list[Infer], Options, Values], Value]


def _same(functions: list[Infer], _options: Options, values: Values) -> Value:
    return functions[0](values)


def _vmap(functions: list[Infer], options: Options, values: Values) -> Value:
    axis = _Axis("vmap", options.get("axis_size"))
    inner = axis.without_all(values, options.get("in_axes", 0))
    return axis.added(functions[0](inner), options.get("out_axes", 0))


def _scan(functions: list[Infer], options: Options, values: Values) -> Value:
    if not values:
        raise Mismatch("a loop needs a first carry")
    axis = _Axis("scan", options.get("length"))
    carry, *xs = values
    result = functions[0]((carry, *axis.without_all(tuple(xs), options.get("in_axes", 0))))
    items = result.items if isinstance(result, Several) else None
    if isinstance(result, Array) and result.shape is not None or items is not None and len(items) != 2:
        raise Mismatch(f"a step returns the next carry and an output, found {result}")
    if items is None:
        return Several((UNKNOWN, UNKNOWN))
    _same_carry(carry, items[0])
    return Several((items[0], axis.added(items[1], options.get("out_axes", 0))))


def _while(functions: list[Infer], _options: Options, values: Values) -> Value:
    if len(values) != 1:
        raise Mismatch(f"a loop has one carry, which may be a tuple, found {len(values)}")
    test, body = functions[0](values), functions[1](values)
    if isinstance(test, Array) and (test.shape or test.dtype not in ("bool", None)):
        raise Mismatch(f"the condition is a bool, found {test}")
    _same_carry(values[0], body)
    return values[0]


def _same_carry(before: Value, after: Value) -> None:
    if not may_be(before, after):
        raise Mismatch(f"the carry is {before} and becomes {after}")


def _grad(functions: list[Infer], options: Options, values: Values) -> Value:
    return _gradients(functions[0](values), options, values)


def _value_and_grad(functions: list[Infer], options: Options, values: Values) -> Value:
    value = functions[0](values)
    return Several((value, _gradients(value, options, values)))


def _gradients(value: Value, options: Options, values: Values) -> Value:
    if isinstance(value, Several) or (isinstance(value, Array) and value.shape):
        raise Mismatch(f"a gradient is of a scalar, found {value}")
    numbers = options.get("argnums", 0)
    found = []
    for number in numbers if isinstance(numbers, tuple) else (numbers,):
        if not isinstance(number, int) or not -len(values) <= number < len(values):
            raise Mismatch(f"there is no argument {number}")
        found.append(values[number])
    return Several(tuple(found)) if isinstance(numbers, tuple) else found[0]


def _jvp(functions: list[Infer], _options: Options, values: Values) -> Value:
    primals = values[0] if values else UNKNOWN
    if len(values) != 2 or any(isinstance(value, (Array, Static)) for value in values):
        raise Mismatch("expected a tuple of primals and a tuple of tangents")
    if not isinstance(primals, Several) or primals.items is None:
        return Several((UNKNOWN, UNKNOWN))
    if not may_be(primals, values[1]):
        raise Mismatch("the tangents are not like the primals")
    value = functions[0](primals.items)
    return Several((value, value))


def _vjp(functions: list[Infer], _options: Options, values: Values) -> Value:
    value = functions[0](values)

    def pull_back(cotangents: Values) -> Value:
        if len(cotangents) != 1 or not may_be(value, cotangents[0]):
            raise Mismatch(f"a cotangent is like the result, {value}")
        return values[0] if len(values) == 1 else Several(values)

    return Several((value, Function("", pull_back, 1)))


def _cond(functions: list[Infer], options: Options, values: Values) -> Value:
    predicate = values[0] if values else UNKNOWN
    if isinstance(predicate, Array) and (predicate.shape or predicate.dtype not in ("bool", None)):
        raise Mismatch(f"the first argument is a bool, found {predicate}")
    return _switch(functions, options, values)


def _switch(functions: list[Infer], _options: Options, values: Values) -> Value:
    results = [function(values[1:]) for function in functions]
    for other in results[1:]:
        if not may_be(results[0], other):
            raise Mismatch(f"the branches return {results[0]} and {other}")
    return results[0] if results else UNKNOWN


LIFT_RULES: dict[str, LiftRule] = {
    "same": _same,
    "vmap": _vmap,
    "scan": _scan,
    "while": _while,
    "grad": _grad,
    "value_and_grad": _value_and_grad,
    "jvp": _jvp,
    "vjp": _vjp,
    "cond": _cond,
    "switch": _switch,
}


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


class _Axis:
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
