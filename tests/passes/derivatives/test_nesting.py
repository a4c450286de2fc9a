"""Derivatives of derivatives, in every order and three deep: through scans, user rules, maps and Programs."""

from __future__ import annotations

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from stablelift import Program, functional
from tests.interpreter import interpreted, jax_interpreted
from tests.support import assert_close

X = jnp.asarray([0.3, -1.2, 0.7])


def plain(x):
    return jnp.sum(jnp.sin(x) * x**3)


def scanned(x):
    return lax.scan(lambda c, t: (jnp.sin(c * t) + c, c * t), x[0], x)[1].sum()


def ruled(x):
    return jnp.sum(jax.nn.silu(x) * jax.nn.relu(x + 1)) + jax.nn.logsumexp(x * x)


def branched(x):
    return lax.cond(x[0] > 0, lambda x: jnp.sum(x**4), lambda x: jnp.sum(jnp.cos(x)), x)


def checkpointed(x):
    return jnp.sum(jax.checkpoint(lambda x: jnp.tanh(jnp.sin(x)) ** 2)(x))


FUNCTIONS = [plain, scanned, ruled, branched, checkpointed]


def forward(module, function):
    """The derivative along a fixed direction."""
    return lambda x: module.jvp(function, (x,), (jnp.cos(x),))[1]


def reverse(module, function):
    """The sine of the gradient, summed."""
    return lambda x: jnp.sum(jnp.sin(module.vjp(function, x)[1](1.0)[0]))


def nested(module, function, order):
    for transform in order:
        function = transform(module, function)
    return function


@pytest.mark.parametrize("order", list(itertools.product([forward, reverse], repeat=2)))
@pytest.mark.parametrize("function", FUNCTIONS)
def test_second_order(function, order):
    ours, theirs = (nested(module, function, order) for module in (functional, jax))
    assert_close(interpreted(ours, X), jax_interpreted(theirs, X), rtol=1e-4)


@pytest.mark.parametrize("order", [(reverse, reverse, reverse), (reverse, forward, reverse), (forward,) * 3])
@pytest.mark.parametrize("function", [plain, scanned, ruled])
def test_third_order(function, order):
    ours, theirs = (nested(module, function, order) for module in (functional, jax))
    assert_close(interpreted(ours, X), jax_interpreted(theirs, X), rtol=1e-3)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_maps_of_derivatives_and_derivatives_of_maps(function):
    xs = jnp.stack([X, 2 * X, -X, X**2])

    def both(module):
        inner = module.vmap(reverse(module, forward(module, function)))
        return lambda xs: (inner(xs), module.jvp(lambda xs: inner(xs), (xs,), (jnp.cos(xs),))[1])

    assert_close(interpreted(both(functional), xs), jax_interpreted(both(jax), xs), rtol=1e-3)


@pytest.mark.parametrize("loaded", [False, True])
def test_a_program_is_a_function_to_jax(loaded, tmp_path):
    """All of JAX's own transformations run our rules; also of a program from a file."""
    program = Program.trace(scanned, X)
    if loaded:
        program.save(tmp_path / "program.mlir")
        program = Program.load(tmp_path / "program.mlir")
    assert_close(jax.grad(program)(X), jax.grad(scanned)(X))
    assert_close(jax.jit(jax.grad(program))(X), jax_interpreted(jax.grad(scanned), X))
    assert_close(jax.jvp(program, (X,), (X,)), jax.jvp(scanned, (X,), (X,)))
    assert_close(jax.vjp(program, X)[1](1.0), jax.vjp(scanned, X)[1](1.0))
    assert_close(jax.linearize(program, X)[1](X), jax.linearize(scanned, X)[1](X))
    assert_close(jax.jit(jax.hessian(program))(X), jax_interpreted(jax.hessian(scanned), X), rtol=1e-4)
    assert_close(jax.grad(jax.checkpoint(program))(X), jax.grad(scanned)(X))
    xs = jnp.stack([X, -X])
    assert_close(jax.vmap(jax.grad(program))(xs), jax.vmap(jax.grad(scanned))(xs))
    assert_close(jax.grad(lambda xs: jax.vmap(program)(xs).sum())(xs), jax.vmap(jax.grad(scanned))(xs))


def test_integers_have_float0_cotangents_at_the_boundary():
    def function(x, i):
        return x * i

    i = jnp.array([1, 2, 3])
    ours = functional.vjp(function, X, i)[1](X)
    theirs = jax.vjp(function, X, i)[1](X)
    assert_close(ours[0], theirs[0])
    assert ours[1].dtype == theirs[1].dtype == jax.dtypes.float0


def test_losses_of_optax():
    optax = pytest.importorskip("optax")
    labels, logits = jnp.array([0, 2]), jnp.asarray(np.random.default_rng(1).normal(size=(2, 3)), jnp.float32)

    def loss(logits):
        entropy = optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()
        return (
            entropy + optax.sigmoid_binary_cross_entropy(logits, 0.3).sum() + optax.huber_loss(logits).sum()
        )

    assert_close(functional.jit(functional.grad(loss))(logits), jax_interpreted(jax.grad(loss), logits))


def test_rules_with_arguments_that_are_not_differentiated():
    @jax.custom_vjp
    def power(x, n):
        return x**n

    power.defvjp(lambda x, n: (x**n, (x, n)), lambda saved, ct: (5 * ct * saved[0], None))
    scaled = jax.custom_jvp(lambda factor, x: factor * jnp.sin(x), nondiff_argnums=(0,))
    scaled.defjvp(lambda factor, x, t: (factor * jnp.sin(x[0]), 3 * t[0]))

    def function(x):
        return jnp.sum(power(x, 2.0) + scaled(2.0, x))

    assert_close(functional.jit(functional.grad(function))(X), jax_interpreted(jax.grad(function), X))


@pytest.mark.parametrize("pullback_first", [False, True])
def test_a_call_and_pullbacks_of_one_function_in_either_order(pullback_first):
    def both(module, x, t):
        def network(x, t):
            return jnp.sum(jnp.tanh(jnp.stack((x, t))))

        def gradient():
            return module.value_and_grad(network, (0, 1))(x, t)[1][1]

        def pulled():
            a, b = module.vjp(network, x, t)[1](jnp.float32(2.0))
            return a * b

        return gradient() + pulled() if pullback_first else pulled() + gradient()

    xs = jnp.linspace(0, 1, 5), jnp.linspace(2, 1, 5)
    ours = functional.vmap(lambda x, t: both(functional, x, t))(*xs)
    assert_close(ours, jax.vmap(lambda x, t: both(jax, x, t))(*xs))


@pytest.mark.parametrize("grad", [jax.grad, functional.grad])
def test_a_loop_beside_what_is_differentiated(grad):
    """Nobody asks for the derivative of the auxiliary result, which a loop without a bound has none of."""

    @functional.checkpoint
    def both(x):
        return x * x, functional.while_loop(lambda c: c < 9, lambda c: c * 2, x)

    assert grad(both, has_aux=True)(3.0) == (6, 12)
