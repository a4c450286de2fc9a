"""The pure-function lifts against JAX's: values, nesting in any order, stages, trees, and errors of use."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stablelift import functional as ours

X = jnp.linspace(-0.9, 1.1, 12).reshape(3, 4)


def close(found, expected):
    assert jax.tree.structure(found) == jax.tree.structure(expected)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=2e-4, atol=1e-5), found, expected)


def g(row):
    return jnp.sum(jnp.tanh(row) * row[::-1]) ** 2


# Each builds one nesting from a namespace: ours, or jax.
NESTINGS = {
    "vmap of grad": lambda n: n.vmap(n.grad(g))(X),
    "grad of vmap": lambda n: n.grad(lambda x: n.vmap(g)(x).sum())(X),
    "jvp of vjp": lambda n: n.jvp(lambda x: n.vjp(g, x)[1](jnp.float32(2)), (X[0],), (X[1],)),
    "vjp of jvp": lambda n: n.vjp(lambda x: n.jvp(g, (x,), (X[1],))[1], X[0])[1](jnp.float32(2)),
    "third order": lambda n: n.grad(n.grad(n.grad(lambda x: jnp.sin(x) * x**3)))(0.7),
    "vmap of vmap": lambda n: n.vmap(n.vmap(jnp.sin, in_axes=-1, out_axes=-1), in_axes=1)(X),
    "hessian": lambda n: n.vmap(lambda dx: n.jvp(n.grad(g), (X[0],), (dx,))[1])(jnp.eye(4)),
}


@pytest.mark.smoke
@pytest.mark.parametrize("stage", [lambda f: f(), lambda f: jax.jit(f)(), lambda f: ours.jit(f)()])
@pytest.mark.parametrize("name", NESTINGS)
def test_nesting(name, stage):
    close(stage(lambda: NESTINGS[name](ours)), NESTINGS[name](jax))


@pytest.mark.smoke
def test_with_jax_around_and_inside():
    close(jax.vmap(ours.grad(g))(X), jax.vmap(jax.grad(g))(X))
    close(ours.vmap(jax.grad(g))(X), jax.vmap(jax.grad(g))(X))
    close(jax.grad(lambda x: ours.vmap(g)(x).sum())(X), jax.grad(lambda x: jax.vmap(g)(x).sum())(X))


OPS = (
    jnp.sin,
    jnp.tanh,
    lambda x: x * x,
    lambda x: x.sum(-1, keepdims=True) + x,
    lambda x: jnp.exp(-x * x),
    jax.nn.relu,
)


@settings(max_examples=6)
@given(
    st.lists(st.sampled_from(OPS), min_size=1, max_size=4),
    st.lists(st.integers(1, 4), min_size=1, max_size=3),
    st.data(),
)
def test_random_functions(ops, shape, data):
    def function(x):
        for op in ops:
            x = op(x)
        return x

    axis = data.draw(st.integers(-len(shape) - 1, len(shape)))
    out_axis = data.draw(st.integers(-len(shape) - 1, len(shape)))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    x, dx = (jnp.asarray(rng.normal(size=shape), jnp.float32) for _ in range(2))
    batch = jnp.stack([x, dx, x + dx], axis)
    close(ours.vmap(function, axis, out_axis)(batch), jax.vmap(function, axis, out_axis)(batch))
    close(ours.jvp(function, (x,), (dx,)), jax.jvp(function, (x,), (dx,)))
    close(ours.vjp(function, x)[1](dx), jax.vjp(function, x)[1](dx))


TREES = {
    "has_aux": lambda n: n.value_and_grad(lambda x: (g(x), {"seen": x}), has_aux=True)(X[0]),
    "grad has_aux": lambda n: n.grad(lambda x: (g(x), [x, 3]), has_aux=True)(X[0]),
    "jvp has_aux": lambda n: n.jvp(lambda x: (g(x), x), (X[0],), (X[1],), has_aux=True),
    "argnums": lambda n: n.grad(lambda p, x, q: g(p["a"] * x) * q[0], argnums=(2, 0))(
        {"a": X[0]}, X[1], [2.0]
    ),
    "argnums from the end": lambda n: n.grad(lambda p, x: g(p * x), argnums=-1)(X[0], X[1]),
    "keywords": lambda n: n.grad(lambda x, scale: g(x) * scale)(X[0], scale=2.0),
    "vmap keywords": lambda n: n.vmap(lambda x, y: g(x) * y.sum(), in_axes=1)(X.T, y=X),
    "axes trees": lambda n: n.vmap(
        lambda p, x: {"s": g(p["w"] * x), "t": x}, in_axes=({"w": None}, -2), out_axes={"s": 0, "t": 1}
    )({"w": X[0]}, X),
    "list of axes": lambda n: n.vmap(lambda x, y: x * y, in_axes=[0, None])(X, 2.0),
    "axis_size": lambda n: n.vmap(lambda: jnp.ones(2), axis_size=3)(),
    "unmapped result": lambda n: n.vmap(lambda x: (x, 1.0), out_axes=(0, None))(X),
    "None in a tree": lambda n: n.grad(lambda p: g(p["a"]))({"a": X[0], "b": None}),
}


@pytest.mark.smoke
@pytest.mark.parametrize("name", TREES)
def test_trees(name):
    close(TREES[name](ours), TREES[name](jax))


@pytest.mark.smoke
def test_vjp_has_aux_and_a_pullback_that_crosses_jit():
    _, pullback, aux = ours.vjp(lambda x: (g(x), x), X[0], has_aux=True)
    close(aux, X[0])
    close(jax.jit(lambda pullback, ct: pullback(ct))(pullback, jnp.float32(1)), (jax.grad(g)(X[0]),))


@pytest.mark.smoke
def test_jit_options():
    close(ours.jit(lambda x, n: x * n, static_argnums=1)(X, 3), X * 3)
    close(ours.jit(lambda x, n: x * n, static_argnames="n")(X, n=3), X * 3)
    donated = X + 0
    close(ours.jit(lambda x: x * 2, donate_argnums=0)(donated), X * 2)
    assert donated.is_deleted()


def f(x):
    return x


def scalar(x):
    return x.sum()


WRONG = [
    (lambda: ours.vmap(f, in_axes=2)(X), "in_axes: axis 2 is out of range for float32[3,4]"),
    (lambda: ours.vmap(f)(3.0), "in_axes: axis 0 is out of range for float32[]"),
    (lambda: ours.vmap(f, in_axes=(0, 0))(X), "in_axes: expected a prefix of PyTreeDef((*,)), found (0, 0)"),
    (
        lambda: ours.vmap(f, in_axes="a")(X),
        "in_axes: expected an int, None or a tuple with an entry for each argument, found a",
    ),
    (lambda: ours.vmap(f, in_axes=("a",))(X), "in_axes: expected integers or None, found 'a'"),
    (
        lambda: ours.vmap(lambda x, y: x)(X, X.T),
        "vmap: expected one size for all mapped axes, found several: "
        "axis 0 of float32[3,4] has 3, axis 0 of float32[4,3] has 4",
    ),
    (
        lambda: ours.vmap(f, axis_size=5)(X),
        "vmap: expected one size for all mapped axes, found several: "
        "axis 0 of float32[3,4] has 3, axis_size=5 has 5",
    ),
    (
        lambda: ours.vmap(f, in_axes=None)(X),
        "vmap: no argument is mapped; give axis_size, or an axis in in_axes",
    ),
    (lambda: ours.vmap(f, out_axes=3)(X), "out_axes: axis 3 is out of range for float32[4]"),
    (lambda: ours.vmap(f, out_axes=(0, 0))(X), "out_axes: expected a prefix of PyTreeDef(*), found (0, 0)"),
    (lambda: ours.vmap(f)("abc"), "argument: expected an array or a number, found 'abc' of type str"),
    (
        lambda: ours.vmap(lambda x: "abc")(X),
        "the result of `callee`: expected an array or a number, found 'abc' of type str",
    ),
    (lambda: ours.grad(f)(X), "grad: expected `f` to return a real scalar, found float32[3,4]"),
    (
        lambda: ours.grad(scalar)(jnp.arange(3)),
        "grad: expected floating-point or complex inputs, found int32[3] among the arguments",
    ),
    (
        lambda: ours.grad(scalar, 1)(X),
        "argnums: expected positions below 1, the number of arguments, found 1",
    ),
    (
        lambda: ours.grad(scalar, has_aux=True)(X),
        "has_aux: expected `scalar` to return (output, auxiliary data), found PyTreeDef(*)",
    ),
    (lambda: ours.jvp(f, (X,), (X[0],)), "tangent 0: expected float32[3,4], found float32[4]"),
    (
        lambda: ours.jvp(f, (X,), (X, X)),
        "jvp: expected tangents of the primals' structure PyTreeDef((*,)), found PyTreeDef((*, *))",
    ),
    (lambda: ours.vjp(f, X)[1](X[0]), "cotangent 0: expected float32[3,4], found float32[4]"),
    (
        lambda: ours.vjp(f, X)[1]((X, X)),
        "pullback: expected a cotangent of structure PyTreeDef(*), found PyTreeDef((*, *))",
    ),
]


@pytest.mark.smoke
@pytest.mark.parametrize(("attempt", "expected"), WRONG, ids=map(str, range(len(WRONG))))
def test_wrong_use(attempt, expected):
    with pytest.raises((TypeError, ValueError)) as error:
        attempt()
    assert str(error.value) == expected
