"""Lifts of functions with their options are those of JAX, or of the frontend where variables take part."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import stablelift as nn
from stablelift.errors import LiftArgumentError
from stablelift.frontend.language.diagnostics import LiftTraceError
from stablelift.frontend.language.load import load

from .test_constructs import namespace, same

KEY = jax.random.key(5)
X = jnp.linspace(0.1, 1.0, 4)
Y = 2 * X
ROWS = jnp.stack([X, Y, X])


@pytest.fixture(scope="module")
def m():
    return load(Path(__file__).with_name("function_lifts.lift"))


def close(left, right):
    assert jax.tree.structure(left) == jax.tree.structure(right)
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, 1e-5), left, right)


def f(x, y):
    return jnp.sum(jnp.sin(x) * y * y), x + y


def test_derivatives_with_more_results(m):
    close(m.with_aux(X, Y), jax.grad(f, 1, has_aux=True)(X, Y))
    close(m.both(X, Y), jax.value_and_grad(f, has_aux=True)(X, Y))
    value, pullback, aux = jax.vjp(f, X, Y, has_aux=True)
    close(m.pull(X, Y), (value, aux, *pullback(jnp.float32(1))))


def test_linear_maps_and_rules(m):
    close(m.push(X), (X**3, 3 * X**2))
    close(m.steep(X), X**3)
    close(nn.functional.grad(lambda x: jnp.sum(m.steep(x)))(X), jnp.full(4, 7.0))


def test_arguments_without_a_derivative(m):
    total = lambda of: nn.functional.grad(lambda x: jnp.sum(of(x, 0.5)))(Y)  # noqa: E731
    close(total(m.careful), jnp.minimum(2 * Y, 0.5))
    close(total(m.steady), jnp.full(4, 0.5))
    model, x = m.Careful(), Y[:3]
    variables = model.init(KEY, x)
    loss = lambda variables, x: jnp.sum(model.apply(variables, x))  # noqa: E731
    ours, by_x = nn.functional.grad(loss, (0, 1))(variables, x)
    theirs = jax.grad(lambda variables: jnp.sum(dense(variables, x)))(variables)
    close((ours, by_x), (theirs, jnp.minimum(2 * x, 0.25)))
    value, moved, aux = model.apply(variables, x, method="moved")
    kernel = variables["params"]["inner"]["kernel"]
    close((value, moved, aux), (jnp.sum(dense(variables, x)), jnp.sum(x @ kernel), x))


def test_loops_of_pure_functions(m):
    loop = lambda x, xs: jax.lax.scan(lambda c, x: (jnp.tanh(c + x), jnp.sum(c)), x, xs)  # noqa: E731
    close(m.loop(X, ROWS), loop(X, ROWS))
    total = lambda of: lambda x: jnp.sum(of(x, ROWS)[1])  # noqa: E731
    close(nn.functional.grad(total(m.loop))(X), jax.grad(total(loop))(X))
    close(m.rows(ROWS), ROWS**3)
    close(m.sums(ROWS), jnp.cumsum(ROWS[:, ::-1], axis=1)[:, ::-1])
    close(m.growing(0, 3, X), 6 * X)
    close(m.fixed(X, 3), 3 * X)


def dense(variables, x):
    inner = variables["params"]["inner"]
    return x @ inner["kernel"] + inner["bias"]


def test_loops_of_methods(m):
    cell = m.Cell()
    variables = cell.init(KEY, ROWS)
    run = lambda method, x: cell.apply(variables, x, method=method, mutable=["stats"])  # noqa: E731
    close(run("mapped", ROWS)[0], dense(variables, ROWS))
    counted, repeated = X, X
    for i in range(3):
        counted = dense(variables, counted) + i
    for _ in range(5):
        repeated = dense(variables, repeated)
    close(run("fori", X)[0], counted)
    looped, written = run("looped", X)
    close((looped, written["stats"]["steps"]), (repeated, jnp.float32(6)))
    inner = variables["params"]["inner"]
    doubled = {"params": {"inner": {**inner, "kernel": 2 * inner["kernel"]}}}
    close(run("doubled", X)[0], dense(doubled, X))


class Stack(nn.Module):
    def setup(self):
        self.inner = nn.Dense(4)

    def __call__(self, x):
        def step(module, h):
            return jnp.tanh(module.inner(h)), ()

        stacked = {"variable_axes": {"params": 0}, "split_rngs": {"params": True}}
        return nn.scan(step, length=3, **stacked)(self, x)[0]

    def each(self, x):
        stacked = {"variable_axes": {"params": 0}, "split_rngs": {"params": True}}
        return nn.vmap(lambda module, x: module.inner(x), **stacked)(self, x)


@pytest.mark.parametrize("method", ["__call__", "each"])
def test_what_becomes_of_variables(m, method):
    ours = m.Stack().init_with_output(KEY, ROWS, method=method)
    same(ours, Stack().init_with_output(KEY, ROWS, method=method))


@pytest.mark.parametrize(
    ("lift", "reason"),
    [
        ("linearize(inner)(x)", "`linearize` is of functions that use no variables"),
        ("jit(inner, static_argnums=-1)(x)", "`jit`: arguments are counted from 0, found -1"),
    ],
)
def test_what_a_lift_of_variables_refuses(lift, reason):
    text = (
        "module M\n  inner = Dense(4)\n\n  step(h: f32[4], x: f32) -> (f32[4], f32)\n"
        f"    return inner(h), x\n\n  call(x: f32[4])\n    y = {lift}\n    return x\n"
    )
    with pytest.raises(LiftTraceError) as caught:
        namespace(text).M().init(KEY, X)
    assert caught.value.diagnostics[0].message == reason


def test_a_loop_with_variables_may_have_a_binomial_schedule():
    text = (
        "module M\n  inner = Dense(4)\n\n  step(h: f32[4]) -> (f32[4], ())\n    return inner(h), ()\n\n"
        "  call(x: f32[4])\n    y, _ = scan(step, length=3, checkpoint=SCHEDULE)(x)\n    return y\n"
    )
    plain, binomial = (
        namespace(text.replace(", checkpoint=SCHEDULE", given)).M().init_with_output(KEY, X)
        for given in ("", ', checkpoint="binomial:2"')
    )
    same(binomial, plain)
    with pytest.raises(LiftArgumentError, match='`scan` wants checkpoint="binomial:N", found 2'):
        namespace(text.replace("SCHEDULE", "2")).M().init(KEY, X)
