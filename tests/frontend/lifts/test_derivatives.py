"""Lifted jvp, vjp and custom_vjp."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import stablelift as nn
from stablelift import errors

from ..parity import KEY, assert_parity, assert_same_tree

X = jnp.arange(10.0).reshape(2, 5) / 7
RNGS = {"params": KEY, "noise": jax.random.key(3)}


def tangents(nn):
    class Outer(nn.Module):
        @nn.compact
        def __call__(self, x):
            layer = nn.Dense(3)

            def f(mdl, x, n):
                keep = jax.random.bernoulli(mdl.make_rng("noise"), 0.5, x.shape)
                return {"y": nn.tanh(mdl(x * keep)) * n["n"]}

            n = {"n": x[0, 0]}
            params = layer.variables.get("params", {})
            moved = {"params": jax.tree.map(jnp.ones_like, params), "batch_stats": {}}
            whole = nn.jvp(f, layer, (x, n), (2 * x, n), variable_tangents=moved)
            still = nn.jvp(f, layer, (x, n), (x, n), {})
            return whole, still, nn.Dense(2)(x)

    return Outer()


def pullbacks(nn):
    class Outer(nn.Module):
        @nn.compact
        def __call__(self, x):
            def f(mdl, x, n):
                state = mdl.variable("state", "seen", lambda: jnp.zeros(()))
                state.value = state.value + x.sum()
                return nn.tanh(nn.Dense(3)(x)) * n, {"aux": x.sum()}

            n = jnp.float32(2)
            y, pullback, aux = nn.vjp(f, self, x, n, has_aux=True)
            z, other = nn.vjp(Outer.method, self, x, vjp_variables=["params", "state"])
            return y, aux, pullback(y), z, other(2 * z)

        def method(self, x):
            return x * self.param("scale", nn.initializers.ones, (5,))

    return Outer()


def several_modules(nn):
    class Outer(nn.Module):
        @nn.compact
        def __call__(self, x):
            one, two = nn.Dense(3), nn.Dense(3)
            y, pullback = nn.vjp(lambda mdl, x, other: mdl(x) * other(x), one, x, two, multi_scope=True)
            return y, pullback(y)[:2]

    return Outer()


def custom(nn):
    class Outer(nn.Module):
        @nn.compact
        def __call__(self, x):
            def f(mdl, x):
                keep = jax.random.bernoulli(mdl.make_rng("noise"), 0.5, x.shape)
                return mdl(x * keep)

            def forward(mdl, x):
                return nn.vjp(f, mdl, x)

            def backward(pullback, ct):
                params, *inputs = pullback(ct)
                return jax.tree.map(jnp.sign, params), *inputs

            def scaled(mdl, k, x, scale):
                return mdl(x) * k * scale

            def scaled_forward(mdl, k, x, scale):
                return nn.vjp(lambda mdl, x: scaled(mdl, k, x, scale), mdl, x)

            def scaled_backward(k, pullback, ct):
                params, *inputs = pullback(ct)
                return jax.tree.map(lambda p: k * p, params), *inputs, ct.sum()

            signed = nn.custom_vjp(f, forward_fn=forward, backward_fn=backward)
            y = signed(nn.Dense(3), x)
            fixed = nn.custom_vjp(scaled, scaled_forward, scaled_backward, nondiff_argnums=(1,))
            z = fixed(nn.Dense(3), 4.0, x, jnp.float32(2))
            return y, z, self.make_rng("noise")

    return Outer()


def gradients(nn, build, grad):
    model = build(nn)
    variables = model.init(RNGS, X)

    def loss(params, x):
        out, _ = model.apply({**variables, "params": params}, x, rngs=RNGS, mutable=["state"])
        leaves = [leaf for leaf in jax.tree.leaves(out) if jnp.issubdtype(leaf.dtype, jnp.floating)]
        return sum((leaf**2).sum() for leaf in leaves)

    value = model.apply(variables, X, rngs=RNGS, mutable=["state"])
    return variables, value, grad(loss, argnums=(0, 1))(variables["params"], X)


@pytest.mark.parametrize("build", [tangents, pullbacks, custom])
def test_parity(build):
    linen = pytest.importorskip("flax.linen")
    expected = gradients(linen, build, jax.grad)
    assert_same_tree(expected, gradients(nn, build, nn.functional.grad), close=True)
    assert_same_tree(expected, gradients(nn, build, jax.grad), close=True)


def test_flags_of_a_function_with_a_custom_gradient_stay_flags():
    def run(mdl, x, features, train):
        return nn.Dense(features, parent=mdl)(x) if train else x

    def forward(mdl, x, features, train):
        return nn.vjp(lambda mdl, x: run(mdl, x, features, train), mdl, x)

    class Outer(nn.Module):
        backward: Any

        @nn.compact
        def __call__(self, x):
            return nn.custom_vjp(run, forward, self.backward)(self, x, 3, True)

    model = Outer(lambda pullback, ct: (*pullback(2 * ct), None, None))
    variables = model.init(KEY, X)
    gradient = jax.grad(lambda v: model.apply(v, X).sum())(variables)
    assert jnp.array_equal(gradient["params"]["Dense_0"]["bias"], 2.0 * len(X) * jnp.ones(3))
    short = Outer(lambda pullback, ct: pullback(ct))
    with pytest.raises(errors.LiftError, match="a tuple of 4 gradients from `<lambda>`.*found 2 of them"):
        jax.grad(lambda v: short.apply(v, X).sum())(variables)


def test_parity_with_several_modules():
    def run(nn):
        model = several_modules(nn)
        return model.apply(model.init(KEY, X), X)

    assert_parity(run, close=True)


def test_a_pullback_crosses_jit_and_scan():
    class Outer(nn.Module):
        @nn.compact
        def __call__(self, x):
            layer = nn.Dense(5)
            _, pullback = nn.vjp(lambda mdl, x: nn.tanh(mdl(x)), layer, x)
            pull = nn.functional.jit(lambda pullback, ct: pullback(ct))
            by_jit = pull(pullback, x)

            def step(mdl, carry, _):
                _, dx = carry[0](carry[1])
                return (carry[0], dx), dx

            _, steps = nn.scan(step, length=2)(self, (pullback, x), None)
            return by_jit, steps, pullback

    variables = Outer().init(KEY, X)
    (_, dx), steps, pullback = Outer().apply(variables, X)
    np.testing.assert_allclose(steps[0], dx, rtol=1e-6)
    layer = lambda params, x: jnp.tanh(nn.Dense(5).apply({"params": params}, x))  # noqa: E731
    _, by_hand = jax.vjp(layer, variables["params"]["Dense_0"], X)
    assert_same_tree(by_hand(X)[1], pullback(X)[1], close=True)
    assert_same_tree(by_hand(X)[0], pullback(X)[0]["params"], close=True)


def test_pullback_under_vmap_and_scan():
    def run(nn):
        class Inner(nn.Module):
            @nn.compact
            def __call__(self, c, x):
                layer = nn.Dense(5)
                y, pullback = nn.vjp(lambda mdl, x: nn.tanh(mdl(x)), layer, x)
                return c + pullback(y)[1], y

        stacked = {"variable_axes": {"params": 0}, "split_rngs": {"params": True}}
        model = nn.vmap(nn.scan(Inner, **stacked), **stacked)()
        x = jnp.stack([X, 2 * X, X + 1])
        variables = model.init(KEY, x[:, 0], x)
        return variables, model.apply(variables, x[:, 0], x)

    assert_parity(run, close=True)


def outer(run):
    class Outer(nn.Module):
        @nn.compact
        def __call__(self, x):
            return run(nn.Dense(3), x)

    return lambda: Outer().init(KEY, X)


def test_other_modules_are_refused():
    message = "^`vjp` does not support Modules among the arguments or in the fields of the Module: their"
    with pytest.raises(NotImplementedError, match=message):
        outer(lambda mdl, x: nn.vjp(lambda mdl, x, m: mdl(x), mdl, x, nn.Dense(3)))()
    with pytest.raises(NotImplementedError, match="^`jvp` does not support Modules"):
        outer(lambda mdl, x: nn.jvp(lambda mdl, x, m: mdl(x), mdl, (x, nn.Dense(3)), (x, None), {}))()
    custom = nn.custom_vjp(lambda mdl, m: m, lambda mdl, m: (m, m), lambda r, ct: ({}, ct))
    with pytest.raises(NotImplementedError, match="^`custom_vjp` does not support Modules"):
        outer(lambda mdl, x: custom(mdl, nn.Dense(3)))()
    with pytest.raises(NotImplementedError, match="`vjp` takes `reduce_axes` for compatibility only"):
        outer(lambda mdl, x: nn.vjp(lambda mdl, x: mdl(x), mdl, x, reduce_axes=("batch",)))()


def custom_model(nn, forward, backward):
    class Outer(nn.Module):
        @nn.compact
        def __call__(self, x):
            return nn.custom_vjp(lambda mdl, x: mdl(x), forward, backward)(nn.Dense(3), x)

    return Outer()


def test_rules_that_do_not_fit():
    """As in Linen, nobody asks for a rule where nothing is differentiated."""
    no_gradients = lambda residuals, ct: ({}, ct)  # noqa: E731
    a_leaf = lambda residuals, ct: ({"params": ct}, ct)  # noqa: E731
    fitting = lambda mdl, x: (mdl(x), None)  # noqa: E731
    recording_less = lambda mdl, x: (x @ jnp.ones((5, 3)), None)  # noqa: E731
    for forward, backward, message in [
        (lambda mdl, x: x, no_gradients, r"LiftTypeError.*: `custom_vjp` wants \(output, residuals\) from"),
        (recording_less, no_gradients, "expected `callee` to return the output of"),
        (fitting, a_leaf, "expected `callee` to return as gradient of argument 0 a tree"),
    ]:
        model = custom_model(nn, forward, backward)
        variables = model.init(KEY, X)
        with pytest.raises(errors.LiftError, match=message):
            jax.grad(lambda v, m=model: m.apply(v, X, capture_intermediates=True)[0].sum())(variables)


def test_a_forward_rule_that_records_other_intermediates():
    def forward(mdl, x):
        return x @ mdl.variables["params"]["kernel"], None

    def run(nn):
        model = custom_model(nn, forward, lambda residuals, ct: ({}, ct))
        return model.apply(model.init(KEY, X), X, capture_intermediates=True)

    assert_parity(run)


def test_a_custom_gradient_in_a_map_that_shares_parameters():
    """Shared parameters that may be written come out of the function, and stay shared."""

    def build(nn):
        half = lambda pullback, ct: jax.tree.map(lambda g: g / 2, pullback(ct))  # noqa: E731
        forward = lambda mdl, x: nn.vjp(lambda mdl, x: mdl(x), mdl, x)  # noqa: E731
        mapped = nn.vmap(lambda mdl, x: mdl(x), variable_axes={"params": None}, split_rngs={"params": False})

        class Outer(nn.Module):
            @nn.compact
            def __call__(self, x):
                return mapped(custom_model(nn, forward, half), x)

        model = Outer()
        variables = model.init(KEY, X)
        loss = lambda v: (model.apply(v, X, mutable=True)[0] ** 2).sum()  # noqa: E731
        return variables, jax.grad(loss)(variables)

    assert_parity(build, close=True)
