"""Rules of one source that differ in what they close over are different rules, however deep they stand."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import stablelift
from stablelift import functional
from stablelift.errors import LiftError
from stablelift.lowering.rule_closures import held_by


def with_jvp(scale, depth):
    """A function in whose derivative of order `depth + 1` a rule multiplies by `scale`."""

    @jax.custom_jvp
    def inner(x):
        return x * 2

    inner.defjvp(lambda primals, tangents: (inner(*primals), tangents[0] * scale))
    for _ in range(depth):
        inner = _applied_by_a_rule(inner)
    return inner


def _applied_by_a_rule(inner):
    @jax.custom_jvp
    def outer(x):
        return jnp.sin(x)

    outer.defjvp(lambda primals, tangents: (outer(*primals), inner(primals[0]) * tangents[0]))
    return outer


def with_vjp(scale, depth):
    """The same, whose innermost rule is a pair."""

    @jax.custom_vjp
    def inner(x):
        return x * 2

    inner.defvjp(lambda x: (inner(x), None), lambda _, cotangent: (cotangent * scale,))
    for _ in range(depth):
        inner = _applied_by_a_rule(inner)
    return inner


def differentiated(grad, function, times):
    return differentiated(grad, grad(function), times - 1) if times else function


@pytest.mark.parametrize("make", [with_jvp, with_vjp])
@pytest.mark.parametrize("depth", [0, 1, 2, 3, 4])
def test_rules_that_differ_in_a_number(make, depth):
    def total(x, call=lambda function: function):
        return call(make(1.0, depth))(x) + 10 * call(make(5.0, depth))(x)

    assert differentiated(jax.grad, total, depth + 1)(0.7) == 51
    assert differentiated(functional.grad, total, depth + 1)(0.7) == 51
    called = partial(total, call=functional.jit)
    assert stablelift.compile(differentiated(functional.grad, called, depth + 1))(0.7) == 51


def test_rules_that_differ_in_an_argument_that_is_not_differentiated():
    @partial(jax.custom_jvp, nondiff_argnums=(0,))
    def inner(scale, x):
        return x * 2

    inner.defjvp(lambda scale, primals, tangents: (inner(scale, *primals), tangents[0] * scale))

    def total(x):
        outer = (_applied_by_a_rule(partial(inner, scale)) for scale in (1.0, 5.0))
        return next(outer)(x) + 10 * next(outer)(x)

    assert differentiated(functional.grad, total, 2)(0.7) == differentiated(jax.grad, total, 2)(0.7) == 51


def with_attribute(scale, depth):
    def held():
        pass

    held.value = scale

    @jax.custom_jvp
    def inner(x):
        return x * 2

    inner.defjvp(lambda primals, tangents: (inner(*primals), tangents[0] * held.value))
    return _applied_by_a_rule(inner) if depth else inner


def test_rules_that_differ_in_an_attribute_of_a_function():
    def total(x):
        return with_attribute(1.0, 1)(x) + 10 * with_attribute(5.0, 1)(x)

    assert differentiated(functional.grad, total, 2)(0.7) == 51


class Anything:
    factor = 2.0


@pytest.mark.parametrize("kind", ["jvp", "vjp"])
def test_rules_that_are_made_anew_each_time_come_to_an_end(kind):
    """Each closes over an object of its own, and applies two others."""

    def made():
        held = Anything()
        function = getattr(jax, f"custom_{kind}")(lambda x: jnp.sin(x) * held.factor)
        slope = lambda x: jnp.cos(x) * held.factor + 0 * (made()(x) + made()(x))  # noqa: E731
        if kind == "jvp":
            function.defjvp(lambda primals, tangents: (made()(*primals), slope(*primals) * tangents[0]))
        else:
            function.defvjp(lambda x: (made()(x), x), lambda x, cotangent: (slope(x) * cotangent,))
        return function

    np.testing.assert_allclose(functional.grad(made())(0.7), 2 * np.cos(0.7), rtol=1e-6)


def test_rules_may_close_over_what_closes_over_itself():
    def power(x, n):
        return x if n == 1 else x * power(x, n - 1)

    cube = jax.custom_jvp(lambda x: power(x, 3))
    cube.defjvp(lambda primals, tangents: (cube(*primals), 3 * power(primals[0], 2) * tangents[0]))
    assert functional.grad(_applied_by_a_rule(cube))(2.0) == 8
    assert functional.grad(functional.grad(_applied_by_a_rule(cube)))(2.0) == 12


def test_functions_are_told_by_code_and_by_what_they_close_over():
    def made(value):
        def function(x, y=3):
            return x + value + y

        return function

    def itself(value):
        def function(x):
            return function(x) + value

        return function

    held = partial(held_by, unknown=id)
    partly, jitted = (lambda value: partial(made(1), value)), (lambda value: jax.jit(made(value)))
    for make in (made, itself, partial(with_jvp, depth=1), partial(with_vjp, depth=1), partly, jitted):
        assert held(make(1.0)) == held(make(1.0)) != held(make(2.0))
    assert held(made(0.0)) != held(made(-0.0)) and held(made(1)) != held(made(True))
    array = np.ones(3)
    assert held(made(array)) == held(made(array)) != held(made(np.ones(3)))


@pytest.mark.parametrize("make", [jax.custom_jvp, functional.custom_jvp])
def test_beyond_what_is_traced_there_is_no_derivative(make):
    """They were NaN, and from the tenth order on finite and wrong."""

    @partial(make, nondiff_argnums=(0,))
    def endless(k, x):
        return x * x * k

    endless.defjvp(lambda k, given, moving: (endless(k, *given), endless(k + 1, *given) * moving[0]))
    assert np.isfinite(differentiated(functional.grad, partial(endless, 1), 8)(0.3))
    for orders in (9, 10):
        with pytest.raises(LiftError, match="the derivative rule of `endless` ended in an error\n.*8 "):
            differentiated(functional.grad, partial(endless, 1), orders)(0.3)


NUMBERS = np.arange(3.0, dtype=np.float32)


def with_numbers(kind, function, slope):
    """A function whose derivative a rule gives, where both are multiplied by an array they close over."""
    f = kind(lambda x: function(x) * NUMBERS)
    if kind is jax.custom_vjp:
        f.defvjp(lambda x: (f(x), x), lambda x, ct: (ct * slope(x) * NUMBERS,))
    else:
        f.defjvp(lambda given, moving: (f(*given), moving[0] * slope(*given) * NUMBERS))
    return f


@pytest.mark.parametrize("outer", [jax.custom_jvp, jax.custom_vjp])
def test_rules_inside_of_rules_close_over_arrays(outer):
    """JAX makes arguments of them where it records a call again, which have no tangents: it was refused."""
    inner = with_numbers(jax.custom_vjp, jnp.cos, lambda x: -jnp.sin(x))
    f = with_numbers(outer, lambda x: jnp.sin(x) * 2, lambda x: inner(x) * 2)
    x = jnp.arange(3.0) + 0.5

    def second(grad):
        return grad(lambda x: grad(lambda x: f(x).sum())(x).sum())

    np.testing.assert_allclose(second(functional.grad)(x), second(jax.grad)(x), rtol=1e-5)


@pytest.mark.parametrize("library", [jax, functional])
def test_the_gradient_of_what_a_reverse_rule_closes_over_is_an_error(library):
    """It was zero; JAX says the same of its own."""

    def loss(w, x):
        @library.custom_vjp
        def f(x):
            return x * w

        f.defvjp(lambda x: (x, None), lambda _, ct: (ct * 5,))
        return w * f(x)

    assert functional.grad(loss, argnums=1)(2.0, 3.0) == 10
    assert functional.grad(lambda w: loss(jax.lax.stop_gradient(w), w))(2.0) == 10
    ways = functional.grad(loss), jax.grad(functional.jit(loss)), functional.grad(jax.jit(loss))
    for differentiated in ways:
        with pytest.raises(LiftError, match="`f` closes over a value whose gradient is asked for"):
            differentiated(2.0, 3.0)
    batched = functional.grad(lambda w, x: functional.vmap(loss, (None, 0))(w, x).sum())
    with pytest.raises(LiftError, match="`f` closes over a value whose gradient is asked for"):
        batched(2.0, jnp.arange(3.0))
