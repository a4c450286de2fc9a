"""Lifts in the functions that JAX's implicit solvers are given, which it linearises and transposes."""

from __future__ import annotations

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import pytest
from jax import lax

from stablelift import functional
from tests.support import assert_close

JAX = SimpleNamespace(
    scan=lax.scan, checkpoint=jax.checkpoint, jit=jax.jit, vmap=jax.vmap, jvp=jax.jvp, grad=jax.grad
)

A = jnp.array([[3.0, 1.0, 0.2], [0.5, 2.0, -0.3], [0.1, 0.4, 4.0]])
B = jnp.array([0.5, 0.3, 0.1])

TANGENT = {
    "jacobian": lambda g, y: jnp.linalg.solve(jax.jacobian(g)(y), y),
    "elementwise": lambda g, y: y / g(jnp.ones_like(y)),
}


def root(lib, tangent):
    """Of a residual that is found in a loop of recomputed steps, element by element."""

    def loss(a, b):
        def residual(x):
            step = lib.checkpoint(lambda c: c + 0.2 * jnp.tanh(x * c + a))
            return lib.scan(lambda c, _: (step(c), None), x, None, length=2)[0] - b

        def solve(f, x):
            return lax.fori_loop(0, 100, lambda _, x: x - 0.5 * f(x), x)

        return (lax.custom_root(residual, jnp.zeros_like(a), solve, TANGENT[tangent]) ** 2).sum()

    return loss


LINEAR = {
    "scan": lambda lib, a, x: lib.scan(lambda c, row: (c, row @ x), 0.0, a)[1],
    "carry": lambda lib, a, x: lib.scan(lambda c, _: (jnp.sin(a) @ c, None), x, None, length=3)[0],
    "checkpoint": lambda lib, a, x: lib.checkpoint(lambda x: jnp.sin(a) @ x + x)(x),
    "calls": lambda lib, a, x: lib.jit(lambda x: jax.jit(lambda x: lib.vmap(lambda r: r @ x)(a))(x))(x),
    "tangents": lambda lib, a, x: lib.jvp(lambda y: jnp.cos(a @ y), (B,), (x,))[1],
    "gradient": lambda lib, a, x: lib.grad(lambda y: y @ a @ x)(B),
}


def linear_solve(lib, name):
    def loss(a, b):
        def solved(of):
            return lambda f, b: jnp.linalg.solve(of(jax.jacfwd(lambda x: LINEAR[name](JAX, a, x))(b)), b)

        given = solved(lambda m: m), solved(lambda m: m.T)
        return (lax.custom_linear_solve(lambda x: LINEAR[name](lib, a, x), b, *given) ** 2).sum()

    return loss


WAYS = {
    "value": lambda f: f,
    "gradient": lambda f: jax.grad(f, (0, 1)),
    "gradient, jit": lambda f: jax.jit(jax.grad(f, (0, 1))),
    "hessian": lambda f: jax.jit(jax.hessian(f)),
    "map of the gradient": lambda f: lambda a, b: jax.vmap(jax.grad(f), (None, 0))(a, jnp.stack([b, 2 * b])),
}
LIFTED = {
    "gradient": lambda f: jax.jit(functional.grad(f, (0, 1))),
    "map of the gradient": lambda f: lambda a, b: functional.vmap(functional.grad(f), (None, 0))(
        a, jnp.stack([b, 2 * b])
    ),
}
"""The same in lifts."""


def compare(ours, expected, a, way):
    wanted = WAYS[way](expected)(a, B)
    assert_close(WAYS[way](ours)(a, B), wanted, rtol=2e-4)
    if way in LIFTED:
        assert_close(LIFTED[way](ours)(a, B), wanted, rtol=2e-4)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("tangent", TANGENT)
def test_a_root(tangent, way):
    compare(root(functional, tangent), root(JAX, tangent), A[0], way)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", LINEAR)
def test_a_linear_solve(name, way):
    compare(linear_solve(functional, name), linear_solve(JAX, name), A, way)


