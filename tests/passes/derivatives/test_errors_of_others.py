"""Errors found in Enzyme-JAX, the nearest peer, each by numbers: that they are not made here."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from stablelift import functional
from stablelift.lowering.trace import trace
from stablelift.passes.pipeline import run_text
from tests.passes.derivatives.witness import check, differentiated, flattened
from tests.support import assert_close

X = np.array([0.3, -0.6, 0.8, 0.1])


def test_sign_of_atanh():
    check(jnp.arctanh, X, difference=True)


def test_acosh_has_the_difference_of_squares():
    check(jnp.arccosh, X + 1.7, difference=True)


def test_operands_of_polygamma_in_the_derivative_of_digamma():
    check(lax.digamma, X + 2, difference=True)
    check(lambda x: lax.polygamma(jnp.full_like(x, 3), x), X + 2, difference=True, rtol=1e-9)


@pytest.mark.parametrize("mode", ["clip", "fill", "promise_in_bounds"])
def test_gather_outside_scatters_where_it_read(mode):
    places = np.array([0, 9, 3])
    check(
        lambda x: x.at[places].get(mode=mode, fill_value=0.0),
        X,
        reference=mode != "promise_in_bounds",  # jax drops the cotangent of what it did read
        difference=True,
    )


def test_scatter_set_at_one_place_twice_has_one_winner():
    places = np.array([2, 2, 0])
    found = check(lambda x, u: x.at[places].set(u), X, X[:3], difference=True)
    of_x, of_updates = found.gradients
    assert of_x[2] == 0 and np.count_nonzero(of_updates[:2]) == 1


def test_product_with_a_zero():
    check(jnp.prod, np.array([2.0, 0.0, 3.0]), difference=True)
    check(jnp.prod, np.array([0.0, 0.0, 3.0]), difference=True)


def test_ties_share():
    tied = np.array([1.0, 3.0, 3.0, 3.0])
    found = check(jnp.max, tied)
    assert_close(found.gradients, [np.array([0, 1, 1, 1]) * found.gradients[0][1]])
    check(lambda x, y: jnp.maximum(x, y), tied, tied)


@pytest.mark.smoke
def test_abs_of_a_complex_zero_is_flat():
    """By jax 0.12 it is a square root of squares, whose own derivative is not a number there."""
    check(jnp.abs, np.array([0, 1 + 1j, 3 - 4j, 1e-200 + 0j]))
    check(lambda x: jnp.abs(x[0]) + jnp.abs(x[1]), np.array([0, 3 - 4j]))


@pytest.mark.smoke
@pytest.mark.parametrize("function", [jnp.sin, jnp.cos, jnp.sign])
def test_imaginary_numbers_have_derivatives(function):
    """JAX computes these of complex numbers by parts, and of imaginary ones on their own."""
    check(function, np.array([0, 1j, -2j, 1 + 1j, -2 + 0.5j])[function is jnp.sign :])


def test_slice_whose_stride_does_not_divide():
    check(lambda x: lax.slice(x, (1,), (9,), (3,)), np.arange(10.0), difference=True)


@pytest.mark.parametrize("wide", [False, True])
def test_loops_count_in_32_bits_or_in_64(wide):
    """Whatever the counter's type, which is that of JAX's default integers."""

    def loop(x):
        return lax.scan(lambda c, t: (jnp.sin(c * t), c), x[0], x)

    with jax.enable_x64(wide):
        x = jnp.asarray(X)
        out, pullback = jax.vjp(loop, x)
        ours = functional.jit(lambda x, ct: functional.vjp(loop, x)[1](ct))(x, out)
        assert_close(ours, pullback(out))
        bounded = functional.jit(functional.grad(lambda x: lax.fori_loop(0, 3, lambda i, c: c * x[i], 1.0)))(
            x
        )
        assert_close(bounded, jax.grad(lambda x: jnp.prod(x[:3]))(x))


def test_rules_and_barriers_of_users_are_not_lost():
    """custom_jvp, custom_vjp, stop_gradient and checkpoint: JAX's lowering erases all four."""
    rule = jax.custom_jvp(jnp.sin)
    rule.defjvp(lambda x, t: (jnp.sin(x[0]), 7 * t[0]))
    twice = jax.custom_vjp(lambda x: x * x)
    twice.defvjp(lambda x: (x * x, x), lambda x, ct: (100 * ct,))

    def function(x):
        kept = jax.checkpoint(lambda x: jnp.sin(jnp.sin(x)))(x)
        return jnp.sum(rule(x) + twice(x) + lax.stop_gradient(x) * x + kept)

    x = jnp.asarray(X, jnp.float32)
    assert_close(functional.jit(functional.grad(function))(x), jax.grad(function)(x))
    text = functional.jit(functional.grad(function)).lower(x).as_text()
    assert "optimization_barrier" in text


def test_operations_without_a_rule_there():
    """tan, the linear algebra, barriers, rounding, choices with riders, products and sums in a row."""
    matrix = jnp.asarray(np.random.default_rng(0).normal(size=(3, 3))) + 4 * jnp.eye(3)

    def function(x):
        y = lax.optimization_barrier(jnp.tan(x)) + lax.reduce_precision(x, 8, 23)
        z = jnp.linalg.solve(matrix, y[:3]) + jnp.linalg.cholesky(matrix @ matrix.T) @ y[:3]
        top, _ = lax.top_k(y, 2)
        return z.sum() + top.sum() + jnp.cumprod(y)[-1] + lax.cumlogsumexp(y)[-1] + lax.bessel_i1e(y).sum()

    x = jnp.asarray(X, jnp.float32)
    assert_close(functional.jit(functional.grad(function))(x), jax.grad(function)(x), rtol=1e-4)


def test_what_is_emitted_for_a_loop_compiles():
    """Reverse mode of a scan at JAX's defaults ended the process there."""
    text, _ = run_text(
        differentiated(
            trace(
                flattened(lambda x: lax.scan(lambda c, t: (c * t, c + t), x[0], x)), X.astype(np.float32)
            ).bytecode
        )
    )
    assert "stablehlo.while" in text and "lift." not in text
