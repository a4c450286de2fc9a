"""Modules that print and call back: every lift tells of the same values as Linen's, as often."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import pytest

import stablelift as nn
from stablelift import functional

from ...told import Told
from ..parity import KEY

X = jnp.arange(6.0).reshape(2, 3)
SPLIT = {"variable_axes": {"params": 0}, "split_rngs": {"params": True}}
SHARED = {"variable_broadcast": "params", "split_rngs": {"params": False}}

told = Told()
say = told.say


def block(nn):
    class Block(nn.Module):
        @nn.compact
        def __call__(self, x):
            say("in", x.sum())
            y = jnp.tanh(nn.Dense(3)(x))
            say("out", y.sum())
            return y

    return Block


def cell(nn):
    class Cell(nn.Module):
        @nn.compact
        def __call__(self, c, _):
            say("carry", c.sum())
            c = jnp.tanh(nn.Dense(3)(c))
            return c, c.sum()

    return Cell


def around(nn, body):
    class Outer(nn.Module):
        @nn.compact
        def __call__(self, x):
            return body(self, x)

    return Outer()


def scan(nn):
    return around(nn, lambda module, x: nn.scan(cell(nn), **SPLIT, length=4)()(x, None)[0])


def scan_shared(nn):
    return around(nn, lambda module, x: nn.scan(cell(nn), **SHARED, length=4)()(x, None)[1])


def scan_of_jit(nn):
    return around(nn, lambda module, x: nn.scan(nn.jit(cell(nn)), **SHARED, length=4)()(x, None)[0])


def layers(nn):
    return around(nn, lambda module, x: functools.reduce(lambda h, _: block(nn)()(h), range(4), x))


def jitted_layers(nn):
    jitted = nn.jit(block(nn))
    return around(nn, lambda module, x: functools.reduce(lambda h, _: jitted()(h), range(4), x))


def cond(nn):
    def branch(name):
        def run(module, x):
            say(name, x.sum())
            return nn.Dense(3, name="dense")(x)

        return run

    return around(nn, lambda module, x: nn.cond(x.sum() > 0, branch("true"), branch("false"), module, x))


def switch(nn):
    def branch(name):
        return lambda module, x: (say(name, x.sum()), 2 * x)[1]

    return around(nn, lambda module, x: nn.switch(1, [branch("0"), branch("1")], module, x))


def custom_vjp(nn):
    def run(module, x):
        say("primal", x.sum())
        return module(x)

    def forward(module, x):
        say("forward", x.sum())
        return nn.vjp(lambda module, x: module(x), module, x)

    def backward(pull_back, ct):
        say("backward", ct.sum())
        return pull_back(ct)

    return around(nn, lambda module, x: nn.custom_vjp(run, forward, backward)(nn.Dense(3), x))


def vjp(nn):
    def told_of(module, x):
        say("in", x.sum())
        return nn.Dense(3)(x)

    def run(module, x):
        y, pull_back = nn.vjp(told_of, module, x)
        return y + pull_back(jnp.ones_like(y))[1]

    return around(nn, run)


def jvp(nn):
    def told_of(module, x):
        say("in", x.sum())
        return module(x)

    def run(module, x):
        dense = nn.Dense(3)
        dense(x)
        return sum(nn.jvp(told_of, dense, (x,), (x,), {}))

    return around(nn, run)


def map_variables(nn):
    def told_of(variables):
        for leaf in jax.tree.leaves(variables):
            say("variable", leaf.sum())
        return variables

    return nn.map_variables(block(nn), "params", told_of, init=True, mutable=True)()


LIFTS = {
    "module": lambda nn: block(nn)(),
    "jit": lambda nn: nn.jit(block(nn))(),
    "vmap": lambda nn: nn.vmap(block(nn), **SPLIT)(),
    "vmap, shared": lambda nn: nn.vmap(
        block(nn), variable_axes={"params": None}, split_rngs={"params": False}
    )(),
    **{lift.__name__: lift for lift in (scan, scan_shared, scan_of_jit, layers, jitted_layers, cond, switch)},
    **{lift.__name__: lift for lift in (custom_vjp, vjp, jvp, map_variables)},
}


def uses(model):
    variables = model.init(KEY, X)

    def loss(variables, x):
        return (model.apply(variables, x) ** 2).sum()

    return {
        "init": (model.init, KEY, X),
        "jit of init": (jax.jit(model.init), KEY, X),
        "apply": (model.apply, variables, X),
        "grad": (jax.grad(loss), variables, X),
        "jit of grad": (jax.jit(jax.value_and_grad(loss)), variables, X),
        "jit of vmap of grad": (
            jax.jit(jax.vmap(jax.grad(loss), in_axes=(None, 0))),
            variables,
            jnp.stack([X, X + 1]),
        ),
    }


def compiled(model):
    variables = model.init(KEY, X)

    def loss(variables, x):
        return (model.apply(variables, x) ** 2).sum()

    return [(nn.compile(of(loss)), variables, X) for of in (jax.value_and_grad, functional.value_and_grad)]


def linen_if_it_tells(*names):
    """Flax for jax 0.12 refuses to initialise a loop that tells something."""
    if jax.__version_info__ >= (0, 12) and any("scan" in name for name in names):
        pytest.skip("Linen's scan takes what is told for a dependence on the loop")
    return pytest.importorskip("flax.linen")


@pytest.mark.parametrize("name", LIFTS)
def test_as_linen_tells(name):
    linen = linen_if_it_tells(name)
    ours = LIFTS[name](nn)
    expected = {use: told.counted(*call) for use, call in uses(LIFTS[name](linen)).items()}
    assert {use: told.counted(*call) for use, call in uses(ours).items()} == expected
    assert [told.counted(*call) for call in compiled(ours)] == [expected["jit of grad"]] * 2


def remat_scan(nn):
    return nn.remat_scan(block(nn), lengths=(2, 2))()


def remat(nn):
    return nn.remat(block(nn))()


@pytest.mark.parametrize("lift", [remat, remat_scan])
def test_what_is_computed_again_is_told_once(lift):
    """Linen's remat tells it again where the reverse runs."""
    linen = linen_if_it_tells(lift.__name__)
    expected, ours = uses(lift(linen)), lift(nn)
    once = told.counted(*expected["apply"])
    found = uses(ours)
    calls = [found[use] for use in ("apply", "grad", "jit of grad")] + compiled(ours)
    assert [told.counted(*call) for call in calls] == [once] * len(calls)
    assert told.counted(*expected["jit of grad"]) > once
