"""What only the call decides is an error at the line of the `.lift` file, in the names of its dimensions."""

from pathlib import Path

import jax
import jax.numpy as jnp
import pytest

from stablelift.frontend.language.build import build
from stablelift.frontend.language.check import check
from stablelift.frontend.language.diagnostics import LiftTraceError, Source
from stablelift.frontend.language.load import load
from stablelift.frontend.language.parse import parse

DIGITS = Path(__file__).parents[3] / "examples" / "digits.lift"


def namespace(text: str):
    file, source = parse(text, "m.lift"), Source.of(text, "m.lift")
    check(file, source)
    return build(file, source, "m")


def refused(run) -> str:
    with pytest.raises(LiftTraceError) as caught:
        run()
    return str(caught.value)


FN = "fn f(x: f32[n, d], y: f32[*batch, d, 2 * n])\n  z = x @ y\n  return z\n"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (
            (jnp.ones((3,)), jnp.ones((2, 6))),
            "m.lift:1:6: error: `f` wants f32[n, d] for `x`, got f32[3]\n"
            "    1 | fn f(x: f32[n, d], y: f32[*batch, d, 2 * n])\n"
            "      |      ^^^^^^^^^^^^",
        ),
        (
            (jnp.ones((3, 2)), jnp.ones((4, 5, 6))),
            "m.lift:1:20: error: `f` wants f32[*batch, d, 2 * n] for `y`, got f32[4, 5, 6]\n"
            "    1 | fn f(x: f32[n, d], y: f32[*batch, d, 2 * n])\n"
            "      |                    ^^^^^^^^^^^^^^^^^^^^^^^^\n"
            "  hint: `d` is 2 by `x`",
        ),
        (
            (jnp.ones((3, 2)), jnp.ones((4, 2, 5))),
            "m.lift:1:20: error: `f` wants f32[*batch, d, 2 * n] for `y`, got f32[4, 2, 5]\n"
            "    1 | fn f(x: f32[n, d], y: f32[*batch, d, 2 * n])\n"
            "      |                    ^^^^^^^^^^^^^^^^^^^^^^^^\n"
            "  hint: axis 2 is 6 by the declaration",
        ),
        (
            (jnp.ones((3, 2), int), jnp.ones((2, 6))),
            "m.lift:1:6: error: `f` wants f32[n, d] for `x`, got i32[3, 2]\n"
            "    1 | fn f(x: f32[n, d], y: f32[*batch, d, 2 * n])\n"
            "      |      ^^^^^^^^^^^^",
        ),
        (
            ([1.0], jnp.ones((2, 6))),
            "m.lift:1:6: error: `f` wants f32[n, d] for `x`, got a tuple of 1\n"
            "    1 | fn f(x: f32[n, d], y: f32[*batch, d, 2 * n])\n"
            "      |      ^^^^^^^^^^^^",
        ),
        (
            (jnp.ones((3, 2)),),
            "m.lift:1:4: error: `f` takes x, y: missing a required argument: 'y'\n"
            "    1 | fn f(x: f32[n, d], y: f32[*batch, d, 2 * n])\n"
            "      |    ^",
        ),
    ],
)
def test_arguments(arguments, expected):
    assert refused(lambda: namespace(FN).f(*arguments)) == expected


def test_an_array_function_that_refuses():
    text = "fn f(x: f32[n], k: f32[*batch])\n  y = concatenate((x, k)) + 1\n  return y\n"
    message = refused(lambda: namespace(text).f(jnp.ones(3), jnp.ones((2, 2))))
    place, excerpt, caret, *hints = message.split("\n")
    assert place.startswith("m.lift:2:7: error: `concatenate` failed: ")
    assert excerpt == "    2 |   y = concatenate((x, k)) + 1"
    assert caret == "      |       ^^^^^^^^^^^^^^^^^^^"
    assert hints == ["  hint: `x` is f32[3]", "  hint: `k` is f32[2, 2]"]


def test_an_operator_that_refuses_inside_jit():
    text = "fn f(x, y)\n  return (x +\n    y * 2)\n"
    message = refused(lambda: jax.jit(namespace(text).f)(jnp.ones(3), jnp.ones(2)))
    assert message.splitlines()[0].startswith("m.lift:2:11: error: `+` failed: ")
    assert message.splitlines()[1:] == [
        "    2 |   return (x +",
        "      |           ^^^",
        "  hint: `x` is f32[3]",
        "  hint: `y` is f32[2]",
    ]


