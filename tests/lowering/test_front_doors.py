"""checkpoint, custom_jvp, custom_vjp and associative_scan of pure functions, against JAX's."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stablelift import functional as F
from stablelift.errors import LiftError

X = jnp.arange(1.0, 7.0).reshape(2, 3) / 5
W = jnp.arange(12.0).reshape(3, 4) / 11


def same(found, expected):
    assert jax.tree.structure(found) == jax.tree.structure(expected)
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        assert one.dtype == other.dtype
        if one.dtype != jax.dtypes.float0:
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def layer(w, x, scale=1.0):
    return {"y": jnp.tanh(x @ w) * scale}


@pytest.mark.parametrize("prevent_cse", [True, False])
def test_checkpoint(prevent_cse):
    def loss(of):
        def run(w, x):
            return sum(of(layer, prevent_cse=prevent_cse)(w, x * n, scale=2.0)["y"].sum() for n in (1, 2))

        return run

    found = F.grad(loss(F.checkpoint), argnums=(0, 1))(W, X)
    same(found, jax.grad(loss(jax.checkpoint), argnums=(0, 1))(W, X))
    assert F.remat is F.checkpoint


def test_checkpoint_with_static_arguments_and_a_policy():
    def power(x, n, kind):
        assert kind == "sum"
        return jnp.sin(x) ** n

    policy = jax.checkpoint_policies.dots_saveable
    lifted = F.checkpoint(power, static_argnums=(1, 2), policy=policy)
    same(F.grad(lambda x: lifted(x, 3, "sum").sum())(X), jax.grad(lambda x: power(x, 3, "sum").sum())(X))
    lowered = jax.make_jaxpr(lambda x: lifted(x, 3, "sum"))(X)
    assert ("policy", "dots_saveable") in lowered.eqns[0].params["attributes"]
    for number in (3, -4):
        with pytest.raises(ValueError, match=f"names argument {number}, and 3 are given by position"):
            F.checkpoint(power, static_argnums=number)(X, 3, "sum")


def clipped(module):
    """A function whose gradient is clipped, with residuals, a shared array and an integer argument."""
    weight = jnp.arange(3.0)

    @module.custom_vjp
    def f(x, n, p):
        return {"y": jnp.sin(x) * weight * n + p["a"]}, n + 1

    def fwd(x, n, p):
        return f(x, n, p), (x, n)

    def bwd(residuals, ct):
        x, n = residuals
        given, integer = ct
        assert integer.dtype == jax.dtypes.float0
        return jnp.clip(given["y"] * x * weight, -0.5, 0.5) * n, None, {"a": given["y"].reshape(-1, 3).sum(0)}

    f.defvjp(fwd, bwd)
    return f


def test_custom_vjp():
    n, p = jnp.int32(2), {"a": jnp.ones(3)}

    def grads(module, f):
        def loss(x, p):
            out, count = f(x, n, p)
            return (out["y"] * jnp.arange(1.0, 7.0).reshape(2, 3)).sum() + count

        return module.value_and_grad(loss, argnums=(0, 1))(X, p)

    same(grads(F, clipped(F)), grads(jax, clipped(jax)))
    same(grads(jax, clipped(F)), grads(jax, clipped(jax)))
    f, g = clipped(F), clipped(jax)
    mapped = F.vmap(F.grad(lambda x: f(x, n, p)[0]["y"].sum()))(X)
    same(mapped, jax.vmap(jax.grad(lambda x: g(x, n, p)[0]["y"].sum()))(X))


def closing_over(module, kind, jit):
    """A function and its rule that close over what is being traced. With a `jit` it applies the function."""

    def run(x, s):
        w = jnp.arange(3.0)

        def plain(x):
            return jnp.sin(x) * s * w

        again = (lambda x: jit(f)(x)) if jit else plain
        f = getattr(module, f"custom_{kind}")(plain)
        if kind == "vjp":
            f.defvjp(lambda x: (again(x), x), lambda x, ct: (ct * (again(x) + 3 * s) * w,))
        else:
            f.defjvp(lambda primals, tangents: (again(primals[0]), tangents[0] * again(primals[0]) * s))
        return (f(x) * f(2 * x)).sum()

    return run


@pytest.mark.parametrize("jit", [None, lambda f: f, F.jit], ids=["rule", "rule of itself", "jit in the rule"])
@pytest.mark.parametrize("kind", ["vjp", "jvp"])
def test_rules_that_close_over_a_traced_value(kind, jit):
    x, s = X, jnp.asarray([2.0, 3.0])
    ours, theirs = closing_over(F, kind, jit), closing_over(jax, kind, jit and (lambda f: f))
    expected = jax.jit(jax.vmap(jax.grad(theirs), (None, 0)))(x, s)
    same(F.jit(F.vmap(F.grad(ours), (None, 0)))(x, s), expected)
    same(jax.jit(jax.vmap(jax.grad(ours), (None, 0)))(x, s), expected)

    def twice(grad, f):
        return grad(lambda x: grad(f)(x, 2.0).sum())(x)

    same(twice(F.grad, ours), twice(jax.grad, theirs))


def test_second_derivative_goes_through_the_rule_again():
    def build(module):
        @module.custom_vjp
        def rounded(x):
            return jnp.round(x)

        rounded.defvjp(lambda x: (rounded(x), x), lambda x, ct: (ct * jnp.cos(x),))
        loss = lambda x: rounded(x) ** 3  # noqa: E731
        return module.grad(module.grad(module.grad(loss)))(1.7)

    same(build(F), build(jax))


def test_nondiff_argnums_and_keywords():
    def build(module):
        def f(kind, x, n):
            return {"sin": jnp.sin, "cos": jnp.cos}[kind](x) * n

        f = module.custom_vjp(f, nondiff_argnums=(0, 2))
        f.defvjp(lambda kind, x, n: (f(kind, x, n), x), lambda kind, n, x, ct: (ct * len(kind) * n * x,))
        return module.grad(lambda x: f("sin", x, n=2).sum())(X)

    same(build(F), build(jax))


def test_defaults_are_arguments_like_others():
    def build(module):
        f = module.custom_vjp(lambda x, n=2.0, *, kind="sin": getattr(jnp, kind)(x) * n)
        f.defvjp(lambda x, n: (f(x, n), n), lambda n, ct: (ct * n * 3, ct.sum()))
        g = module.custom_jvp(lambda x, times=1, power=2: x**power * times, nondiff_argnums=(1, 2))
        g.defjvp(lambda times, power, xs, ts: (g(xs[0]), ts[0] * times * power * 5))
        return module.grad(lambda x: (f(x) + g(x)).sum())(X)

    same(build(F), build(jax))


def test_custom_jvp():
    def build(module):
        @module.custom_jvp
        def f(x, n, y):
            return jnp.log1p(jnp.exp(x)) * n, y

        @f.defjvp
        def rule(primals, tangents):
            x, n, y = primals
            dx, dn, dy = tangents
            assert dn.dtype == jax.dtypes.float0
            return f(x, n, y), (7 * dx * n, dy)

        return f

    f, g, n = build(F), build(jax), jnp.int32(2)
    run = lambda f: lambda x, y: f(x, n, y)  # noqa: E731
    same(F.jvp(run(f), (X, X), (X, 2 * X)), jax.jvp(run(g), (X, X), (X, 2 * X)))
    loss = lambda f: lambda x: (f(x, n, x)[0] * x).sum()  # noqa: E731
    same(F.grad(loss(f))(X), jax.grad(loss(g))(X))
    same(jax.grad(loss(f))(X), jax.grad(loss(g))(X))
    same(F.vmap(F.grad(loss(f)))(X), jax.vmap(jax.grad(loss(g)))(X))


def test_defjvps():
    def build(module):
        f = module.custom_jvp(lambda x, y: x * y * y)
        f.defjvps(lambda dx, out, x, y: 5 * dx + out * 0, None)
        return module.jvp(f, (X, X + 1), (X, X))

    same(build(F), build(jax))


@pytest.mark.parametrize(
    ("fwd", "bwd", "message"),
    [
        (
            lambda x: x,
            None,
            r"custom_vjp: expected `fwd` to return \(output, residuals\), found PyTreeDef\(\*\)",
        ),
        (
            lambda x: ((x,), None),
            None,
            r"custom_vjp: expected `fwd` to return the output of `f`, of structure PyTreeDef\(\*\), "
            r"found PyTreeDef\(\(\*,\)\)",
        ),
        (
            lambda x: (x[0], None),
            None,
            r"custom_vjp: expected `fwd` to return the output of `f`, float32\[2,3\], found float32\[3\]",
        ),
        (
            lambda x: (x, None),
            lambda _, ct: ct,
            r"custom_vjp: expected `bwd` to return a tuple of gradients, one for each of 1 arguments, "
            r"found \w+",
        ),
        (
            lambda x: (x, None),
            lambda _, ct: (ct[0],),
            r"custom_vjp: expected `bwd` to return as gradient of argument 0 float32\[2,3\], "
            r"found shape \(3,\)",
        ),
        (
            lambda x: (x, None),
            lambda _, ct: ({"a": ct},),
            r"custom_vjp: expected `bwd` to return as gradient of argument 0 a tree PyTreeDef\(\*\), "
            r"found PyTreeDef\(\{'a': \*\}\)",
        ),
    ],
)
def test_rules_that_do_not_fit(fwd, bwd, message):
    @F.custom_vjp
    def f(x):
        return x * 2

    with pytest.raises(AttributeError, match="custom_vjp: `f` has no rule; give it one by `defvjp`"):
        f(X)
    fwd.__name__ = "fwd"
    if bwd:
        bwd.__name__ = "bwd"
    f.defvjp(fwd, bwd)
    same(f(X), X * 2)
    of_rule = rf"error: the derivative rule of `f` ended in an error\n  TypeError[^:]*(:\d+)?: {message}"
    with pytest.raises(LiftError, match=of_rule):
        F.grad(lambda x: f(x).sum())(X)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 7, 12])
def test_associative_scan(size, reverse):
    elems = {"a": jnp.arange(2.0 * size).reshape(2, size) / 7, "b": jnp.ones((size, 3)).T[:2]}

    def join(left, right):
        return {"a": left["a"] * right["a"], "b": right["a"] * left["b"] + right["b"]}

    expected = jax.lax.associative_scan(join, elems, reverse=reverse, axis=1)
    same(F.associative_scan(join, elems, reverse=reverse, axis=-1), expected)


def test_gradient_of_an_associative_scan():
    def loss(module):
        return lambda x: (module.associative_scan(jnp.multiply, x, axis=1) ** 2).sum()

    same(F.grad(loss(F))(X), jax.grad(loss(jax.lax))(X))


def test_what_cannot_be_scanned():
    with pytest.raises(ValueError, match="^associative_scan: axis 2 is out of range for float32\\[2,3\\]$"):
        F.associative_scan(jnp.add, X, axis=2)
    with pytest.raises(
        ValueError,
        match=r"^associative_scan: expected one size along axis 0, found float32\[2,3\], float32\[3,2\]$",
    ):
        F.associative_scan(jnp.add, (X, X.T))


def test_branches_where_types_are_not_promoted():
    with jax.numpy_dtype_promotion("strict"):
        for predicate in (True, 1, jnp.float32(0.5), jnp.int8(-1)):
            assert F.cond(predicate, lambda x: x, jnp.negative, jnp.float32(2)) == 2
