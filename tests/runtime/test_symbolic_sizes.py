"""Programs that `jax.export` leaves open in some sizes: lifts of all kinds but derivatives."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import pytest
from jax import export

import stablelift as nn
from stablelift import functional
from stablelift.errors import LiftError
from tests.support import assert_close

W = jax.random.normal(jax.random.key(0), (3, 3))
X = jax.random.normal(jax.random.key(1), (4, 5, 3))
STACKED = {"variable_axes": {"params": 0}, "split_rngs": {"params": True, "dropout": True}}
SHARED = {"variable_broadcast": "params", "split_rngs": {"params": False}}


STACK = jnp.stack([W, -W, W.T])


def mapped(function):
    """Over the three matrices."""
    return functional.vmap(function)(STACK)


def exported(function, spelled="b, t, 3"):
    sizes = export.symbolic_shape(spelled)
    return export.export(jax.jit(function))(jax.ShapeDtypeStruct(sizes, jnp.float32))


def step(c, x):
    c = jnp.tanh(c @ W + x)
    return c, (c.sum(), jnp.stack([c, x]))


LOOP = functional.jit(lambda w: functional.scan(lambda c, x: (jnp.sin(c + x), c * x), w[0], w, reverse=True))

FUNCTIONS = {
    "call": functional.jit(lambda x: jax.nn.gelu(x @ W)),
    "a rule of a user's": functional.jit(jax.nn.relu),
    "what JAX computes in a library": functional.remat(
        lambda x: jnp.cumsum(x, 1) @ jnp.linalg.inv(W) + jnp.sort(jax.scipy.special.gammainc(x**2 + 1, x**2))
    ),
    "remat": functional.remat(lambda x: jnp.sin(x @ W)),
    "scan of slices": lambda x: functional.scan(
        step, jnp.zeros_like(x[0]), x, in_axes=0, out_axes=(0, 1), reverse=True
    ),
    "scan that reads nothing": lambda x: functional.scan(lambda c, _: (c @ W, c), x, None, length=3),
    "scan along another axis": lambda x: functional.scan(step, x[:, 0], x, in_axes=1),
    "loop of jax's in a lift": functional.jit(lambda x: jax.lax.scan(step, jnp.zeros_like(x[0]), x)),
    "while": lambda x: functional.while_loop(lambda c: c[1] < 3, lambda c: (c[0] @ W, c[1] + 1), (x, 0)),
    "switch": lambda x: functional.switch(1, [jnp.sin, jnp.cos, lambda x: x @ W], x),
    "map of products": lambda x: mapped(lambda w: x @ w + x.mean(-1, keepdims=True)),
    "map of slices": lambda x: mapped(lambda w: jnp.pad((x @ w)[:, 1:], ((0, 0), (1, 2), (0, 0)))),
    "map of shapes": lambda x: mapped(lambda w: (x @ w + jnp.arange(x.shape[1])[:, None]).reshape(-1, 3)),
    "map of choices": lambda x: mapped(lambda w: jnp.sort(jnp.where(x > w[0], x, 0.0).clip(w[0, 0], 1.0))),
    "map of branches": lambda x: mapped(lambda w: functional.cond(w.sum() > 0, jnp.sin, jnp.cos, x)),
    "map of rows": lambda x: mapped(lambda w: w[jnp.argmax(x @ w, -1)]),
    "map of loops": lambda x: mapped(lambda w: functional.scan(step, x[0] @ w, x)),
    "map of a map": lambda x: mapped(lambda w: functional.vmap(lambda v: x * v, out_axes=2)(w)),
    "map with a name": lambda x: functional.vmap(lambda w: jax.lax.psum(x @ w, "i"), axis_name="i")(STACK),
    "map along the last axis": functional.vmap(lambda x: x / x.max(), in_axes=2, out_axes=1),
    "examples": lambda x: functional.vmap(lambda x: (x @ W, jnp.ones(3)), out_axes=(1, 0))(x),
    "examples of examples": functional.vmap(functional.vmap(lambda x: jnp.tanh(x @ W).sum())),
    "all pairs": lambda x: functional.vmap(lambda u: functional.vmap(lambda v: (u * v).sum())(x))(x),
    "loops of examples": functional.vmap(lambda x: functional.scan(step, x[0], x)),
    "fixed loops of examples": functional.vmap(
        lambda x: functional.scan(lambda c, _: (jnp.sin(c @ W), c), x, None, length=3)
    ),
    "one loop for some and for many": functional.remat(
        lambda x: (LOOP(jnp.sin(W)), functional.vmap(lambda x: LOOP(x.sum() * W))(x))
    ),
    "unequal loops of examples": functional.vmap(
        lambda x: functional.while_loop(lambda c: c.sum() < 3, lambda c: c + 1, x)
    ),
    "branches of examples": functional.vmap(
        lambda x: functional.cond(x.sum() > 0, jnp.sin, lambda x: x @ W, x)
    ),
    "shapes of examples": functional.vmap(
        lambda x: (x.reshape(-1), x.reshape(-1, 3, 1), x[:, None] * x, jnp.pad(x, ((1, 0), (0, 1))))
    ),
    "slices of examples": functional.vmap(lambda x: (x[1:], x[-1], x[0, :2], jnp.concatenate([x, W]))),
    "rows of examples": functional.vmap(
        lambda x: (W[jnp.argmax(x, -1)], x.at[0].set(1.0), jnp.sort(x), jax.lax.top_k(x, 2))
    ),
    "numbered examples": lambda x: functional.vmap(
        lambda x: x * jax.lax.axis_index("i") - jax.lax.psum(x, "i"), axis_name="i"
    )(x),
    "sums over examples of what they share": functional.vmap(
        lambda x: x @ jax.lax.psum(jnp.sin(W), "i") + jax.lax.psum(W.sum(), "i"), axis_name="i"
    ),
    "compile": nn.compile(lambda x: functional.remat(jnp.cos)(x) @ W),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_exported_for_all_sizes(name):
    function = FUNCTIONS[name]
    found = exported(function)
    for x in (X, X[:2, :4], X[:1]):
        assert_close(found.call(x), function(x), rtol=1e-5)


class Block(nn.Module):
    @nn.compact
    def __call__(self, x, _=None):
        x = x + nn.SelfAttention(2)(nn.LayerNorm()(x))
        return nn.Dropout(0.5, deterministic=False)(nn.relu(nn.Dense(8)(x))), None


class Text(nn.Module):
    @nn.compact
    def __call__(self, x):
        x = nn.jit(nn.Dense)(8)(x)
        x = nn.vmap(Block, **STACKED, in_axes=None, out_axes=0, axis_size=3)()(x)[0].sum(0)
        x, _ = nn.scan(nn.remat(Block), **STACKED, length=2)()(x, None)
        x = nn.remat_scan(nn.Dense, lengths=(2, 2), **STACKED)(8)(x)
        x = nn.Bidirectional(nn.RNN(nn.LSTMCell(4)), nn.RNN(nn.GRUCell(4)))(x)
        along = nn.scan(lambda m, c, x: (c, m(x + c)), **SHARED, in_axes=1, out_axes=1)
        x = along(nn.Dense(8), x[:, 0], x)[1]
        return nn.map_variables(nn.Dense, "params", lambda v: jax.tree.map(jnp.sign, v), init=True)(2)(x)


@pytest.mark.smoke
def test_a_module_is_exported_for_all_sizes():
    model = Text()
    variables = model.init({"params": jax.random.key(0), "dropout": jax.random.key(1)}, X)

    def apply(x):
        return model.apply(variables, x, rngs={"dropout": jax.random.key(2)})

    assert_close(exported(apply).call(X), apply(X), rtol=1e-5)


@pytest.mark.parametrize("layers", ["auto", "outline", "roll"])
def test_equal_layers_are_exported_inline(layers):
    class Layers(nn.Module):
        @nn.compact
        def __call__(self, x):
            for _ in range(5):
                x = Block()(x)[0]
            return x

    x = jnp.ones((2, 4, 8))
    variables = Layers().init({"params": jax.random.key(0), "dropout": jax.random.key(1)}, x)

    @partial(nn.compile, layers=layers)
    def apply(x):
        return Layers().apply(variables, x, rngs={"dropout": jax.random.key(2)})

    assert_close(exported(apply, "b, 4, 8").call(x), apply(x), rtol=1e-5)


CONVOLVED = {"window_strides": (1,), "padding": "SAME", "dimension_numbers": ("NWC", "WIO", "NWC")}


def convolution(x):
    return jax.lax.conv_general_dilated(x[None], W[None], **CONVOLVED)


def test_so_many_examples_of_known_shapes():
    """Rules that calculate with sizes do so with those of one example."""

    def function(x):
        return convolution(x), jnp.cumsum(x, 0), x[1:3], jax.lax.reduce_max(x[::2], (0,))

    mapped = functional.vmap(function)
    found = exported(mapped, "b, 5, 3")
    for x in (X, X[:1]):
        for one, other in zip(found.call(x), mapped(x), strict=True):
            assert_close(one, other, rtol=1e-5)


@pytest.mark.parametrize(
    "function",
    [
        functional.vmap(convolution),
        lambda x: mapped(lambda w: jnp.cumsum(x @ w, 1)),
        jax.grad(lambda x: functional.scan(lambda c, _: (jnp.sin(c), None), x, None, length=2)[0].sum()),
        lambda x: functional.jvp(jnp.sin, (x,), (x,)),
        functional.vmap(lambda x: x * jax.lax.ppermute(W.sum(), "i", [(0, 1)]), axis_name="i"),
    ],
    ids=["convolution", "cumsum", "grad", "jvp", "ppermute"],
)
def test_rules_and_derivatives_say_that_they_need_sizes(function):
    with pytest.raises(LiftError, match=r"(are symbolic|are not known)\n(.*\n)+  hint: export with numbers"):
        exported(function)


def test_a_symbolic_axis_belongs_to_an_argument():
    with pytest.raises(ValueError, match="axis_size is symbolic, b; map an argument that has this size"):
        exported(lambda x: functional.vmap(lambda: W, axis_size=x.shape[0])())