def test_a_result_of_another_shape():
    text = "fn f(x: f32[n, d]) -> f32[d, n]\n  return atleast_2d(x)\n"
    assert refused(lambda: namespace(text).f(jnp.ones((3, 2)))) == (
        "m.lift:2:10: error: `f` is declared to return f32[d, n], found f32[3, 2]\n"
        "    2 |   return atleast_2d(x)\n"
        "      |          ^^^^^^^^^^^^^\n"
        "  hint: the declared sizes are [2, 3]"
    )


def test_a_local_of_another_dtype():
    text = "fn f(x: f32[n])\n  y: i32[n] = atleast_1d(x)\n  return y\n"
    assert refused(lambda: namespace(text).f(jnp.ones(3))).splitlines()[0] == (
        "m.lift:2:15: error: `y` is declared i32[n], found f32[3]"
    )


def test_an_argument_of_a_module_is_shown_at_the_call():
    text = (
        "module Inner\n  call(x: f32[a, b])\n    return x\n\n"
        "module Outer\n  call(x)\n    y = Inner()(x)\n    return y\n"
    )
    assert refused(lambda: namespace(text).Outer().init(jax.random.key(0), jnp.ones(3))) == (
        "m.lift:7:9: error: `call` wants f32[a, b] for `x`, got f32[3]\n"
        "    7 |     y = Inner()(x)\n"
        "      |         ^^^^^^^^^^\n"
        "  hint: declared at m.lift:2:8"
    )


def test_inside_a_lift():
    x = jnp.ones((3,), jnp.int32)
    message = refused(lambda: load(DIGITS).Ensemble().init(jax.random.key(0), x))
    assert message.splitlines()[0] == (
        f"{DIGITS}:10:8: error: `call` wants f32[*batch, pixels] for `x`, got i32[3]"
    )


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("9 ** 9 ** 9", "the result does not fit into 64 bits"),
        ("9223372036854775807 * 2", "the result does not fit into 64 bits"),
        ("n // (n - 3)", "`//` failed: integer division or modulo by zero"),
        ("2.0 ** 5000", "`**` failed: (34, 'Numerical result out of range')"),
        ("(0 - n) ** 0.5", "a fractional power of a negative number: -3 ** 0.5"),
    ],
)
def test_arithmetic_of_numbers_is_bounded(body, reason):
    message = refused(lambda: namespace(f"fn f(x: f32[n])\n  return x * ({body})\n").f(jnp.ones(3)))
    assert message.splitlines()[0].split("error: ")[1] == reason


def test_a_variable_of_another_shape():
    text = "module M\n  call(x: f32[d])\n    variable stats.mean: f32[d] = zeros()\n    return x - mean\n"
    model = namespace(text).M()
    assert refused(lambda: model.apply({"stats": {"mean": jnp.ones(2)}}, jnp.ones(3))).splitlines()[0] == (
        "m.lift:3:20: error: the variable `stats.mean` is declared f32[d], found f32[2]"
    )


TOO_LARGE = "the result does not fit into 64 bits"
NO_NUMBER = "expected a number, found a value of type `tuple`"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("t = (99999999, 2)\n  a, b = t\n  return x * a ** a", TOO_LARGE),
        ("t = (99999999, 2)\n  u = t\n  a, b = u\n  c = a\n  return x * c ** c", TOO_LARGE),
        ("t = (n, (x, x))\n  a, b = t\n  c, d = b\n  return c + d + a ** 99999", TOO_LARGE),
        ("return sum(split(x, 3 * 99999)[0])", "expected at most 1024 pieces, found 299997"),
        ("a, b = split(x, 3 * 99999)\n  return a", "expected at most 1024 pieces, found 299997"),
        ("t = (*rest, (1, 2))\n  a, b = t\n  return x * (b * 99999999)", NO_NUMBER),
    ],
)
def test_numbers_in_tuples_are_bounded_too(lines, message):
    text = f"fn f(x: f32[n], y: f32[*rest])\n  {lines}\n"
    found = refused(lambda: namespace(text).f(jnp.ones(3), jnp.ones(2)))
    assert found.splitlines()[0].split("error: ")[1] == message


def test_untyped_arguments_are_arrays():
    square = namespace("fn f(x)\n  return x ** x ** x\n").f
    assert square(2).shape == ()
    assert refused(lambda: square((1, 2))).splitlines()[0] == (
        "m.lift:1:6: error: `f` wants an array for `x`, got a tuple of 2"
    )


def test_results_of_which_nothing_is_declared_are_arrays():
    m = namespace(
        "fn f()\n  return 3\n\nfn pair(x)\n  return x, 2 * x\n\n"
        "fn both(x) -> (f32[], f32[])\n  return pair(x)\n\nfn g(x)\n  a, b = pair(x)\n  return a + b\n"
    )
    assert m.f() == jnp.asarray(3)
    assert m.g(1.0) == 3.0
    assert m.both(1.0) == (1.0, 2.0)
