"""Derivatives of scan, while and switch against JAX's, in both modes, nested, batched, and to second order.
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stablelift import functional
from stablelift.errors import LiftError

W = jnp.asarray(np.random.default_rng(0).normal(size=(3, 3)), jnp.float32) * 0.7
C = jnp.asarray([0.3, -1.2, 0.8], jnp.float32)
XS = jnp.asarray(np.random.default_rng(1).normal(size=(5, 3)), jnp.float32)


def rnn(w, c, xs, reverse=False, unroll=1):
    return jax.lax.scan(lambda c, x: (jnp.tanh(w @ c + x), c * x), c, xs, reverse=reverse, unroll=unroll)


def counted(w, c, xs):
    """Carries an integer, closes over what it differentiates, yields what it was given."""

    def step(s, x):
        return (jnp.sin(w @ s[0]) + x, s[1] + 1), (s[0] * s[1], x, w)

    return jax.lax.scan(step, (c, 0), xs)[1]


def nested(w, c, xs):
    def outer(c, x):
        inner, ys = jax.lax.scan(lambda d, y: (jnp.sin(w @ d) * y, d.sum()), c, x[:, None])
        return inner, jax.lax.cond(c[0] > 0.1, jnp.sin, lambda c: c * ys, c)

    return jax.lax.scan(outer, c, xs)


def branching(w, c, xs):
    chosen = [
        jax.lax.switch(i, [lambda c: jnp.sin(w @ c) * c, jnp.exp, lambda c: w[0]], c) for i in (0, 1, 2, 9)
    ]
    return chosen, jax.lax.cond(c[0] > 5, lambda c: c * 2, lambda c: jnp.cos(c) @ w, c)


def dead_results(w, c, xs):
    return rnn(w, c, xs)[0][:1]


def rematerialised(w, c, xs):
    return jax.lax.scan(jax.checkpoint(lambda c, x: (jnp.tanh(w @ c + x), c * x)), c, xs)


FUNCTIONS = [rnn, counted, nested, branching, dead_results, rematerialised]


def cotangents(out):
    return jax.tree.map(
        lambda y: (
            jnp.cos(y) if jnp.issubdtype(y.dtype, jnp.inexact) else np.zeros(y.shape, jax.dtypes.float0)
        ),
        out,
    )


def assert_close(found, expected, tolerance=3e-5):
    for x, y in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        if y.dtype != jax.dtypes.float0:
            np.testing.assert_allclose(x, y, rtol=tolerance, atol=tolerance)


@pytest.mark.smoke
@pytest.mark.parametrize("function", FUNCTIONS)
def test_both_modes(function):
    args, moves = (W, C, XS), (jnp.sin(W), jnp.cos(C), XS * 2)
    assert_close(
        functional.jit(lambda a, t: functional.jvp(function, a, t))(args, moves),
        jax.jvp(function, args, moves),
    )
    out, pullback = jax.vjp(function, *args)
    ours = functional.jit(lambda a, ct: functional.vjp(function, *a)[1](ct))(args, cotangents(out))
    assert_close(ours, pullback(cotangents(out)))


@pytest.mark.parametrize("function", [rnn, nested, branching])
def test_second_order(function):
    ct = cotangents(jax.eval_shape(function, W, C, XS) and function(W, C, XS))

    def total(vjp):
        return lambda w: sum(jnp.sum(jnp.sin(g)) for g in vjp(function, w, C, XS)[1](ct))

    assert_close(functional.jit(functional.grad(total(functional.vjp)))(W), jax.grad(total(jax.vjp))(W), 1e-4)


@pytest.mark.parametrize("function", [rnn, branching])
def test_gradients_of_mapped_loops(function):
    cs = jnp.stack([C, -C, 2 * C])

    def loss(vmap):
        return lambda w: sum(jnp.sum(y**2) for y in jax.tree.leaves(vmap(lambda c: function(w, c, XS))(cs)))

    assert_close(functional.jit(functional.grad(loss(functional.vmap)))(W), jax.grad(loss(jax.vmap))(W), 1e-4)


@settings(deadline=None, max_examples=12)
@given(st.integers(0, 5), st.booleans(), st.sampled_from([1, 2, 5, True]))
def test_scans_of_any_length_direction_and_unrolling(length, reverse, unroll):
    xs = XS[:length]

    def ours(w, c, xs):
        return functional.scan(
            lambda c, x: (jnp.tanh(w @ c + x), c * x), c, xs, reverse=reverse, unroll=unroll
        )

    out, pullback = jax.vjp(partial(rnn, reverse=reverse), W, C, xs)
    assert_close(functional.jit(ours)(W, C, xs), out)
    found = functional.jit(lambda *a: functional.vjp(ours, *a)[1](cotangents(out)))(W, C, xs)
    assert_close(found, pullback(cotangents(out)))


# The bounded while


def steps(w, c, bound):
    """Takes seven steps, unless the bound ends it."""
    return functional.while_loop(
        lambda s: s[0] < 7, lambda s: (s[0] + 1, jnp.sin(w @ s[1]) * 1.1), (0, c), bound
    )[1]


def steps_unrolled(w, c, count=7):
    for _ in range(count):
        c = jnp.sin(w @ c) * 1.1
    return c


@pytest.mark.parametrize("bound", [0, 1, 5, 7, 8, 9, 50])
def test_reverse_through_a_bounded_while(bound):
    out, pullback = jax.vjp(partial(steps_unrolled, count=min(7, bound)), W, C)
    ours = functional.jit(lambda w, c: functional.vjp(lambda w, c: steps(w, c, bound), w, c)[1](C))(W, C)
    assert_close(functional.jit(lambda w, c: steps(w, c, bound))(W, C), out)
    assert_close(ours, pullback(C))


def test_second_order_and_maps_of_a_bounded_while():
    def loss(c):
        return (steps(W, c, 20) ** 2).sum()

    def expected(c):
        return (steps_unrolled(W, c) ** 2).sum()

    second = functional.grad(lambda c: functional.grad(loss)(c)[0])
    assert_close(functional.jit(second)(C), jax.grad(lambda c: jax.grad(expected)(c)[0])(C), 1e-3)
    cs = jnp.stack([C, -2 * C])
    assert_close(
        functional.jit(functional.vmap(functional.grad(loss)))(cs), jax.vmap(jax.grad(expected))(cs), 1e-4
    )


def test_steps_that_differ_between_examples():
    def ours(limit, c):
        return functional.while_loop(
            lambda s: s[0] < limit, lambda s: (s[0] + 1, jnp.sin(W @ s[1])), (0, c), 9
        )[1]

    limits, cs = jnp.array([2, 5]), jnp.stack([C, -C])
    found = functional.jit(functional.vmap(functional.grad(lambda c, n: ours(n, c).sum())))(cs, limits)

    def expected(n, c):
        for _ in range(n):
            c = jnp.sin(W @ c)
        return c.sum()

    assert_close(found, jnp.stack([jax.grad(lambda c, n=n: expected(n, c))(c) for n, c in [(2, C), (5, -C)]]))


def test_no_bound_is_an_error_that_shows_how_to_give_one():
    with pytest.raises(LiftError, match="has no bound") as caught:
        functional.jit(functional.grad(lambda c: steps(W, c, None).sum()))(C)
    assert "max_trip_count=1000" in str(caught.value)
    assert "test_loops.py" in str(caught.value)


def test_residuals_that_are_constants_or_inputs_are_not_stacked():
    text = (
        functional.jit(
            functional.grad(lambda w: functional.scan(lambda c, x: (c * w * x, None), C, XS)[0].sum())
        )
        .lower(C)
        .as_text()
    )
    # Only the carry of each step is saved: one stack of 5 x 3 is written, w and xs are read where they are.
    assert text.count("stablehlo.dynamic_update_slice") == 1
