"""`checkify` finds in lifts what it finds in JAX's loops, maps and calls, and says the same of it."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.experimental import checkify

import stablelift as nn
from stablelift import functional
from stablelift.errors import LiftError, SideEffectError

GOOD, BAD = jnp.array([0.5, 1.0, 2.0]), jnp.array([0.5, 4.0, 5.0])
ZERO = jnp.float32(0)


class Jaxs:
    """JAX's functions under the names that ours have."""

    scan, while_loop, switch, cond = jax.lax.scan, jax.lax.while_loop, jax.lax.switch, jax.lax.cond
    jit, vmap, remat, jvp, grad = jax.jit, jax.vmap, jax.checkpoint, jax.jvp, jax.grad
    custom_jvp, custom_vjp = jax.custom_jvp, jax.custom_vjp


def checked(x):
    checkify.check(x < 3, "x is {x}", x=x)
    return jnp.sin(x)


def summed(of, **options):
    return lambda x: of.scan(lambda c, x: (c + checked(x), c), ZERO, x, **options)


def while_(of):
    def step(c):
        return c[0] + 1, c[1] + checked(c[0])

    return lambda x: of.while_loop(lambda c: c[0] < 10, step, (x[0], ZERO))


def condition(of):
    return lambda x: of.while_loop(lambda c: (checked(c), c < 10)[1], lambda c: c + 1, x[0])


def choice(of):
    def second(x):
        checkify.check(x[1] < 0, "second {}", x[1])
        checked(x[0])
        return x

    return lambda x: of.switch((x[1] > 1).astype(int), [lambda x: x * 2, second], x)


def two_choices(of):
    def yes(x):
        checkify.check(x[1] < 0, "yes {}", x[1])
        return x

    def no(x):
        checkify.check(x[2] < 0, "no {}", x[2])
        return x

    return lambda x: (of.cond(x[0] > 1, yes, no, x), of.cond(x[0] < 1, yes, no, x))


def with_reverse(of):
    function = of.custom_vjp(checked)

    def forward(x):
        checkify.check(x < 3, "forward of {x}, {y}", x=x, y=2 * x)
        return jnp.sin(x), x

    function.defvjp(forward, lambda x, ct: (3 * ct * x,))
    return function


def with_tangents(of):
    function = of.custom_jvp(checked)

    @function.defjvp
    def rule(primals, tangents):
        checkify.check(primals[0] < 3, "rule of {x}", x=primals[0])
        return jnp.sin(primals[0]), 3 * tangents[0]

    return function


def of_rules(of):
    def both(x):
        return with_reverse(of)(with_tangents(of)(x[1]) * x[1])

    return both


FUNCTIONS = {
    "with a reverse": lambda of: lambda x: with_reverse(of)(x[1]),
    "with tangents": lambda of: lambda x: with_tangents(of)(x[1]),
    "map of a reverse": lambda of: lambda x: of.vmap(with_reverse(of))(x),
    "gradient by a rule": lambda of: of.grad(lambda x: with_reverse(of)(x[1]) * x[0]),
    "gradient by tangents": lambda of: of.grad(lambda x: with_tangents(of)(x[1]) * x[0]),
    "tangents by a rule": lambda of: lambda x: of.jvp(with_tangents(of), (x[1],), (x[0],)),
    "map of gradients": lambda of: of.vmap(of.grad(with_reverse(of))),
    "gradient of a map": lambda of: of.grad(lambda x: of.vmap(with_reverse(of))(x).sum()),
    "rules": of_rules,
    "gradient by rules": lambda of: of.grad(of_rules(of)),
    "gradient of a gradient": lambda of: of.grad(lambda x: of.grad(with_reverse(of))(x[1])),
    "by jax": lambda of: jax.grad(lambda x: of_rules(of)(x)),
    "jit": lambda of: lambda x: of.jit(checked)(x[1]),
    "remat": lambda of: lambda x: of.remat(checked)(x[1]),
    "scan": summed,
    "scan backwards": partial(summed, reverse=True),
    "scan of none": lambda of: lambda x: summed(of)(x[:0]),
    "vmap": lambda of: of.vmap(checked),
    "map in a loop": lambda of: (
        lambda x: of.scan(lambda c, y: (c + of.vmap(checked)(x * y).sum(), c), ZERO, x)
    ),
    "while": while_,
    "condition": condition,
    "switch": choice,
    "cond": two_choices,
    "jvp": lambda of: lambda x: of.jvp(lambda x: summed(of)(x)[0], (x,), (x,)),
    "jax.vmap": lambda of: lambda x: jax.vmap(lambda x: summed(of)(x)[0])(jnp.stack([x, x + 1])),
    "not a number": lambda of: lambda x: of.scan(lambda c, x: (c + jnp.log(x - 2), c), ZERO, x),
    "not a number in a while": lambda of: (
        lambda x: of.while_loop(lambda c: c[0] < 3, lambda c: (c[0] + 1, jnp.log(c[1] - 1)), (0, x[0]))
    ),
    "by zero": lambda of: lambda x: of.vmap(lambda x: 1 / (x - 1))(x),
    "out of bounds": lambda of: lambda x: of.scan(lambda c, i: (c + x[i], c), ZERO, jnp.array([0, 1, 9])),
}


def found(function, kinds, x):
    error, results = checkify.checkify(function, errors=kinds)(x)
    said = error.get()
    return said and said.split(" (`check")[0], [np.asarray(leaf) for leaf in jax.tree.leaves(results)]


