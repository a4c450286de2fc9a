"""Lifts of functions of scopes, as `flax.core.lift` has them."""

from functools import partial

import jax
import jax.numpy as jnp
import pytest

from stablelift import core, functional

from ..parity import assert_same_tree

X = jnp.arange(10.0).reshape(2, 5) / 7


def dense(scope, x, features=5):
    init = jax.nn.initializers.lecun_normal()
    return x @ scope.param("kernel", init, (x.shape[-1], features))


def vmapped(lift):
    return lambda scope, x: lift.vmap(dense, {"params": 0}, {"params": True})(scope, x)


def scanned(lift):
    def body(scope, c, x):
        return jnp.tanh(dense(scope, c)), x * 2

    return lambda scope, x: lift.scan(body, {"params": 0}, split_rngs={"params": True})(scope, x, x)


def repeated(lift):
    return lambda scope, x: lift.remat_scan(lift.remat(dense), (2, 2))(scope, x)


def branching(lift):
    def run(scope, x):
        a, b = partial(dense, features=2), lambda scope, x: -dense(scope, x, 2)
        return lift.cond(x.sum() > 0, a, b, scope, x), lift.switch(5, [a, b], scope, x)

    return run


def looping(lift):
    def run(scope, x):
        scope.put_variable("state", "n", jnp.int32(0))

        def body(scope, c):
            scope.put_variable("state", "n", scope.get_variable("state", "n") + 1)
            return c * 2

        def holds(scope, c):
            return scope.get_variable("state", "n") < 3

        return lift.while_loop(holds, body, scope, x, carry_variables="state")

    return run


def differentiated(lift):
    def run(scope, x):
        y, pullback = lift.vjp(dense, scope, x)
        moved = jax.tree.map(jnp.ones_like, scope.variables().get("params", {}))
        tangent = lift.jvp(dense, scope, (x,), (x,), variable_tangents={"params": moved})
        loss = lambda scope, x: (dense(scope, x).sum(), x)  # noqa: E731
        return y, pullback(y), tangent, lift.value_and_grad(loss, scope, x, has_aux=True)

    return run


def custom(lift):
    def forward(scope, x):
        return lift.vjp(dense, scope, x)

    def backward(pullback, ct):
        params, dx = pullback(ct)
        return jax.tree.map(jnp.sign, params), dx

    return lambda scope, x: lift.custom_vjp(dense, forward, backward)(scope, x)


def mapped(lift):
    def run(scope, x):
        swapped = lift.swap_collection(dense, "params", "state")(scope, x)
        return swapped, lift.map_variables(dense, "params", mutable=True)(scope, x)

    return run


BUILDERS = [vmapped, scanned, repeated, branching, looping, differentiated, custom, mapped]


@pytest.mark.parametrize("build", BUILDERS)
def test_parity(build):
    flax = pytest.importorskip("flax.core")

    def run(core, grad):
        key = jax.random.PRNGKey(0)
        model = build(core.lift)
        value, variables = core.init(model)(key, X)

        def loss(params):
            found = core.apply(model, mutable=["state"])({**variables, **params}, X, rngs={"params": key})
            return sum((y**2).sum() for y in jax.tree.leaves(found[0]))

        params = {"params": variables["params"]} if "params" in variables else {}
        gradient = grad(loss)(params) if build is not looping else None
        again = core.apply(model, mutable=["state"])(variables, X, rngs={"params": key})
        return value, variables, again, gradient

    assert_same_tree(run(flax, jax.grad), run(core, functional.grad), close=True)


def test_names_of_the_core():
    flax = pytest.importorskip("flax.core")
    public = {name for name in dir(flax) if not name.startswith("_")}
    assert {name for name in core.__all__ if name not in public} <= {"jvp", "vjp"}
    assert core.lift.scan is core.scan
