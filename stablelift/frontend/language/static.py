"""Arithmetic of the numbers that are known before tracing, bounded so that no file computes for ever."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from stablelift.frontend.language import syntax

INT64_MAX = 2**63 - 1
MAX_SECTIONS = 1024


class RunMismatch(Exception):
    """A value that is not what is declared; it gets its place from the line that was running."""

    def __init__(self, message: str, *hints: str):
        super().__init__(message)
        self.hints = hints


def compute(dimension: syntax.Expression, sizes: dict[str, Any]) -> Any:
    """The size that a dimension of a type spells. Raises RunMismatch."""
    match dimension:
        case syntax.Name(text=text):
            return sizes[text]
        case syntax.Literal(value=value):
            return value
        case syntax.Binary(operator=sign, left=left, right=right):
            try:
                return OPERATORS[sign](compute(left, sizes), compute(right, sizes))
            except ZeroDivisionError:
                raise RunMismatch("a dimension divides by zero") from None
    raise AssertionError("the checker lets no other dimension pass")


def _bounded(result: Any) -> Any:
    if isinstance(result, int) and not -INT64_MAX <= result <= INT64_MAX:
        raise RunMismatch("the result does not fit into 64 bits")
    return result


def _power(base: Any, exponent: Any) -> Any:
    integers = isinstance(base, int) and isinstance(exponent, int)
    if integers and exponent > 0 and (abs(base).bit_length() - 1) * exponent > 64:
        raise RunMismatch("the result does not fit into 64 bits")
    result = base**exponent
    if isinstance(result, complex):
        raise RunMismatch(f"a fractional power of a negative number: {base} ** {exponent}")
    return result


def count(sections: Any) -> Any:
    """The number of pieces of a `split`, which makes an operation for each. Raises RunMismatch."""
    if isinstance(sections, int) and sections > MAX_SECTIONS:
        raise RunMismatch(f"expected at most {MAX_SECTIONS} pieces, found {sections}")
    return sections


def _of_numbers(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """The function of numbers or arrays; tuples and strings, which Python multiplies too, are refused."""

    def checked(x: Any, y: Any) -> Any:
        for operand in (x, y):
            if not isinstance(operand, (int, float)) and not hasattr(operand, "dtype"):
                raise RunMismatch(f"expected a number, found a value of type `{type(operand).__name__}`")
        return _bounded(function(x, y))

    return checked


OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": _of_numbers(operator.add),
    "-": _of_numbers(operator.sub),
    "*": _of_numbers(operator.mul),
    "/": _of_numbers(operator.truediv),
    "//": _of_numbers(operator.floordiv),
    "%": _of_numbers(operator.mod),
    "**": _of_numbers(_power),
    "@": operator.matmul,
}
