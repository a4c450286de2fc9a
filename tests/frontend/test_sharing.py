"""Equal submodules are traced once while we trace, and nobody can tell from what comes out."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import stablelift as nn
from stablelift import Program, functional
from stablelift.frontend.sharing import unshared
from tests.support import assert_close

KEY = jax.random.key(0)
X = jnp.linspace(-1.0, 1.0, 6).reshape(2, 3)


def trees_equal(found, expected):
    assert jax.tree.structure(found) == jax.tree.structure(expected)
    for path, leaf in jax.tree_util.tree_leaves_with_path(found):
        other = dict(jax.tree_util.tree_leaves_with_path(expected))[path]
        np.testing.assert_allclose(leaf, other, rtol=1e-5, atol=1e-5, err_msg=jax.tree_util.keystr(path))


class Counted(nn.Module):
    """A layer that counts its traces."""

    width: int = 3
    traces = 0

    @nn.compact
    def __call__(self, x):
        type(self).traces += 1
        return nn.Dense(self.width)(x)


def stack_of(layer, depth=4, **fields):
    class Stack(nn.Module):
        @nn.compact
        def __call__(self, x):
            for _ in range(depth):
                x = layer(**fields)(x)
            return x

    return Stack()


@pytest.mark.smoke
def test_equal_layers_are_traced_once_and_lowered_once():
    model = stack_of(Counted)
    variables = model.init(KEY, X)
    Counted.traces = 0
    program = Program.trace(model.apply, variables, X)
    assert Counted.traces == 1
    assert str(program).count("callee = @Counted,") == 4
    assert str(program).count("func.func private @Counted(") == 1
    assert_close(program(variables, X), model.apply(variables, X))


def test_layers_that_differ_are_not_shared():
    class Two(nn.Module):
        @nn.compact
        def __call__(self, x):
            return Counted(3)(Counted(5)(x))

    model = Two()
    variables = model.init(KEY, X)
    Counted.traces = 0
    program = Program.trace(model.apply, variables, X)
    assert Counted.traces == 2
    assert_close(program(variables, X), model.apply(variables, X))


def test_plain_jit_traces_every_call():
    model = stack_of(Counted)
    variables = model.init(KEY, X)
    Counted.traces = 0
    jax.jit(model.apply)(variables, X)
    assert Counted.traces == 4


class Noisy(nn.Module):
    """A layer that draws twice, once below itself, from two streams."""

    @nn.compact
    def __call__(self, x):
        x = nn.Dropout(0.5, deterministic=False)(x)
        return x + jax.random.normal(self.make_rng("noise"), x.shape) * self.param(
            "scale", nn.initializers.normal(), (3,)
        )


def test_keys_are_those_of_each_place():
    model = stack_of(Noisy)
    streams = {"params": KEY, "dropout": jax.random.key(1), "noise": jax.random.key(2)}

    def run(streams):
        return model.init_with_output(streams, X)

    trees_equal(functional.jit(run)(streams), run(streams))


@pytest.mark.smoke
def test_gradients_and_updates_of_variables():
    class Normed(nn.Module):
        @nn.compact
        def __call__(self, x):
            return nn.BatchNorm(use_running_average=False)(nn.Dense(3)(x))

    model = stack_of(Normed)
    x = jnp.asarray(np.random.default_rng(0).normal(size=(7, 3)), jnp.float32)
    variables = model.init(KEY, x)

    def loss(params, vag):
        def value(params):
            y, updates = model.apply({**variables, "params": params}, x, mutable=["batch_stats"])
            return (y**3).sum(), updates

        return vag(value, has_aux=True)(params)

    expected = loss(variables["params"], jax.value_and_grad)
    trees_equal(functional.jit(lambda p: loss(p, functional.value_and_grad))(variables["params"]), expected)
    trees_equal(functional.jit(lambda p: loss(p, jax.value_and_grad))(variables["params"]), expected)


def test_static_arguments_and_results_stay_python_values():
    class Layer(nn.Module):
        @nn.compact
        def __call__(self, x, double):
            y = nn.Dense(3)(x)
            return (y * 2 if double else y), x.shape[0], "name", None

    class Model(nn.Module):
        @nn.compact
        def __call__(self, x):
            for double in (True, False, True):
                x, rows, text, nothing = Layer()(x, double)
                assert (rows, text, nothing) == (2, "name", None)
            return x

    model = Model()
    variables = model.init(KEY, X)
    assert_close(functional.jit(model.apply)(variables, X), model.apply(variables, X))


def test_a_layer_that_looks_at_values_is_traced_in_place():
    class Layer(nn.Module):
        @nn.compact
        def __call__(self, x, table):
            return nn.Dense(3)(x) if table.sum() > 0 else x

    class Model(nn.Module):
        @nn.compact
        def __call__(self, x):
            for _ in range(3):
                x = Layer()(x, np.arange(3))
            return x

    model = Model()
    variables = model.init(KEY, X)
    assert_close(functional.jit(model.apply)(variables, X), model.apply(variables, X))


def test_a_module_passed_along_is_used_in_place():
    class Reader(nn.Module):
        @nn.compact
        def __call__(self, embed, x):
            return embed.attend(nn.Dense(4)(x))

    class Model(nn.Module):
        @nn.compact
        def __call__(self, x):
            embed = nn.Embed(5, 4)
            y = embed(jnp.array([1, 2]))
            return Reader()(embed, x) + Reader()(embed, x + 1), y

    model = Model()
    variables = model.init(KEY, X)
    assert sorted(variables["params"]) == ["Embed_0", "Reader_0", "Reader_1"]
    assert_close(functional.jit(model.apply)(variables, X), model.apply(variables, X))


def test_setup_and_shared_instances():
    class Layer(nn.Module):
        def setup(self):
            self.inner = nn.Dense(3)

        def __call__(self, x):
            return self.inner(self.inner(x))

    class Model(nn.Module):
        def setup(self):
            self.layers = [Layer() for _ in range(3)]
            self.shared = Layer()

        def __call__(self, x):
            for layer in self.layers:
                x = self.shared(layer(x))
            return x + self.shared.inner(x)

    model = Model()
    variables = model.init(KEY, X)
    assert_close(functional.jit(model.apply)(variables, X), model.apply(variables, X))
    trees_equal(functional.jit(model.init)(KEY, X), variables)


def test_initialisers_with_equal_closures_are_equal():
    class Layer(nn.Module):
        init: object

        @nn.compact
        def __call__(self, x):
            Counted.traces += 1
            return nn.Dense(3, kernel_init=self.init)(x)

    class Model(nn.Module):
        @nn.compact
        def __call__(self, x):
            for _ in range(3):
                x = Layer(nn.initializers.normal(0.3))(x)
            return Layer(nn.initializers.normal(0.7))(x)

    model = Model()
    variables = model.init(KEY, X)
    Counted.traces = 0
    functional.jit(model.init)(KEY, X)
    assert Counted.traces == 2
    trees_equal(functional.jit(model.init)(KEY, X), variables)


def test_closures_over_modules_are_not_equal():
    class Layer(nn.Module):
        inner: object

        def __call__(self, x):
            return self.inner(x)

    class Model(nn.Module):
        @nn.compact
        def __call__(self, x):
            first, second = nn.Dense(3), nn.Dense(3)
            calls = [lambda x, dense=dense: dense(x) for dense in (first, second)]
            return [Layer(call)(x) for call in calls]

    model = Model()
    variables = model.init(KEY, X)
    assert_close(functional.jit(model.apply)(variables, X), model.apply(variables, X))


def test_the_way_out():
    @unshared
    class Named(Counted):
        @nn.compact
        def __call__(self, x):
            type(self).traces += 1
            return x * float(self.name[-1])

    class Model(nn.Module):
        @nn.compact
        def __call__(self, x):
            return Named()(x) + Named()(x)

    Named.traces = 0
    assert_close(functional.jit(lambda x: Model().apply({}, x))(X), X)
    assert Named.traces == 2


@pytest.mark.smoke
@pytest.mark.parametrize("lift", ["scan", "cond", "remat"])
def test_lifts_in_equal_layers_draw_from_keys_of_their_own(lift):
    """Also where the keys are known: a lift inside of a layer folds that layer's path into them."""

    class Noise(nn.Module):
        @nn.compact
        def __call__(self, x):
            return x + jax.random.normal(self.make_rng("noise"), x.shape)

    class Layer(nn.Module):
        @nn.compact
        def __call__(self, x):
            if lift == "remat":
                return nn.remat(Noise)()(x)
            if lift == "cond":
                return nn.cond(True, lambda mdl, x: mdl(x), lambda mdl, x: mdl(-x), Noise(), x)
            body = nn.scan(lambda mdl, x, _: (mdl(x), None), length=2, split_rngs={"noise": True})
            return body(Noise(), x, None)[0]

    model = stack_of(Layer, depth=3)
    expected = model.apply({}, X, rngs={"noise": KEY})
    assert_close(functional.jit(lambda x: model.apply({}, x, rngs={"noise": KEY}))(X), expected)
    assert_close(functional.jit(lambda x, key: model.apply({}, x, rngs={"noise": key}))(X, KEY), expected)


