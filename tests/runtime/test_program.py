"""A Program is transformed, compared, compiled and called, inside JAX and outside."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stablelift.runtime.program import Program

pytestmark = pytest.mark.smoke

X = jnp.linspace(-1.0, 1.0, 12).reshape(3, 4)
Y = jnp.cos(X) + 2


def f(x, y):
    return jnp.sum(jnp.sin(x) * y)


P = Program.trace(f, X, Y)
STACKED = jnp.stack([X, 2 * X])


def close(found, expected):
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6), found, expected)


INSIDE = {
    "jit": lambda g: jax.jit(g)(X, Y),
    "vmap": lambda g: jax.vmap(g, in_axes=(0, None))(STACKED, Y),
    "vmap of another axis": lambda g: jax.vmap(g, in_axes=(1, None))(jnp.moveaxis(STACKED, 0, 1), Y),
    "grad": lambda g: jax.grad(g, argnums=(0, 1))(X, Y),
    "jit of grad": lambda g: jax.jit(jax.grad(g))(X, Y),
    "jvp": lambda g: jax.jvp(g, (X, Y), (Y, X)),
    "linearize": lambda g: jax.linearize(g, X, Y)[1](Y, X),
    "hessian": lambda g: jax.hessian(g)(X, Y),
    "vmap of grad": lambda g: jax.jit(jax.vmap(jax.grad(g), in_axes=(0, None)))(STACKED, Y),
    "scan": lambda g: jax.lax.scan(lambda c, x: (c + g(x, Y), c), jnp.float32(0), STACKED),
    "checkpoint": lambda g: jax.grad(jax.checkpoint(g))(X, Y),
}


@pytest.mark.parametrize("name", INSIDE)
def test_inside_jax(name):
    close(INSIDE[name](P), INSIDE[name](f))


def test_transformed():
    close(
        P.vmap(in_axes=(1, None), axis_size=2)(jnp.moveaxis(STACKED, 0, 1), Y),
        jax.vmap(f, (0, None))(STACKED, Y),
    )
    close(P.jvp()((X, Y), (Y, X)), jax.jvp(f, (X, Y), (Y, X)))
    value, gradients = P.vjp()((X, Y), jnp.float32(2))
    close((value, gradients), (f(X, Y), jax.vjp(f, X, Y)[1](jnp.float32(2))))
    close(P.grad(1)(X, Y), jax.grad(f, 1)(X, Y))
    close(P.value_and_grad((0, 1))(X, Y), jax.value_and_grad(f, (0, 1))(X, Y))
    close(
        P.grad().vmap(in_axes=(0, None), axis_size=2)(STACKED, Y),
        jax.vmap(jax.grad(f), (0, None))(STACKED, Y),
    )


def test_leaves_without_tangents_are_none():
    program = Program.trace(lambda x, n: (x * n, n), X, 2)
    (y, n), (dy, dn) = program.jvp()((X, 3), (X, None))
    assert dn is None and n == 3
    close(dy, X * 3)
    _, (dx, dn) = program.vjp()((X, 3), (Y, None))
    assert dn is None
    close(dx, Y * 3)


def test_equal_programs():
    again = Program.trace(f, X, Y)
    assert P == again and hash(P) == hash(again) and len({P, again}) == 1
    assert P != Program.trace(lambda x, y: jnp.sum(jnp.cos(x) * y), X, Y)
    assert P != Program.trace(f, X[0], Y[0])
    assert Program.trace(lambda x: [x], X) != Program.trace(lambda x: (x,), X)


def test_repr_and_text():
    assert repr(P) == "Program(f: (f32[3,4], f32[3,4]) -> (f32[]))"
    assert "stablehlo.sine" in str(P) and "func.func public @main" in str(P)


def test_compiled():
    compiled = P.grad().compile()
    close(compiled(X, Y), jax.grad(f)(X, Y))
    assert {"lift-verify", "lift-derivatives", "hand-over", "XLA"} <= set(compiled.seconds)
    assert all(seconds >= 0 for seconds in compiled.seconds.values())
    assert "HloModule" in compiled.as_text()
    assert compiled.memory_analysis().argument_size_in_bytes > 0
    assert compiled.cost_analysis()


@pytest.mark.parametrize("argnums", [0, (0,)])
def test_donation(argnums):
    compiled = Program.trace(lambda x, y: x * y, X, Y).compile(donate_argnums=argnums)
    x, y = X + 0, Y + 0
    close(compiled(x, y), X * Y)
    assert x.is_deleted() and not y.is_deleted()


def test_optimized_is_plain_stablehlo():
    gradient = P.grad()
    assert "lift." in str(gradient) and "lift." not in str(gradient.optimize())
    close(gradient.optimize()(X, Y), jax.grad(f)(X, Y))


def test_dumps(tmp_path, monkeypatch):
    P.grad().compile(dump=tmp_path / "given")
    given = sorted(path.name for path in (tmp_path / "given").iterdir())
    assert given[0] == "01-lift-verify.mlir" and given[-1].endswith("symbol-dce.mlir")
    assert '"lift.vjp"' in (tmp_path / "given" / given[0]).read_text()
    assert "lift." not in (tmp_path / "given" / given[-1]).read_text().replace("lift-", "")
    monkeypatch.setenv("STABLELIFT_DUMP", str(tmp_path / "env"))
    P.grad().optimize()
    assert sorted(path.name for path in (tmp_path / "env").iterdir()) == given


def no_matter(x):
    return x["a"]


TREE = Program.trace(no_matter, {"a": X})
WRONG_CALLS = [
    (lambda: P(X), "f: expected 2 arguments (f32[3,4], f32[3,4]), found 1"),
    (lambda: P(X, Y[0]), "f: argument args[1]: expected f32[3,4], found f32[4]"),
    (lambda: P(X, Y.astype("bfloat16")), "f: argument args[1]: expected f32[3,4], found bf16[3,4]"),
    (lambda: P(X, 2), "f: argument args[1]: expected f32[3,4], found i32[]"),
    (lambda: P(X, "y"), "f: argument args[1]: expected an array or a number, found 'y' of type str"),
    (lambda: P.compile()(X, Y[0]), "f: argument args[1]: expected f32[3,4], found f32[4]"),
    (
        lambda: TREE({"b": X}),
        "no_matter: expected arguments of structure PyTreeDef(({'a': *},)), found PyTreeDef(({'b': *},))",
    ),
    (
        lambda: Program.trace(no_matter, {"a": "text"}),
        "trace: argument args[0]['a']: expected an array or a number, found 'text' of type str",
    ),
    (
        lambda: Program.trace(lambda x: {"out": "text"}, X),
        "trace: result['out']: expected an array or a number, found 'text' of type str",
    ),
    (
        lambda: Program.trace(jnp.sin, X).grad(),
        "grad: expected `sin` to return a real scalar, found float32[3,4]",
    ),
]


@pytest.mark.parametrize(
    ("attempt", "expected"), WRONG_CALLS, ids=lambda case: inspect.isfunction(case) and "call"
)
def test_wrong_calls(attempt, expected):
    with pytest.raises(TypeError) as error:
        attempt()
    assert str(error.value) == expected


def test_wrong_axes():
    with pytest.raises(ValueError) as error:
        P.vmap()
    assert str(error.value) == "vmap of a program: give axis_size, the number of examples"
    with pytest.raises(ValueError) as error:
        P.vmap(in_axes=7, axis_size=2)
    assert str(error.value) == "in_axes: axis 7 is out of range for f32[3,4] with one more axis"


def test_forward_over_reverse_where_a_result_carries_no_tangent():
    """The cotangents hold a None, which is no leaf of the primals then."""
    program = Program.trace(lambda x: (x**3, jnp.argmax(x)), jnp.ones(3))
    x = jnp.asarray([1.0, 2.0, 3.0])
    ones = (jnp.ones(3), None)
    (outputs, gradients), (moved, bent) = program.vjp().jvp()(((x,), ones), ((x,), (jnp.zeros(3), None)))
    np.testing.assert_allclose(outputs[0], x**3, rtol=1e-6)
    np.testing.assert_allclose(gradients[0], 3 * x**2, rtol=1e-6)
    np.testing.assert_allclose(moved[0], 3 * x**2 * x, rtol=1e-6)
    np.testing.assert_allclose(bent[0], 6 * x * x, rtol=1e-6)
    assert int(outputs[1]) == 2 and moved[1] is None
