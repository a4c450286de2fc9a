"""Under JAX's differentiation a loop of ours runs forward once: its gradient has what that leaves."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import pytest

from stablelift import functional
from tests.support import assert_close

W = jax.random.normal(jax.random.key(0), (3, 3))
X = jax.random.normal(jax.random.key(1), (2, 3))
XS = jax.random.normal(jax.random.key(2), (4, 2, 3))


def model(scan):
    """A loop with users' rules in it, whose stacked results are not all differentiated."""

    def run(w, x, xs=XS):
        def step(c, x):
            c = jax.nn.softmax(jnp.tanh(c @ w) + x)
            return c, (c.sum(), c)

        c, (sums, _) = scan(step, x, xs)
        return (c**2).sum(), sums

    return run


OURS, JAXS = model(functional.scan), model(jax.lax.scan)


def graded(run):
    return jax.value_and_grad(run, (0, 1), has_aux=True)


def loops_in(compiled):
    return compiled.as_text().count(" while(")


@pytest.mark.smoke
def test_a_loop_and_its_gradient_run_forward_once():
    compiled = jax.jit(graded(OURS)).lower(W, X).compile()
    assert loops_in(compiled) == 2
    assert_close(compiled(W, X), graded(JAXS)(W, X))
    assert_close(graded(OURS)(W, X), graded(JAXS)(W, X))  # op by op


def one(run):
    return lambda w: run(w, X)[0]


WAYS = {
    "twice": lambda run: jax.jit(jax.grad(lambda w: one(run)(w) * one(run)(w))),
    "second order": lambda run: jax.jit(jax.hessian(one(run))),
    "jacobian of a vector": lambda run: jax.jit(jax.jacrev(lambda w: run(w, X)[1])),
    "forward mode": lambda run: jax.jit(lambda w: jax.jvp(one(run), (w,), (w,))),
    "mapped outside": lambda run: lambda w: jax.jit(jax.vmap(jax.grad(one(run))))(jnp.stack([w, 2 * w])),
    "mapped inside": lambda run: jax.jit(
        jax.grad(lambda w: jax.vmap(lambda x: run(w, x)[0], axis_size=2)(jnp.stack([X, 2 * X])).sum())
    ),
    "recomputed": lambda run: jax.jit(jax.grad(jax.checkpoint(one(run)))),
    "in a loop of jax's": lambda run: jax.jit(
        jax.grad(lambda w: jax.lax.scan(lambda c, _: (run(w, c)[1][:2, None] * c, None), X, None, 3)[0].sum())
    ),
    "in a jitted function": lambda run: jax.jit(jax.grad(lambda w: jax.jit(one(run))(w) + w.sum())),
    "in a branch": lambda run: jax.jit(
        jax.grad(lambda w: jax.lax.cond(w[0, 0] > 0, one(run), lambda w: one(run)(2 * w), w))
    ),
    "pulled back twice": lambda run: jax.jit(
        lambda w: [jax.vjp(one(run), w)[1](1.0), jax.vjp(one(run), w)[1](2.0)]
    ),
    "one pullback, two cotangents": lambda run: jax.jit(
        lambda w: (lambda pull: (pull(1.0), pull(3.0)))(jax.vjp(one(run), w)[1])
    ),
    "by our compile": lambda run: functional.jit(jax.grad(one(run))),
}


@pytest.mark.parametrize("way", WAYS)
def test_gradients_are_jaxs(way):
    assert_close(WAYS[way](OURS)(W), WAYS[way](JAXS)(W), rtol=1e-4)


def test_a_rematerialised_loop_of_modules_runs_forward_once():
    import stablelift as nn

    class Layer(nn.Module):
        @nn.compact
        def __call__(self, x, _):
            return nn.gelu(nn.Dense(3)(x)), None

    stacked = {"variable_axes": {"params": 0}, "split_rngs": {"params": True}}
    loop = nn.scan(nn.remat(Layer, prevent_cse=False), **stacked, length=4)()
    variables = loop.init(jax.random.key(0), X, None)
    compiled = jax.jit(jax.grad(lambda v: loop.apply(v, X, None)[0].sum())).lower(variables).compile()
    assert loops_in(compiled) == 2