def test_equal_layers_of_a_lifted_class_are_traced_once():
    class Model(nn.Module):
        @nn.compact
        def __call__(self, x):
            layer = nn.remat(Counted)
            for _ in range(4):
                x = layer()(x)
            return x

    variables = Model().init(KEY, X)
    Counted.traces = 0
    assert_close(functional.jit(Model().apply)(variables, X), Model().apply(variables, X))
    assert Counted.traces == 1 + 4  # the second is not traced as a whole


def test_an_error_is_that_of_the_trace_in_place():
    class Layer(nn.Module):
        @nn.compact
        def __call__(self, x):
            return nn.Dense(3)(x) @ jnp.ones((4, 2))

    model = stack_of(Layer, depth=2)
    messages = []
    for run in (functional.jit(model.init), jax.jit(model.init)):
        with pytest.raises(TypeError) as caught:
            run(KEY, X)
        messages.append(str(caught.value))
    assert messages[0] == messages[1]


def test_a_missing_parameter_names_its_place():
    model = stack_of(Counted, depth=2)
    variables = model.init(KEY, X)
    del variables["params"]["Counted_1"]["Dense_0"]["bias"]
    with pytest.raises(nn.errors.ScopeParamNotFoundError, match="/Counted_1/Dense_0"):
        functional.jit(model.apply)(variables, X)


