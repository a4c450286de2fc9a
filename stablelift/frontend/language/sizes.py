"""Sizes of dimensions as polynomials of names: `3 * d` and `d + d + d` are one size.

A size is an integer, a name, a `Computed` of them, or None where it is not known. Two names are two sizes,
and a name is no integer: a body must hold whatever the sizes are. A floor division that may leave a rest is
an atom of its own, of which nothing more is known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Any

# More terms than this are not worth following.
MAX_TERMS = 16
INT64_MAX = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Quotient:
    """`left // right`, where the division may leave a rest."""

    left: Size
    right: Size

    def __str__(self) -> str:
        return f"{_factor(self.left)} // {_factor(self.right)}"


Atom = str | Quotient
Monomial = tuple[Atom, ...]


@dataclass(frozen=True, slots=True)
class Computed:
    """A sum of products; each term is its factors, in order, and its coefficient."""

    terms: tuple[tuple[Monomial, int], ...]

    def __str__(self) -> str:
        if len(self.terms) == 1 and self.terms[0][1] == 1 and len(self.terms[0][0]) == 1:
            return str(self.terms[0][0][0])
        text = ""
        for factors, coefficient in self.terms:
            sign = " - " if coefficient < 0 else " + "
            shown = " * ".join(map(_factor, factors))
            if abs(coefficient) != 1 or not factors:
                shown = f"{abs(coefficient)}{' * ' * bool(factors)}{shown}"
            text += sign + shown
        return text[3:] if text.startswith(" + ") else f"-{text[3:]}"


Size = int | str | Computed | None


def _factor(size: Size | Atom) -> str:
    simple = isinstance(size, (int, str)) or size is None
    return str(size) if simple else f"({size})"


def _terms(size: int | str | Computed) -> dict[Monomial, int]:
    if isinstance(size, Computed):
        return dict(size.terms)
    return {(): size} if isinstance(size, int) else {(size,): 1}


def _size(terms: Mapping[Monomial, int]) -> Size:
    """The simplest size with these terms."""
    kept = {factors: coefficient for factors, coefficient in terms.items() if coefficient}
    if len(kept) > MAX_TERMS or any(abs(each) > INT64_MAX for each in kept.values()):
        return None
    if not kept.keys() - {()}:
        return kept.get((), 0)
    if len(kept) == 1:
        ((factors, coefficient),) = kept.items()
        if coefficient == 1 and len(factors) == 1 and isinstance(factors[0], str):
            return factors[0]
    order = sorted(kept, key=lambda factors: (-len(factors), tuple(map(str, factors))))
    return Computed(tuple((factors, kept[factors]) for factors in order))


def add(left: Size, right: Size) -> Size:
    """`left + right`."""
    if left is None or right is None:
        return None
    total = Counter(_terms(left))
    for factors, coefficient in _terms(right).items():
        total[factors] += coefficient
    return _size(total)


def subtract(left: Size, right: Size) -> Size:
    """`left - right`."""
    return add(left, multiply(-1, right))


def multiply(left: Size, right: Size) -> Size:
    """`left * right`."""
    if left is None or right is None:
        return None
    product: Counter[Monomial] = Counter()
    for a, x in _terms(left).items():
        for b, y in _terms(right).items():
            product[tuple(sorted((*a, *b), key=str))] += x * y
    return _size(product)


def quotient(left: Size, right: Size) -> Size:
    """`left // right`."""
    if left is None or right is None or right == 0:
        return None
    if isinstance(left, int) and isinstance(right, int):
        return left // right
    exact = divide(left, right)
    return Computed((((Quotient(left, right),), 1),)) if exact is None else exact


def divide(left: Size, right: Size) -> Size:
    """`left / right` where that leaves no rest, whatever the names are; None where it may."""
    if left is None or right is None or right == 0:
        return None
    if left == 0:
        return 0
    divisor = _terms(right)
    if len(divisor) != 1:
        return 1 if left == right else None
    ((factors, coefficient),) = divisor.items()
    found: dict[Monomial, int] = {}
    for monomial, times in _terms(left).items():
        kept = Counter(monomial)
        kept.subtract(Counter(factors))
        if times % coefficient or any(count < 0 for count in kept.values()):
            return None
        found[tuple(sorted(kept.elements(), key=str))] = times // coefficient
    return _size(found)


def power(base: Size, exponent: Size) -> Size:
    """`base ** exponent`, for small exponents."""
    if not isinstance(exponent, int) or not 0 <= exponent <= 4:
        return None
    result: Size = 1
    for _ in range(exponent):
        result = multiply(result, base)
    return result


def decided(size: Size) -> bool:
    """Whether the size is known to differ from every other one: no part of it is a floor division."""
    if isinstance(size, Computed):
        return all(isinstance(factor, str) for factors, _ in size.terms for factor in factors)
    return size is not None


def differ(left: Size, right: Size) -> bool:
    """Whether two sizes are known to differ."""
    return decided(left) and decided(right) and left != right


def replace(size: Size, bound: Mapping[str, Any]) -> Size:
    """The size with its names replaced by the sizes they are bound to."""
    if size is None or isinstance(size, int):
        return size
    if isinstance(size, str):
        return _bound(size, bound)
    total: Size = 0
    for factors, coefficient in size.terms:
        term: Size = coefficient
        for factor in factors:
            if isinstance(factor, Quotient):
                value = quotient(replace(factor.left, bound), replace(factor.right, bound))
            else:
                value = _bound(factor, bound)
            term = multiply(term, value)
        total = add(total, term)
    return total


def _bound(name: str, bound: Mapping[str, Any]) -> Size:
    """What a name is bound to; of a rest, `*name`, the product of its sizes."""
    value = bound.get(name.lstrip("*"))
    if not name.startswith("*"):
        return None if isinstance(value, tuple) else value
    return product(value) if isinstance(value, tuple) else None


def unbound_name(size: Size, bound: Container[str]) -> str | None:
    """The only name in the size that is not bound, if the size grows with it in proportion."""
    if not isinstance(size, Computed):
        return None
    free: set[str] = set()
    for factors, _ in size.terms:
        names = [factor for factor in factors if isinstance(factor, str) and factor not in bound]
        if len(names) > 1 or any(isinstance(factor, Quotient) for factor in factors):
            return None
        free |= set(names)
    return free.pop() if len(free) == 1 else None


def solve(size: Size, name: str, total: Size, bound: Mapping[str, Any]) -> Size:
    """What the name is if `size`, in which it is the only one that is not bound, is `total`."""
    assert isinstance(size, Computed)
    slope: Size = 0
    rest: Size = 0
    for factors, coefficient in size.terms:
        others = tuple(factor for factor in factors if factor != name)
        term = replace(_size({others: coefficient}), bound)
        if name in factors:
            slope = add(slope, term)
        else:
            rest = add(rest, term)
    return divide(subtract(total, rest), slope)


def product(sizes: tuple[Any, ...]) -> Size:
    """The number of elements; a rest counts as one name."""
    total: Size = 1
    for size in sizes:
        total = multiply(total, f"*{size.name}" if hasattr(size, "name") else size)
    return total


OPERATIONS = {"+": add, "-": subtract, "*": multiply, "//": quotient, "**": power}
