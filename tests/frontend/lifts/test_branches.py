"""Lifted cond, switch and while_loop: variables and keys in branches and bodies."""

import jax
import jax.numpy as jnp
import pytest

import stablelift as nn
from stablelift import errors

from ..parity import KEY, assert_parity, assert_same_tree
from .test_scan import error_of

X = jnp.arange(10.0).reshape(2, 5) / 7
RNGS = {"params": KEY, "noise": jax.random.key(3)}


def up(nn):
    def up(mdl, x):
        count = mdl.variable("state", "n")
        count.value += 1
        return nn.Dense(3)(x) + jax.random.normal(mdl.make_rng("noise"))

    return up


def down(nn):
    def down(mdl, x):
        return -nn.Dense(3)(x) * jax.random.normal(mdl.make_rng("noise"))

    return down


def branches(nn):
    class Outer(nn.Module):
        @nn.compact
        def __call__(self, x):
            self.variable("state", "n", lambda: jnp.int32(0))
            a, b = up(nn), down(nn)
            return (
                nn.cond(x.sum() > 100, a, b, self, x),
                nn.cond(x.sum() < 100, a, b, self, x),
                nn.switch(1, [a, b, a], self, x),
                nn.switch(jnp.int32(7), [a, b, a], self, x),
                self.make_rng("noise"),
                nn.Dense(1)(x),
            )

    return Outer()


def one_branch_for_each_head(nn):
    """The structures of the heads differ, so all are run when initialising."""

    class Heads(nn.Module):
        def setup(self):
            self.heads = [nn.Dense(3), nn.Dense(3, use_bias=False)]

        def __call__(self, x, index):
            functions = [lambda mdl, x: mdl.heads[0](x), lambda mdl, x: mdl.heads[1](x)]
            if self.is_mutable_collection("params"):
                for function in functions:
                    function(self, x)
            return nn.switch(index, functions, self, x)

    return Heads()


def loop(nn):
    class Outer(nn.Module):
        @nn.compact
        def __call__(self, x):
            total = self.variable("state", "total", lambda: jnp.float32(0))
            layer = nn.Dense(5)
            layer(x)

            def holds(mdl, c):
                mdl.make_rng("noise")
                below = mdl.get_variable("state", "total") < 4
                return below & (jax.random.normal(mdl.make_rng("noise")) < 50)

            def body(mdl, c):
                total = mdl.variable("state", "total")
                total.value = total.value + jnp.abs(jax.random.normal(mdl.make_rng("noise")))
                shared = jax.random.normal(mdl.make_rng("params"))
                return {"n": c["n"] + 1, "x": c["x"] * 0.5 + shared}

            split = {"noise": True, "params": False}
            c = {"n": 0, "x": x}
            c = nn.while_loop(holds, body, self, c, carry_variables="state", split_rngs=split)
            return c, total.value, self.make_rng("noise"), self.make_rng("params")

    return Outer()


@pytest.mark.parametrize("build", [branches, loop])
def test_parity(build):
    def run(nn):
        model = build(nn)
        variables = model.init(RNGS, X)
        return variables, model.apply(variables, X, rngs=RNGS, mutable=["state"])

    assert_parity(run, close=True)


def test_gradients_of_branches():
    linen = pytest.importorskip("flax.linen")

    def run(nn, grad):
        model = branches(nn)
        variables = model.init(RNGS, X)

        def loss(params, x):
            given = {**variables, "params": params}
            out, _ = model.apply(given, x, rngs=RNGS, mutable=["state"])
            return sum((y**2).sum() for y in out[:4])

        return grad(loss, argnums=(0, 1))(variables["params"], X)

    assert_same_tree(run(linen, jax.grad), run(nn, nn.functional.grad), close=True)


def test_one_branch_for_each_head():
    def run(nn):
        model = one_branch_for_each_head(nn)
        variables = model.init(KEY, X, 0)
        return variables, [model.apply(variables, X, index) for index in (0, 1, -4)]

    assert_parity(run, close=True)


def test_loops_and_branches_on_a_bound_module():
    def run(nn):
        bound = nn.Dense(5).bind(nn.Dense(5).init(KEY, X))
        less = nn.while_loop(lambda mdl, c: c.sum() < 50, lambda mdl, c: mdl(c) + 1, bound, X)
        return less, nn.cond(True, lambda mdl, x: mdl(x), lambda mdl, x: -mdl(x), bound, X)

    assert_parity(run, close=True)


