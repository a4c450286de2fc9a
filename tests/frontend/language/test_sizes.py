"""Sizes of names are what they are of numbers, whatever the numbers are."""

import operator

from hypothesis import given
from hypothesis import strategies as st

from stablelift.frontend.language.sizes import (
    OPERATIONS,
    Computed,
    add,
    decided,
    differ,
    divide,
    multiply,
    replace,
    solve,
    unbound_name,
)

VALUES = {"a": 2, "b": 3, "c": 5}
OTHERS = {"a": 7, "b": 1, "c": 4}
IN_PYTHON = {"+": operator.add, "-": operator.sub, "*": operator.mul, "//": operator.floordiv}


@st.composite
def spelt(draw, depth=0):
    """An arithmetic expression, as a nested tuple."""
    if depth > 3 or draw(st.booleans()):
        return draw(st.sampled_from(["a", "b", "c", 0, 1, 2, 3, -1]))
    sign = draw(st.sampled_from(["+", "-", "*", "//"]))
    return sign, draw(spelt(depth + 1)), draw(spelt(depth + 1))


def symbolic(tree):
    if not isinstance(tree, tuple):
        return tree
    sign, left, right = tree
    return OPERATIONS[sign](symbolic(left), symbolic(right))


def number(tree, values):
    """What Python makes of it; None where it divides by zero, which nothing has to be."""
    if not isinstance(tree, tuple):
        return values.get(tree, tree)
    sign, *sides = tree
    left, right = (number(side, values) for side in sides)
    if left is None or right is None or (sign == "//" and right == 0):
        return None
    return IN_PYTHON[sign](left, right)


@given(spelt())
def test_a_size_is_the_number_that_its_names_make_it(tree):
    size = symbolic(tree)
    for values in (VALUES, OTHERS):
        found, expected = replace(size, values), number(tree, values)
        assert None in (found, expected) or found == expected, str(size)


@given(spelt(), spelt())
def test_sizes_that_are_one_are_equal_and_others_differ_somewhere(left, right):
    one, other = symbolic(left), symbolic(right)
    if one == other and one is not None and decided(one):
        both = [(number(left, values), number(right, values)) for values in (VALUES, OTHERS)]
        assert all(None in pair or pair[0] == pair[1] for pair in both)
    assert not differ(one, one)
    assert add(one, other) == add(other, one)
    assert multiply(one, other) == multiply(other, one)


@given(spelt(), st.sampled_from([2, 3, "a", "b"]))
def test_division_undoes_multiplication(tree, factor):
    size = symbolic(tree)
    product = multiply(size, factor)
    if product is not None:
        assert divide(product, factor) == size


@given(spelt(), st.integers(1, 9))
def test_a_name_that_is_solved_for(tree, value):
    size = symbolic(tree)
    bound = {"b": 3, "c": 5}
    name = unbound_name(size, bound)
    if name is not None:
        total = replace(size, {**bound, name: value})
        found = solve(size, name, total, bound)
        assert found == value or replace(size, {**bound, name: value + 1}) == total


def test_how_sizes_are_shown():
    shown = {
        "3 * d": multiply(3, "d"),
        "d + e": add("d", "e"),
        "d - 1": add("d", -1),
        "-d + 4": add(4, multiply(-1, "d")),
        "2 * d * n": multiply(multiply("n", 2), "d"),
        "d // 2": OPERATIONS["//"]("d", 2),
        "(d + 1) // 2": OPERATIONS["//"](add("d", 1), 2),
    }
    for text, size in shown.items():
        assert isinstance(size, Computed)
        assert str(size) == text
    assert OPERATIONS["//"](multiply(4, "d"), 2) == multiply(2, "d")
    assert OPERATIONS["**"]("d", 2) == multiply("d", "d")