@pytest.mark.parametrize("through", [lambda f: f, jax.jit], ids=["op_by_op", "jit"])
@pytest.mark.parametrize("name", LINEAR)
def test_a_linear_function_is_transposed(name, through):
    def back(lib):
        return through(jax.linear_transpose(lambda x: LINEAR[name](lib, A, x), B))(jnp.cos(B))

    assert_close(back(functional), back(JAX), rtol=1e-5)


@functional.custom_jvp
def ruled(x):
    return 2 * x


ruled.defjvp(lambda primals, tangents: (2 * primals[0], 2 * tangents[0]))


@pytest.mark.parametrize(
    ("function", "primitive"),
    [
        (functional.checkpoint(jnp.sin), "sin"),
        (functional.jit(jax.nn.relu), "custom_jvp_call"),
        (lambda x: functional.scan(lambda c, _: (c * c, None), x, None, length=2)[0], "mul"),
        (functional.jit(lambda x: lax.scan(lambda c, _: (c * c, None), x, None, length=2)[0]), "mul"),
        (functional.jit(lambda x: lax.cond(A[0, 0] > 0, jnp.sin, jnp.sin, x)), "sin"),
        (lambda x: functional.jvp(lambda y: y * x, (x,), (x,))[1], "lift.jvp"),
        (lambda x: functional.vjp(lambda a, b: a * b, x, B)[1](x)[1], "lift.vjp"),
        (lambda x: ruled(x), "lift.custom_jvp"),
        (functional.vmap(jnp.sin), "sin"),
        (jax.vmap(functional.checkpoint(jnp.sin)), "sin"),
        (functional.checkpoint(lambda x: functional.vmap(lambda y: y * y)(x)), "mul"),
        (functional.jit(lambda x: 1 / x), "div"),
        (functional.jit(lambda x: jnp.where(x > 0, x, 2 * x)), "gt"),
        (functional.jit(lambda x: lax.select(x.astype(bool), x, 2 * x)), "convert_element_type"),
        (functional.jit(lambda x: x.at[0].multiply(x[1])), "scatter-mul"),
        (functional.jit(lambda x: lax.linalg.triangular_solve(A + x, A, left_side=True)), "triangular_solve"),
        (functional.jit(lambda x: lax.fori_loop(0, A[0, 0].astype(int), lambda _, c: c * 2, x)), "while"),
    ],
)
def test_one_that_is_not_linear(function, primitive):
    with pytest.raises(NotImplementedError) as raised:
        jax.linear_transpose(function, B)(jnp.ones_like(function(B)))
    assert str(raised.value).splitlines()[0] == (
        f"the transpose of a function that is not linear: it applies `{primitive}` "
        "to what it is to be linear in"
    )


INTEGERS = jnp.array([1, 2, 3])


def with_integers(lib, b):
    def residual(x):
        return x * INTEGERS + x[jnp.array([2, 1, 0])] - b

    def solve(f, x):
        return lax.fori_loop(0, 100, lambda _, x: x - 0.2 * f(x), x)

    found = lib.checkpoint(lambda b: lax.custom_root(residual, b, solve, TANGENT["jacobian"]))(b)
    return (found**2).sum()


@pytest.mark.parametrize("grad", [jax.grad, functional.grad], ids=["by_jax", "by_us"])
def test_a_root_of_a_function_that_holds_integers(grad):
    found = grad(lambda b: with_integers(functional, b))(B)
    assert_close(found, jax.grad(lambda b: with_integers(JAX, b))(B), rtol=1e-4)


def test_rules_that_do_not_ask_for_marks_of_zeros_get_none():
    seen = []

    @jax.custom_jvp
    def scaled(x, n):
        return x * n

    def rule(primals, tangents):
        seen.append([jnp.result_type(tangent) for tangent in tangents])
        return scaled(*primals), tangents[0] * primals[1]

    scaled.defjvp(rule)
    found = functional.grad(lambda x: scaled(x, INTEGERS).sum())(B)
    assert_close(found, INTEGERS.astype(float), rtol=1e-6)
    assert set(map(tuple, seen)) == {(jnp.dtype("float32"), jax.dtypes.float0)}