def test_branches_under_vmap_and_scan():
    def run(nn):
        class Step(nn.Module):
            @nn.compact
            def __call__(self, c, x):
                layer = lambda mdl, x: nn.Dense(5)(x)  # noqa: E731
                c = nn.cond(c.sum() > 0, layer, lambda mdl, x: -layer(mdl, x), self, c)
                return c, nn.switch(x.argmax(), [layer, lambda mdl, x: layer(mdl, 2 * x)], self, x)

        stacked = {"variable_axes": {"params": 0}, "split_rngs": {"params": True}}
        model = nn.vmap(nn.scan(Step, **stacked), **stacked)()
        x = jnp.arange(40.0).reshape(2, 4, 5) % 7 - 3
        variables = model.init(KEY, x[:, 0], x)
        return variables, model.apply(variables, x[:, 0], x)

    assert_parity(run, close=True)


def test_a_bounded_loop_has_a_gradient():
    """Linen's has none."""

    class Repeat(nn.Module):
        @nn.compact
        def __call__(self, x):
            layer = nn.Dense(5)
            layer(x)

            def holds(mdl, c):
                return c[0] < 3

            def body(mdl, c):
                return c[0] + 1, nn.tanh(mdl(c[1]))

            return nn.while_loop(holds, body, layer, (jnp.int32(0), x), max_trip_count=5)[1]

    def by_hand(params, x):
        for _ in range(3):
            x = jnp.tanh(x @ params["Dense_0"]["kernel"] + params["Dense_0"]["bias"])
        return (x**2).sum()

    params = Repeat().init(KEY, X)["params"]
    loss = lambda params, x: (Repeat().apply({"params": params}, x) ** 2).sum()  # noqa: E731
    found = nn.functional.grad(loss, argnums=(0, 1))(params, X)
    assert_same_tree(jax.grad(by_hand, argnums=(0, 1))(params, X), found, close=True)


def outer(run):
    class Outer(nn.Module):
        @nn.compact
        def __call__(self, x):
            return run(self, x)

    return lambda: Outer().init(RNGS, X)


def test_branches_that_create_different_variables():
    def one(mdl, x):
        return nn.Dense(3)(x)

    def other(mdl, x):
        return nn.Dense(3, use_bias=False)(x)

    assert error_of(outer(lambda mdl, x: nn.cond(True, one, other, mdl, x)), errors.LiftTypeError) == (
        "the branches of `cond` in `/` leave different variables\n"
        "  params/Dense_0/bias: float32[3] from `one`, nothing from `other`\n"
        "  hint: run all branches once when initialising, or create the variables before"
    )


def test_branches_that_return_different_types():
    def one(mdl, x):
        return x

    def other(mdl, x):
        return x[0].astype(jnp.int32)

    assert error_of(outer(lambda mdl, x: nn.switch(0, [one, other], mdl, x)), errors.LiftTypeError) == (
        "the branches of `switch` in `/` leave different values\n"
        "  value: float32[2, 5] from `one`, int32[5] from `other`\n"
        "  hint: convert the results to the same types"
    )
    with pytest.raises(errors.LiftArgumentError, match="`switch` wants at least one branch, found none"):
        outer(lambda mdl, x: nn.switch(0, [], mdl, x))()


def test_what_a_loop_may_not_do():
    forever = lambda mdl, c: True  # noqa: E731
    create = lambda mdl, c: nn.Dense(5)(c)  # noqa: E731
    with pytest.raises(errors.ScopeCollectionNotFound, match="in which `while_loop` creates nothing"):
        outer(lambda mdl, x: nn.while_loop(forever, create, mdl, x, split_rngs={"params": False}))()
    carry = lambda mdl, x: nn.while_loop(  # noqa: E731
        forever, create, mdl, x, carry_variables="params", split_rngs={"params": False}
    )
    assert error_of(outer(carry), errors.LiftTypeError) == (
        "the body of `while_loop` in `/` creates variables that the loop carries\n"
        "  created: params/Dense_0/bias, params/Dense_0/kernel\n"
        "  hint: create them before the loop, such as by one call of its body, or leave their collection out "
        "of `carry_variables`"
    )
    changed = lambda mdl, x: nn.while_loop(forever, lambda mdl, c: (c, c), mdl, x)  # noqa: E731
    assert error_of(outer(changed), errors.LiftTypeError) == (
        "the body of `while_loop` in `/` changes the carry in structure\n"
        "  expected: float32[2, 5]\n"
        "  found: (float32[2, 5], float32[2, 5])\n"
        "  hint: return what the body was given, in the same structure"
    )

    def write(mdl, x):
        mdl.variable("state", "n", lambda: 1)
        return nn.while_loop(lambda mdl, c: mdl.put_variable("state", "n", 2), forever, mdl, x)

    with pytest.raises(errors.ModifyScopeVariableError, match="cannot update `n` in `/while_loop\\(\\)`"):
        outer(write)()


def test_targets():
    with pytest.raises(errors.LiftArgumentError, match="`cond` lifts functions whose first parameter"):
        outer(lambda mdl, x: nn.cond(True, nn.Dense, nn.Dense, mdl, x))()
