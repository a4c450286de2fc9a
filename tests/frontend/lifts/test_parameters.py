"""Parameters of the lifts that no other test gives a value: each means what it means in Linen."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import Mesh, NamedSharding, PartitionSpec

import stablelift as nn
from stablelift import Program, errors, functional

from ..parity import KEY, assert_parity

X = jnp.arange(12.0).reshape(3, 4) / 7


def model_of(nn, run):
    class Model(nn.Module):
        @nn.compact
        def __call__(self, x):
            return run(self, x)

    return Model()


def test_spmd_axis_name_spreads_the_mapped_axis():
    mesh = Mesh(np.array(jax.devices()[:1]), ("data",))

    def build(nn):
        def body(mdl, x):
            return jax.lax.with_sharding_constraint(jnp.sin(x), NamedSharding(mesh, PartitionSpec(None)))

        model = model_of(nn, lambda mdl, x: nn.vmap(body, spmd_axis_name="data")(mdl, x))
        return model.apply({}, X), jax.jit(model.apply)({}, X)

    assert_parity(build)
    model = model_of(nn, lambda mdl, x: nn.vmap(lambda mdl, x: x * 2, spmd_axis_name="data")(mdl, x))
    assert 'spmd_axis_name = ["data"]' in str(Program.trace(lambda x: model.apply({}, x), X))


def test_spmd_axis_name_along_which_an_example_is_divided():
    mesh = Mesh(np.array(jax.devices()[:1]), ("data",))

    def divided(x):
        return jax.lax.with_sharding_constraint(x, NamedSharding(mesh, PartitionSpec("data")))

    with pytest.raises(errors.LiftError) as raised:
        jax.jit(functional.vmap(divided, spmd_axis_name="data"))(X)
    assert str(raised.value).split(" error: ")[1] == (
        "a sharding constraint uses axes of a mesh, `data`, as the map around it does\n"
        "  op: sdy.sharding_constraint : (tensor<4xf32>) -> (tensor<4xf32>)\n"
        "  hint: the map has spmd_axis_name: `data`; let it have another one"
    )


def test_spmd_axis_name_that_the_mesh_lacks():
    mesh = Mesh(np.array(jax.devices()[:1]), ("data",))

    def constrained(x):
        return jax.lax.with_sharding_constraint(x, NamedSharding(mesh, PartitionSpec(None)))

    with pytest.raises(errors.LiftError) as raised:
        jax.jit(functional.vmap(constrained, spmd_axis_name="modle"))(X)
    assert str(raised.value).split(" error: ")[1] == (
        "the map around a sharding constraint has spmd_axis_name: `modle`\n"
        "  op: sdy.sharding_constraint : (tensor<4xf32>) -> (tensor<4xf32>)\n"
        "  hint: axes of the mesh are `data`"
    )


@pytest.mark.parametrize("split", [False, True])
def test_split_transpose_changes_no_value(split):
    def build(nn):
        def body(mdl, c, x):
            c = nn.tanh(nn.Dense(4)(c + x))
            return c, c

        options = {"variable_broadcast": "params", "split_rngs": {"params": False}}
        lifted = nn.scan(body, _split_transpose=split, **options)
        model = model_of(nn, lambda mdl, x: lifted(mdl, x[0], x)[1])
        variables = model.init(KEY, X)
        return variables, jax.jit(jax.grad(lambda v: (model.apply(v, X) ** 2).sum()))(variables)

    assert_parity(build, close=True)


def test_donated_arguments_are_gone():
    def build(nn):
        model = nn.jit(nn.Dense, donate_argnums=1)(4)
        variables = model.init(KEY, jnp.array(X))  # `init` is a call, which donates as well
        x = jnp.array(X)
        y = model.apply(variables, x)
        return y, np.asarray(x.is_deleted())

    assert assert_parity(build, close=True)[1]


def test_remat_scan_carries_variables():
    def build(nn):
        class Counting(nn.Module):
            @nn.compact
            def __call__(self, x):
                count = self.variable("state", "count", lambda: jnp.zeros(()))
                count.value += x.mean()
                return nn.tanh(nn.Dense(4)(x)) + count.value

        class Model(nn.Module):
            @nn.compact
            def __call__(self, x):
                layer = nn.remat_scan(
                    Counting, lengths=(2, 3), variable_axes={"params": 0}, variable_carry="state",
                    variable_broadcast=False, split_rngs={"params": True},
                )(name="layers")  # fmt: skip
                return layer(x)

        kernels = {"bias": jnp.ones((2, 3, 4)), "kernel": jnp.ones((2, 3, 4, 4)) / 3}
        variables = {
            "params": {"layers": {"Dense_0": kernels}},
            "state": {"layers": {"count": jnp.float32(0.5)}},
        }
        return Model().apply(variables, X, mutable="state")

    assert_parity(build, close=True)


def test_gradients_of_other_collections_than_params():
    def build(nn):
        def scaled(mdl, x):
            return x * mdl.variable("scales", "s", lambda: jnp.full((4,), 2.0)).value

        def forward(mdl, x):
            return nn.vjp(scaled, mdl, x, vjp_variables="scales")

        def backward(pullback, cotangent):
            scales, dx = pullback(cotangent)
            return jax.tree.map(lambda g: 10 * g, scales), dx

        model = model_of(nn, nn.custom_vjp(scaled, forward, backward, grad_vars="scales"))
        variables = {"scales": {"s": jnp.arange(4.0)}}
        grad = jax.grad if nn is not globals()["nn"] else functional.grad
        return grad(lambda v: (model.apply(v, X) ** 2).sum())(variables)

    assert_parity(build, close=True)


def test_loops_see_the_collections_that_are_named():
    def build(nn):
        def run(mdl, x):
            layer = nn.Dense(4, name="layer")
            y = layer(x)
            return nn.while_loop(
                lambda layer, c: jnp.abs(c).max() < 50, lambda layer, c: layer(c) + c, layer, y,
                broadcast_variables="params",
            )  # fmt: skip

        return model_of(nn, run).init_with_output(KEY, X + 1)

    assert_parity(build, close=True)

    def blind(mdl, x):
        layer = nn.Dense(4, name="layer")
        layer(x)
        return nn.while_loop(lambda layer, c: False, lambda layer, c: layer(c), layer, x, False, False)

    with pytest.raises(errors.ScopeCollectionNotFound) as caught:
        model_of(nn, blind).init(KEY, X)
    assert str(caught.value).partition(": error: ")[2] == (
        "`/while_loop(layer)` wants `kernel` from collection `params`, which `while_loop` does not cover\n"
        "  hint: name it in `broadcast_variables` to read it, in `carry_variables` to write it"
    )


@pytest.mark.parametrize("name", ["vjp", "grad", "value_and_grad"])
def test_reduce_axes_are_refused_as_by_linen(name):
    linen = pytest.importorskip("flax.linen")
    for library in (linen, nn):
        lift = getattr(library, name)

        def run(mdl, x, lift=lift):
            return lift(lambda mdl, x: x.sum(), mdl, x, reduce_axes=("i",))

        model = model_of(library, run)
        with pytest.raises(NotImplementedError):
            model.apply({}, X)


def test_named_calls_carry_the_modules_name():
    class Model(nn.Module):
        @nn.named_call
        def work(self, x):
            return jnp.sin(x)

        def __call__(self, x):
            return self.work(x)

    assert "Model.work" in names_of(Model())
    with nn.override_named_call(False):
        assert "Model.work" in names_of(Model())  # as it is asked for


def test_names_of_modules_are_switched_on_and_off():
    class Model(nn.Module):
        def work(self, x):
            return jnp.sin(x)

        def __call__(self, x):
            return nn.named_call(Model.work, force=False)(self, x)

    assert "Model.work" in names_of(Model())
    with nn.override_named_call(False):
        assert "Model.work" not in names_of(Model())
        with nn.override_named_call():
            assert "Model.work" in names_of(Model())
    try:
        nn.disable_named_call()
        assert "Model.work" not in names_of(Model())
    finally:
        nn.enable_named_call()
    assert "Model.work" in names_of(Model())


def names_of(model):
    """The names of scopes that the ops of `apply` carry."""
    jaxpr = jax.make_jaxpr(lambda x: model.apply({}, x))(X)
    return "/".join(str(equation.source_info.name_stack) for equation in jaxpr.eqns)
