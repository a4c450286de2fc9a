"""Lifted map_variables, add_metadata_axis and named_call."""

import jax
import jax.numpy as jnp
import pytest

import stablelift as nn
from stablelift import errors
from tests.support import optimised

from ..boxes import NamedBox
from ..parity import KEY, assert_parity, assert_same_tree

X = jnp.arange(10.0).reshape(2, 5) / 7


def twice(variables):
    return jax.tree.map(lambda x: x * 2, variables)


def half(variables):
    return jax.tree.map(lambda x: x / 2, variables)


def causal(nn):
    class Causal(nn.Module):
        def mask(self, variables):
            return variables if self.is_initializing() else jax.tree.map(jnp.triu, variables)

        def setup(self):
            masked = nn.map_variables(nn.Dense, "params", self.mask, init=self.is_initializing())
            self.dense = masked(5, use_bias=False)

        def __call__(self, x):
            return self.dense(x)

    return Causal()


def both_ways(nn):
    class Outer(nn.Module):
        @nn.compact
        def __call__(self, x):
            init = self.is_initializing()
            a = nn.map_variables(nn.Dense, "params", twice, half, init=init, mutable=True)(3)(x)

            def body(mdl, x, *, offset):
                count = mdl.variable("state", "n", lambda: jnp.float32(1))
                count.value = count.value + 1
                return nn.Dense(4)(x) + offset + mdl.make_rng("params")[0] % 7

            changed = nn.map_variables(body, ["params", "state"], twice, half, mutable=True)
            return a, changed(self, x, offset=1.0), changed(self, x, offset=2.0)

    return Outer()


def around(nn):
    """The function makes variables and keys of the Module around the one it maps."""

    class Scaled(nn.Module):
        @nn.compact
        def __call__(self, x):
            def scale(variables):
                factor = self.param("factor", nn.initializers.normal(), (3,))
                return jax.tree.map(lambda p: p * factor, variables)

            layer = nn.Dense(3)
            layer(x)
            return nn.map_variables(lambda mdl, x: mdl(x), "params", scale)(layer, x)

    return Scaled()


def swapped(nn):
    class Outer(nn.Module):
        @nn.compact
        def __call__(self, x):
            def swap(variables):
                return {"state": variables.get("params", {}), "params": variables.get("state", {})}

            lifted = nn.map_variables(nn.Dense, ["params", "state"], swap, swap, mutable=True)
            return nn.jit(lambda mdl, x: lifted(3)(x))(self, x)

    return Outer()


@pytest.mark.parametrize("build", [causal, both_ways, around, swapped])
def test_parity(build):
    linen = pytest.importorskip("flax.linen")

    def run(nn, grad):
        model, key = build(nn), jax.random.PRNGKey(0)
        variables = model.init(key, X)

        def loss(params, x):
            out, _ = model.apply({**variables, **params}, x, rngs=key, mutable=["state"])
            return sum((leaf**2).sum() for leaf in jax.tree.leaves(out))

        params = {"params": variables["params"]} if "params" in variables else {}
        value = model.apply(variables, X, rngs=key, mutable=["state"])
        return variables, value, grad(loss, argnums=(0, 1))(params, X)

    assert_same_tree(run(linen, jax.grad), run(nn, nn.functional.grad), close=True)


@optimised()
def test_initial_values_are_linens_bit_for_bit():
    assert_parity(lambda nn: [build(nn).init(jax.random.PRNGKey(0), X) for build in (causal, around)])


def test_mapped_collections_are_immutable_unless_said():
    with pytest.raises(errors.ScopeCollectionNotFound, match=r"`/map_variables\(\)` wants `kernel`"):
        nn.map_variables(nn.Dense, "params", twice)(3).init(KEY, X)


def test_collections_that_may_not_be_written_stay_with_init():
    """Linen loses them when another collection is mutable."""
    model = nn.map_variables(nn.Dense, "params", twice, init=True)(3)
    variables = model.init(KEY, X)
    expected = nn.Dense(3).apply(twice(variables), X)
    assert jnp.allclose(model.apply(variables, X, mutable=["state"])[0], expected)


def boxed(key, shape):
    return NamedBox(nn.initializers.normal()(key, shape), ("in", "out"))


class Boxed(nn.Module):
    @nn.compact
    def __call__(self, x):
        names = self.get_variable("params", "w").names if self.has_variable("params", "w") else None
        assert names in (None, ("in", "out"))
        return x @ self.param("w", boxed, (5, 5))


def test_boxes_under_scan_and_add_metadata_axis():
    params = {"name": "layers"}

    class Step(Boxed):
        def __call__(self, c, _):
            return super().__call__(c), None

    scanned = nn.scan(
        Step,
        variable_axes={"params": 1},
        split_rngs={"params": True},
        length=3,
        metadata_params=params,
    )()
    variables = scanned.init(KEY, X, None)
    assert variables["params"]["w"].names == ("in", "layers", "out")
    assert variables["params"]["w"].value.shape == (5, 3, 5)
    scanned.apply(variables, X, None)

    model = nn.add_metadata_axis(Boxed, {"params": 0, "state": None}, params)()
    variables = model.init(KEY, X)
    assert variables["params"]["w"].names == ("layers", "in", "out")
    assert variables["params"]["w"].value.shape == (5, 5)
    assert jnp.allclose(model.apply(variables, X), X @ variables["params"]["w"].value)


def test_named_call():
    class Outer(nn.Module):
        def setup(self):
            self.scale = self.helper(2.0)

        @nn.named_call
        def helper(self, x):
            return x * 2

        @nn.named_call
        def __call__(self, x):
            return self.helper(x) * self.scale

    model = Outer(name="outer")
    assert (model.apply({}, X) == 8 * X).all()
    jaxpr = jax.make_jaxpr(lambda x: model.apply({}, x))(X)
    names = [str(equation.source_info.name_stack) for equation in jaxpr.eqns]
    assert "outer.helper" in names[0] and names[1] == "outer/outer"


def test_names():
    assert nn.map_variables(nn.Dense).__name__ == "Map_variablesDense"
    assert nn.add_metadata_axis(nn.Dense, {"params": 0}).__name__ == "Map_variablesDense"
