"""The value beside a derivative is what a user's rule returns, whoever differentiates, nested or not."""

from functools import partial
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import pytest
from jax import lax

from stablelift import functional
from tests.frontend.parity import KEY, assert_parity, assert_same_tree

JAX = SimpleNamespace(
    jit=jax.jit, vmap=jax.vmap, checkpoint=jax.checkpoint, scan=lax.scan, cond=lax.cond,
    while_loop=lax.while_loop, custom_vjp=jax.custom_vjp, custom_jvp=jax.custom_jvp, grad=jax.grad,
)  # fmt: skip


def test_a_rule_may_say_what_it_likes_of_no_cotangent():
    """As the rules of scales in eight bits do, whose gradient is their next value."""

    def build(n):
        f = n.custom_vjp(lambda x, scale: x * scale)
        f.defvjp(lambda x, scale: (x * scale, x), lambda x, cotangent: (cotangent, jnp.max(x) + 2))

        def loss(out, x, scale):
            def body(c, _):
                return jnp.sin(f(c, scale)), f(c * 2, scale)

            return n.scan(body, x, None, length=3)[out].sum()

        return [n.grad(partial(loss, out), (0, 1))(jnp.arange(3.0), 0.5) for out in (0, 1)]

    expected = build(JAX)
    assert_same_tree(expected, build(functional), close=True)
    by_jax = SimpleNamespace(**{**vars(functional), "grad": jax.grad})
    assert_same_tree(expected, build(by_jax), close=True)
    by_jax.grad = lambda *args: jax.jit(jax.grad(*args))
    assert_same_tree(expected, build(by_jax), close=True)


def with_rule(n, kind):
    if kind == "vjp":
        f = n.custom_vjp(lambda x: 1.0 * x)
        f.defvjp(lambda x: (2.0 * x + 1, x), lambda x, cotangent: (3.0 * x * cotangent,))
    else:
        f = n.custom_jvp(lambda x: 1.0 * x)
        f.defjvp(lambda primals, tangents: (2.0 * primals[0] + 1, 3.0 * primals[0] * tangents[0]))
    return f


def nested(n, kind):
    """A sum that is differentiated, and results that are not, of each way to hold a function."""
    f = with_rule(n, kind)
    steps = jnp.arange(1.0, 3.0)
    ways = {
        "not nested": f,
        "jit": lambda x: n.jit(lambda x, y: f(x) * f(y))(x, 3.0),
        "checkpoint": n.checkpoint(f),
        "vmap": lambda x: n.vmap(lambda y: f(y * x))(steps).sum(),
        "scan": lambda x: n.scan(lambda c, i: (f(c) * i, f(c)), x, steps)[0],
        "stacked": lambda x: n.scan(lambda c, i: (c * 2, n.jit(f)(c)), x, steps)[1].sum(),
        "cond": lambda x: n.cond(x > 0, f, lambda x: x, x),
        "stopped": lambda x: x * f(lax.stop_gradient(x)),
        "predicate": lambda x: n.cond(f(x) > 7.0, lambda x: x * 2, lambda x: x * 3, x),
    }

    def loop(x):
        return n.while_loop(lambda c: f(c * 2) < 100.0, lambda c: f(c) + x, x)

    def run(x):
        beside = {name: way(x) for name, way in ways.items()} | {"loop": loop(x)}
        return sum(way(x) for way in ways.values()), beside

    return run


@pytest.mark.parametrize("kind", ["vjp", "jvp"])
@pytest.mark.parametrize("value_and_grad", [jax.value_and_grad, functional.value_and_grad])
def test_the_value_beside_a_gradient_is_the_rules(value_and_grad, kind):
    x = jnp.float32(5)
    expected = jax.jit(jax.value_and_grad(nested(JAX, kind), has_aux=True))(x)
    found = jax.jit(value_and_grad(nested(functional, kind), has_aux=True))(x)
    assert_same_tree(jax.tree.map(jnp.float32, expected), jax.tree.map(jnp.float32, found), close=True)
    assert with_rule(functional, kind)(x) == 5


@pytest.mark.parametrize("grad", [jax.grad, functional.grad])
def test_the_second_derivative_is_that_of_the_rules_value(grad):
    """11 = (2 x + 1)' + (3 x²)': that the function has a rule is of no account any more."""
    f = with_rule(functional, "vjp")
    assert grad(grad(lambda x: f(x) * x))(1.5) == 11


def test_an_implicit_layer_in_lifts():
    def build(nn):
        class Layer(nn.Module):
            @nn.compact
            def __call__(self, x, _):
                def forward(mdl, x):
                    y, pullback = nn.vjp(lambda mdl, x: mdl(x), mdl, x)
                    return 2 * y + 1, pullback

                rule = nn.custom_vjp(lambda mdl, x: mdl(x), forward, lambda pullback, ct: pullback(3 * ct))
                y = rule(nn.Dense(4), x)
                return y, y.sum()

        class Outer(nn.Module):
            @nn.compact
            def __call__(self, x):
                scanned = nn.scan(nn.remat(Layer), variable_axes={"params": 0}, split_rngs={"params": True})
                x, sums = scanned()(x, jnp.arange(2))
                y, pullback = nn.vjp(lambda mdl, x: Layer(name="last")(x, None)[0], self, x)
                return y.sum(), (sums, pullback(y)[1])

        model = Outer()
        x = jnp.arange(8.0).reshape(2, 4) / 7
        variables = model.init(KEY, x)
        return jax.jit(jax.value_and_grad(lambda v: model.apply(v, x), has_aux=True))(variables)

    assert_parity(build, close=True)
