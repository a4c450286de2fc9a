"""What derivatives make of shapes, and functions whose derivative others give."""

from __future__ import annotations

from collections.abc import Callable
from itertools import compress
from typing import Any

from stablelift.frontend.language.mapped_axis import Values, may_be
from stablelift.frontend.language.shapes import Mismatch
from stablelift.frontend.language.values import (
    UNKNOWN,
    Array,
    Function,
    Several,
    Static,
    Value,
    dtype_fits,
)

Infer = Callable[[Values], Value]
Options = dict[str, Any]
LiftRule = Callable[[list[Infer], Options, Values], Value]


def _with_aux(value: Value, options: Options) -> tuple[Value, Values]:
    """The value, and what else the function gives with `has_aux`. Raises Mismatch."""
    if not options.get("has_aux"):
        return value, ()
    items = value.items if isinstance(value, Several) else None
    if (isinstance(value, Array) and value.shape is not None) or (items is not None and len(items) != 2):
        raise Mismatch(f"with `has_aux` the function returns its value and one thing more, found {value}")
    return (items[0], (items[1],)) if items else (UNKNOWN, (UNKNOWN,))


def _grad(functions: list[Infer], options: Options, values: Values) -> Value:
    value, aux = _with_aux(functions[0](values), options)
    found = _gradients(value, options, values)
    return Several((found, *aux)) if aux else found


def _value_and_grad(functions: list[Infer], options: Options, values: Values) -> Value:
    value, aux = _with_aux(functions[0](values), options)
    found = _gradients(value, options, values)
    return Several((Several((value, *aux)) if aux else value, found))


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


def _jvp(functions: list[Infer], options: Options, values: Values) -> Value:
    primals = values[0] if values else UNKNOWN
    if len(values) != 2 or any(isinstance(value, (Array, Static)) for value in values):
        raise Mismatch("expected a tuple of primals and a tuple of tangents")
    if not isinstance(primals, Several) or primals.items is None:
        return Several((UNKNOWN, UNKNOWN))
    if not may_be(primals, values[1]):
        raise Mismatch("the tangents are not like the primals")
    value, aux = _with_aux(functions[0](primals.items), options)
    return Several((value, value, *aux))


def _linearize(functions: list[Infer], _options: Options, values: Values) -> Value:
    value = functions[0](values)

    def push_forward(tangents: Values) -> Value:
        if len(tangents) != len(values) or not all(map(may_be, values, tangents)):
            raise Mismatch("the tangents are not like the primals")
        return value

    return Several((value, Function("", push_forward, len(values))))


def _vjp(functions: list[Infer], options: Options, values: Values) -> Value:
    value, aux = _with_aux(functions[0](values), options)

    def pull_back(cotangents: Values) -> Value:
        if len(cotangents) != 1 or not may_be(value, cotangents[0]):
            raise Mismatch(f"a cotangent is like the result, {value}")
        return values[0] if len(values) == 1 else Several(values)

    return Several((value, Function("", pull_back, 1), *aux))


def _parted(options: Options, values: Values) -> tuple[Values, Values]:
    """The values of the arguments that have no derivative, and of those that have one."""
    numbers = options.get("nondiff_argnums", ())
    fixed = numbers if isinstance(numbers, tuple) else (numbers,)
    chosen = [number in fixed for number in range(len(values))]
    return tuple(compress(values, chosen)), tuple(compress(values, (not each for each in chosen)))


def _custom_jvp(functions: list[Infer], options: Options, values: Values) -> Value:
    value = functions[0](values)
    static, moving = _parted(options, values)
    moved = functions[1]((*static, *moving, *moving))
    if not may_be(Several((value, value)), moved):
        raise Mismatch(f"the rule returns the value and its tangent, two of {value}, found {moved}")
    return value


def _custom_vjp(functions: list[Infer], options: Options, values: Values) -> Value:
    value = functions[0](values)
    static, moving = _parted(options, values)
    results = _items(value)
    kept = _items(functions[1](values))
    if results is None or kept is None:
        return value
    if len(kept) < len(results) or not all(map(may_be, results, kept)):
        shown = Several(kept) if len(kept) > 1 else next(iter(kept))
        raise Mismatch(f"the forward function returns {value} and residuals, found {shown}")
    gradients = _items(functions[2]((*static, *kept[len(results) :], *results)))
    if gradients is not None and not _are_gradients(moving, gradients):
        shown = Several(gradients) if len(gradients) > 1 else next(iter(gradients))
        raise Mismatch(f"the backward function returns a gradient for each argument, found {shown}")
    return value


def _items(value: Value) -> Values | None:
    """What a function returns, one by one; None where that is not known."""
    if isinstance(value, Several):
        return value.items
    return (value,) if isinstance(value, Array) and value.shape is not None else None


def _are_gradients(values: Values, gradients: Values) -> bool:
    """Whether there is one for each; that of an integer is not looked at."""
    if len(values) == 1 and isinstance(values[0], Several):
        return True
    if len(values) != len(gradients):
        return False
    inexact = [not isinstance(value, Array) or dtype_fits("float", value.dtype) for value in values]
    return all(map(may_be, compress(values, inexact), compress(gradients, inexact)))


DERIVATIVE_RULES: dict[str, LiftRule] = {
    "grad": _grad,
    "value_and_grad": _value_and_grad,
    "jvp": _jvp,
    "linearize": _linearize,
    "vjp": _vjp,
    "custom_jvp": _custom_jvp,
    "custom_vjp": _custom_vjp,
}