@pytest.mark.smoke
@pytest.mark.parametrize("kinds", ["user_checks", "all_checks"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_jax_finds(name, kinds):
    through = jax.jit if kinds == "user_checks" else lambda function: function
    for x in (GOOD, BAD):
        ours, jaxs = (
            found(through(FUNCTIONS[name](of)), getattr(checkify, kinds), x) for of in (functional, Jaxs)
        )
        assert ours[0] == jaxs[0]
        for one, other in zip(ours[1], jaxs[1], strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5)


@pytest.mark.parametrize("grad", [functional.grad, jax.grad, functional.value_and_grad, jax.value_and_grad])
def test_what_is_differentiated(grad):
    """JAX loses the checks of a loop that it differentiates."""
    checks = checkify.checkify(grad(lambda x: functional.remat(summed(functional))(x)[0]))
    for run in (checks, jax.jit(checks)):
        assert run(GOOD)[0].get() is None
        error, results = run(BAD)
        assert error.get().startswith("x is 4.0")
        np.testing.assert_allclose(jax.tree.leaves(results)[-1], jnp.cos(BAD), rtol=1e-5)


APART = {
    "as it stands": jax.grad,
    "through jit": lambda f: jax.grad(jax.jit(f)),
    "in jit, through jit": lambda f: jax.jit(jax.grad(jax.jit(f))),
    "in a branch": lambda f: jax.grad(lambda w: jax.lax.cond(w[0, 0] > -1, f, lambda w: w.sum(), w)),
    "with tangents": lambda f: lambda w: jax.jvp(jax.grad(f), (w,), (w,)),
    "twice": lambda f: jax.grad(lambda w: jax.grad(f)(w).sum()),
}


@pytest.mark.parametrize("way", APART)
def test_what_jax_differentiates_in_another_function_is_looked_into(way):
    def outside(w):
        return functional.scan(lambda c, i: (jnp.tanh(c @ w) + w[i], None), w, jnp.arange(5))[0].sum()

    error, _ = checkify.checkify(APART[way](outside), errors=checkify.index_checks)(jnp.eye(3))
    assert "out-of-bounds indexing for array of shape (3, 3)" in error.get()


class Checked(nn.Module):
    @nn.compact
    def __call__(self, c, x):
        y = nn.Dense(3)(c)
        checkify.check(x.sum() < 5, "too large: {}", x.sum())
        return y, y.sum()


class Model(nn.Module):
    @nn.compact
    def __call__(self, x):
        options = {"variable_broadcast": "params", "split_rngs": {"params": False}}
        return nn.scan(nn.remat(Checked), **options)()(jnp.ones(3), x)[0]


def test_modules():
    model, xs = Model(), jnp.arange(6.0).reshape(3, 2)
    error, variables = checkify.checkify(model.init)(jax.random.key(0), xs / 10)
    assert error.get() is None

    def loss(variables, x):
        return model.apply(variables, x).sum()

    for step in (model.apply, jax.value_and_grad(loss)):
        checks = jax.jit(checkify.checkify(step))
        assert checks(variables, xs / 10)[0].get() is None
        assert checks(variables, xs)[0].get().startswith("too large: 5.0")


class WithRule(nn.Module):
    @nn.compact
    def __call__(self, x):
        def function(mdl, x):
            y = mdl(x)
            checkify.check(y.sum() < 5, "too large: {}", y.sum())
            return y

        def backward(pullback, ct):
            return pullback(2 * ct)

        lifted = nn.custom_vjp(function, lambda mdl, x: nn.vjp(function, mdl, x), backward)
        return lifted(nn.Dense(3, kernel_init=nn.initializers.ones), x)


def test_a_rule_that_differentiates_its_own_function():
    model, x = WithRule(), jnp.ones(1)
    variables = {"params": {"Dense_0": {"kernel": jnp.ones((1, 3)), "bias": jnp.zeros(3)}}}
    for function in (model.apply, jax.grad(lambda *args: model.apply(*args).sum())):
        checks = jax.jit(checkify.checkify(function))
        assert checks(variables, x)[0].get() is None
        error, results = checks(variables, 3 * x)
        assert error.get().startswith("too large: 9.0")
    np.testing.assert_allclose(results["params"]["Dense_0"]["kernel"], jnp.full((1, 3), 6.0))


def where_it_stands(place):
    """A function with a rule, whose check stands in one of its functions."""

    def function(x):
        return checked(x) if place == "function" else jnp.sin(x)

    def forward(x):
        return checked(x) if place == "forward" else jnp.sin(x), x

    def backward(x, ct):
        return ((checked(x) if place == "backward" else x) * ct,)

    function = functional.custom_vjp(function)
    function.defvjp(forward, backward)
    return function


@pytest.mark.parametrize(
    "place, hint",
    [
        ("forward", "a rule may check something where its function does too; let that check it"),
        ("backward", "a reverse cannot report what it finds; check it in the function and in its forward"),
    ],
)
def test_a_check_that_a_rule_cannot_make(place, hint):
    function = where_it_stands(place)
    assert checkify.checkify(jax.jit(function))(BAD[1])[0].get() is None
    with pytest.raises(LiftError, match=hint):
        checkify.checkify(functional.grad(function))(BAD[1])


def test_a_check_of_a_function_whose_rule_ends_in_an_error():
    def never(*_):
        raise ValueError("no rule")

    function = functional.custom_vjp(checked)
    function.defvjp(never, never)
    error, _ = checkify.checkify(jax.jit(function))(BAD[1])
    assert error.get().startswith("x is 4.0")


def test_a_check_that_nobody_makes():
    with pytest.raises(SideEffectError) as error:
        functional.jit(checked)(1.0)
    assert "effects: Error\n  hint: checks are made by `checkify.checkify`" in str(error.value)
