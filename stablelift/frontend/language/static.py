"""What is known before tracing: arithmetic, tests and loops, bounded so that no file runs for ever."""

from __future__ import annotations

import operator
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from stablelift.frontend.language import syntax

INT64_MAX = 2**63 - 1
MAX_SECTIONS = 1024
# The rounds of all loops in one call from outside, those of the functions and modules it calls included.
MAX_ROUNDS = 20_000
MAX_DEPTH = 200
# The values in one tuple, those of the tuples inside of it included, and how deep these nest.
MAX_PARTS = 20_000
MAX_NESTED = 100


class RunMismatch(Exception):
    """A value that is not what is declared; it gets its place from the line that was running."""

    def __init__(self, message: str, *hints: str):
        super().__init__(message)
        self.hints = hints


class _Budget(threading.local):
    """How much the call that is running may still unroll."""

    depth: int = 0
    rounds: int = 0

    def __init__(self) -> None:
        # Tuples that the running call made, their parts and depth; held so that no other takes their place.
        self.tuples: dict[int, tuple[tuple[Any, ...], int, int]] = {}


_BUDGET = _Budget()


@contextmanager
def budgeted() -> Iterator[None]:
    """One call of a body; the outermost begins with the whole budget."""
    if _BUDGET.depth == 0:
        _BUDGET.rounds = MAX_ROUNDS
    if _BUDGET.depth >= MAX_DEPTH:
        raise RunMismatch(f"modules and functions call each other more than {MAX_DEPTH} deep")
    _BUDGET.depth += 1
    try:
        yield
    finally:
        _BUDGET.depth -= 1
        if _BUDGET.depth == 0:
            _BUDGET.tuples = {}


def each(items: Any) -> Iterator[Any]:
    """The items of a range or tuple, as long as the budget lasts. Raises RunMismatch."""
    if not isinstance(items, (tuple, list, range)):
        raise RunMismatch(f"expected a range or a tuple, known before tracing, found {_what(items)}")
    for item in items:
        _BUDGET.rounds -= 1
        if _BUDGET.rounds < 0:
            raise RunMismatch(f"the loops of one call have more than {MAX_ROUNDS} rounds")
        yield item


def held(items: Any) -> tuple[Any, ...]:
    """A tuple of the items, if it is not too large. Raises RunMismatch."""
    made = tuple(items)
    sizes = [_measured(item) for item in made if isinstance(item, tuple)]
    parts = len(made) - len(sizes) + sum(inner for inner, _ in sizes)
    depth = 1 + max((inner for _, inner in sizes), default=0)
    problem = too_large(parts, depth)
    if problem:
        raise RunMismatch(problem)
    _BUDGET.tuples[id(made)] = made, parts, depth
    return made


def _measured(items: tuple[Any, ...]) -> tuple[int, int]:
    """How many values a tuple holds, and how deep it nests."""
    known = _BUDGET.tuples.get(id(items)) or _BUDGET.tuples[id(held(items))]
    return known[1:]


def too_large(parts: int, depth: int) -> str:
    """What is wrong with a tuple of so many values, nested so deep, or an empty string."""
    if parts > MAX_PARTS:
        return f"a tuple holds at most {MAX_PARTS} values, those of tuples inside included"
    return f"tuples nest at most {MAX_NESTED} deep" if depth > MAX_NESTED else ""


def counted(start: Any, stop: Any = None, step: Any = 1) -> range:
    """`range`, of integers known before tracing. Raises RunMismatch."""
    bounds = (0, start, step) if stop is None else (start, stop, step)
    for bound in bounds:
        if not isinstance(bound, int) or isinstance(bound, bool):
            raise RunMismatch(f"`range` wants integers known before tracing, found {_what(bound)}")
    if step == 0:
        raise RunMismatch("the step of a `range` is zero")
    return range(*bounds)


def length(items: Any) -> int:
    """The number of items of a tuple. Raises RunMismatch."""
    if not isinstance(items, (tuple, list, range)):
        raise RunMismatch(f"`len` wants a tuple, found {_what(items)}")
    return len(items)


def decide(test: Any) -> bool:
    """A test of the configuration. Raises RunMismatch for what only running could decide."""
    if not isinstance(test, bool):
        hint = "`where(test, x, y)` chooses between arrays" if hasattr(test, "dtype") else ""
        raise RunMismatch(f"expected true or false, known before tracing, found {_what(test)}", hint)
    return test


def _what(value: Any) -> str:
    return f"a value of type `{type(value).__name__}`" if not hasattr(value, "dtype") else "an array"


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
                raise RunMismatch(f"expected a number, found {_what(operand)}")
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