def test_interceptors_and_captures_see_every_call():
    model = stack_of(Counted, depth=3)
    variables = model.init(KEY, X)

    def run(v):
        return model.apply(v, X, capture_intermediates=True)

    trees_equal(functional.jit(run)(variables), run(variables))
    seen = []

    def watch(method, args, kwargs, context):
        seen.append(context.module.name)
        return method(*args, **kwargs)

    with nn.intercept_methods(watch):
        Program.trace(model.apply, variables, X)
    assert [name for name in seen if name and name.startswith("Counted")] == [
        f"Counted_{i}" for i in range(3)
    ]


def test_under_lifts_and_jax_transformations():
    model = stack_of(Counted, depth=3)
    variables = model.init(KEY, X)
    batch = jnp.stack([X, X + 1, X - 1])
    expected = jax.vmap(lambda x: model.apply(variables, x))(batch)
    assert_close(functional.jit(functional.vmap(lambda x: model.apply(variables, x)))(batch), expected)
    assert_close(functional.jit(jax.vmap(lambda x: model.apply(variables, x)))(batch), expected)

    def hessian(h):
        return h(lambda x: model.apply(variables, x).sum() ** 2)(X)

    found = functional.jit(lambda: hessian(lambda f: jax.jacfwd(functional.grad(f))))()
    assert_close(found, hessian(jax.hessian), rtol=1e-4)
