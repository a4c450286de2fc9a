"""The part of a lift that computes some of its results: which arguments it uses, and that it is the same."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import stablelift as nn
from stablelift import Program
from stablelift import functional as F
from stablelift.lowering import jax_compat

X, Y = jnp.arange(3.0), jnp.float32(2.0)


def pair(x, y):
    return x * x, y * 3


def carrying(x, y):
    """The last carry is made of the first one two steps later; the ys of each alone."""

    def step(carry, y):
        a, b, c, d = carry
        return (a, a + b, b + c, d * y), (c, d + y)

    return F.scan(step, (x, x, y + jnp.zeros(3), y), jnp.arange(2.0))


def stopping(x, y):
    """Only the last part of the carry ends the loop."""
    return F.while_loop(lambda c: c[2] < 9, lambda c: (c[0] + x, c[1] * y, c[2] + y), (x, y, y))


CASES = {
    "call": (F.jit(pair), [[True, False], [False, True]]),
    "remat": (F.checkpoint(pair), [[True, False], [False, True]]),
    "vmap": (F.vmap(pair, in_axes=(0, None), out_axes=(0, None)), [[True, False], [False, True]]),
    "switch": (
        lambda x, y: F.cond(y > 0, pair, lambda x, y: (x + 1, y), x, y),
        [[True, True], [False, True]],
    ),
    "scan": (
        carrying,
        [[True, False], [True, False], [True, True], [False, True], [True, True], [False, True]],
    ),
    "while": (stopping, [[True, True], [False, True], [False, True]]),
    "jvp": (lambda x, y: (*F.jvp(pair, (x, y), (x, y))[0], F.grad(lambda y: y * y)(y)), [
        [True, False], [False, True], [False, True],
    ]),
    "vjp": (lambda x, y: F.value_and_grad(lambda x: (x.sum(), (y, x)), has_aux=True)(x), [
        [True, False], [False, True], [True, False], [True, True],
    ]),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_part_computes_the_same_from_what_it_uses(name):
    function, expected = CASES[name]
    avals = [jax_compat.aval_of(X), jax_compat.aval_of(Y)]
    jaxpr = jax_compat.make_jaxpr(lambda x, y: jax.tree.leaves(function(x, y)), avals)
    whole = jax_compat.evaluate(jaxpr, X, Y)
    assert len(whole) == len(expected)
    for index, used in enumerate(expected):
        part, found = jax_compat.restrict(jaxpr, [index])
        assert found == used, index
        given = [x for x, is_used in zip((X, Y), used, strict=True) if is_used]
        np.testing.assert_array_equal(jax_compat.evaluate(part, *given)[0], whole[index])


class Layer(nn.Module):
    @nn.compact
    def __call__(self, x):
        y = nn.Dense(x.shape[-1])(x)
        return x + y, jnp.tanh(y)


class Layers(nn.Module):
    @nn.compact
    def __call__(self, x):
        for _ in range(4):
            x, more = Layer()(x)
        return x, more


def test_equal_layers_stay_equal_where_one_is_asked_for_more():
    model, x = Layers(), jnp.ones((2, 3))
    variables = model.init(jax.random.key(0), x)
    text = str(Program.trace(model.apply, variables, x))
    assert text.count("callee = @Layer,") == 4
    alone = str(Program.trace(lambda *args: model.apply(*args)[0], variables, x))
    assert "tanh" in text and "tanh" not in alone


def test_of_an_initialisation_the_forward_pass_is_not_lowered():
    text = str(Program.trace(Layers().init, jax.random.key(0), jnp.ones((2, 3))))
    assert "random_bits" in text or "threefry" in text
    assert "dot_general" not in text and "tanh" not in text
