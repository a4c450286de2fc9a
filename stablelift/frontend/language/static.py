"""Arithmetic of the numbers that are known before tracing, bounded so that no file computes for ever."""

from __future__ import annotations

from typing import Any

from stablelift.frontend.language import syntax

INT64_MAX = 2**63 - 1


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
        case syntax.Binary(operator=operator, left=left, right=right):
            try:
                return OPERATORS[operator](compute(left, sizes), compute(right, sizes))
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
    return _bounded(result)


OPERATORS: dict[str, Any] = {
    "+": lambda x, y: _bounded(x + y),
    "-": lambda x, y: _bounded(x - y),
    "*": lambda x, y: _bounded(x * y),
    "/": lambda x, y: x / y,
    "//": lambda x, y: x // y,
    "%": lambda x, y: x % y,
    "**": _power,
}
