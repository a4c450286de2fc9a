"""scan of pure functions along any axes, with values that all steps share and ys that none has a part in."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stablelift import functional as F

C = jnp.arange(4.0) / 3
XS = {"w": jnp.arange(12.0).reshape(3, 4) / 10, "x": jnp.arange(15.0).reshape(3, 5) / 7, "n": jnp.int32(3)}
IN_AXES = {"w": None, "x": 1, "n": None}
OUT_AXES = (None, -1, {"n": None, "c": 0})


def step(c, xs):
    outer = jnp.outer(xs["x"], c)
    return jnp.tanh(c + xs["x"] @ xs["w"]), (xs["w"] * 2, outer, {"n": xs["n"] + 1, "c": c[:2]})


def ours(reverse=False, unroll=1):
    return lambda c, xs: F.scan(step, c, xs, None, reverse, unroll, in_axes=IN_AXES, out_axes=OUT_AXES)


def theirs(reverse=False, unroll=1):
    def run(c, xs):
        def body(c, x):
            c, (_, outer, rest) = step(c, {**xs, "x": x})
            return c, (outer, rest["c"])

        c, (outer, stacked) = jax.lax.scan(body, c, xs["x"].T, reverse=reverse, unroll=unroll)
        return c, (xs["w"] * 2, jnp.moveaxis(outer, 0, -1), {"n": xs["n"] + 1, "c": stacked})

    return run


def same(found, expected):
    assert jax.tree.structure(found) == jax.tree.structure(expected)
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def loss(run, n):
    def value(c, w, x):
        leaves = jax.tree.leaves(run(c, {"w": w, "x": x, "n": n}))
        return sum(jnp.sin(leaf).sum() for leaf in leaves if jnp.issubdtype(leaf.dtype, jnp.floating))

    return value


@pytest.mark.parametrize("options", [{}, {"reverse": True}, {"unroll": 2}, {"unroll": True, "reverse": True}])
def test_values(options):
    same(ours(**options)(C, XS), theirs(**options)(C, XS))
    same(F.jit(ours(**options))(C, XS), theirs(**options)(C, XS))


def test_gradients_and_maps():
    def gradient(module, run):
        return module.grad(loss(run, XS["n"]), argnums=(0, 1, 2))

    args = (C, XS["w"], XS["x"])
    same(gradient(F, ours())(*args), gradient(jax, theirs())(*args))
    stacked = (C, jnp.stack([XS["w"], 2 * XS["w"]], 1), jnp.stack([XS["x"], -XS["x"]], -1))
    axes = (None, 1, -1)
    found = F.vmap(gradient(F, ours()), in_axes=axes)(*stacked)
    same(found, jax.vmap(gradient(jax, theirs()), in_axes=axes)(*stacked))


def test_one_loop_without_transposes():
    jaxpr = jax.make_jaxpr(ours())(C, XS)
    assert "transpose" not in str(jaxpr)
    ops = [equation.params["op"] for equation in jaxpr.eqns if equation.primitive.name == "lift"]
    assert ops == ["lift.call", "lift.scan"]


def test_a_y_that_depends_on_the_loop():
    with pytest.raises(ValueError, match="^scan: expected ys that do not depend on the loop, found 1, 2/c$"):
        F.scan(step, C, XS, in_axes=IN_AXES, out_axes=None)


def test_shared_by_way_of_an_outlined_function():
    """What is shared is found inside a call, where a result depends on the loop and another does not."""

    def outlined(x, w):
        return F.checkpoint(lambda x, w: (x * w, jnp.exp(w)))(x, w)

    def body(c, xs):
        product, shared = outlined(c, xs[0])
        return product, (shared, xs[1])

    xs = (jnp.float32(0.5), jnp.arange(3.0))
    c, (shared, ys) = F.scan(body, jnp.float32(8), xs, in_axes=(None, 0), out_axes=(None, 0))
    same((c, shared, ys), (jnp.float32(1), jnp.exp(jnp.float32(0.5)), xs[1]))


@pytest.mark.parametrize(
    ("in_axes", "message"),
    [
        ({"w": 2, "x": 1, "n": None}, r"^in_axes: axis 2 is out of range for float32\[3,4\]$"),
        ({"w": None, "x": 0}, r"^in_axes: expected a prefix of "),
        (
            {"w": 0, "x": 1, "n": None},
            r"^scan: expected one length, found float32\[3,4\], float32\[3,5\] along axis 1$",
        ),
        (0, r"^scan: expected xs with an axis to scan, found int32\[\]$"),
        (None, "^scan: expected one length, found neither xs nor length$"),
    ],
)
def test_axes_that_do_not_fit(in_axes, message):
    with pytest.raises(ValueError, match=message):
        F.scan(step, C, XS, in_axes=in_axes)
