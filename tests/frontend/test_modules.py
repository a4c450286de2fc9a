"""Modules as Linen has them: setup, compact, naming, sharing, collections, streams, methods."""

import dataclasses
import functools
import typing
from collections.abc import Mapping
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import stablelift as nn
from stablelift import errors

from .parity import KEY, assert_parity, assert_same_tree

OUR_DENY_LIST = nn.DenyList
X = jnp.arange(10.0).reshape(2, 5) / 7


def mlp(nn):
    class MLP(nn.Module):
        widths: tuple[int, ...] = (4, 3)

        @nn.compact
        def __call__(self, x):
            for width in self.widths[:-1]:
                x = nn.relu(nn.Dense(width)(x))
            return nn.Dense(self.widths[-1], name="head")(x)

    return MLP


def compact_modules(nn):
    class Outer(nn.Module):
        @nn.compact
        def __call__(self, x):
            inner = mlp(nn)((6, 2))
            first, second = inner(x), inner(x + 1)  # one instance called twice: one set of parameters
            return mlp(nn)()(first) + nn.Dense(3)(second), nn.Dense(2, use_bias=False)(x)

    return Outer()


def setup_modules(nn):
    class Inner(nn.Module):
        def setup(self):
            self.scale = self.param("scale", nn.initializers.normal(), (5,), jnp.bfloat16)
            self.layer = nn.Dense(3)

        def __call__(self, x):
            return self.layer(x * self.scale)

    class Outer(nn.Module):
        def setup(self):
            self.several = [nn.Dense(3), nn.Dense(2), Inner()]
            self.by_name = {"a": nn.Dense(2), "deep": [nn.Dense(1), {"b": Inner()}]}
            self.twice = self.once = Inner()

        def __call__(self, x):
            y = [layer(x) for layer in self.several]
            z = self.by_name["deep"][1]["b"](x), self.by_name["a"](x), self.by_name["deep"][0](x)
            return y, z, self.twice(x), self.once(x)

    return Outer()


def modules_as_fields(nn):
    shared = nn.Dense(5, name="dropped")

    class Pair(nn.Module):
        first: Any
        rest: Any = ()

        @nn.compact
        def __call__(self, x):
            for layer in self.rest:
                x = layer(x)
            return self.first(x), nn.Dense(2)(x)

    class Outer(nn.Module):
        inner: Any

        @nn.compact
        def __call__(self, x):
            mine = nn.Dense(3)
            return Pair(first=mine)(x), self.inner(x), Pair(nn.Dense(2), name="named")(x)

    return Outer(Pair(shared, [nn.Dense(5), shared]))


def adopted_names_kept(nn):
    class Keeping(nn.Module):
        preserve_adopted_names: ClassVar[bool] = True
        inner: Any
        other: Any

        @nn.compact
        def __call__(self, x):
            return self.inner(x) + self.other(x)

    return Keeping(nn.Dense(2, name="kept"), nn.Dense(2))


def many_in_a_list(nn):
    class Deep(nn.Module):
        def setup(self):
            self.layers = [nn.Dense(5) for _ in range(12)]

        def __call__(self, x):
            for layer in self.layers:
                x = layer(x)
            return x

    return Deep()


def batch_statistics(nn):
    class Norm(nn.Module):
        momentum: float = 0.9

        @nn.compact
        def __call__(self, x):
            mean = self.variable("batch_stats", "mean", lambda shape: jnp.zeros(shape), x.shape[1:])
            count = self.variable("counters", "calls", jnp.zeros, (), jnp.int32)
            if not self.is_initializing():
                mean.value = self.momentum * mean.value + (1 - self.momentum) * x.mean(0)
            count.value += 1
            self.sow("intermediates", "input", x)
            return nn.Dense(3)(x - mean.value)

    class Outer(nn.Module):
        @nn.compact
        def __call__(self, x):
            norm = Norm()
            return norm(x), norm(x + 1), Norm()(x)

    return Outer()


def random_streams(nn):
    class Noise(nn.Module):
        @nn.compact
        def __call__(self, x):
            drop = jax.random.bernoulli(self.make_rng("dropout"), 0.5, x.shape)
            key = self.make_rng("absent")  # falls back to 'params'
            return nn.Dense(2)(x * drop), key, self.make_rng(), self.has_rng("absent")

    class Outer(nn.Module):
        @nn.compact
        def __call__(self, x):
            noise = Noise(name="noise")
            return noise(x), noise(x), Noise()(x), self.make_rng("dropout")

    return Outer()


def inherited(nn):
    class Base(nn.Module):
        width: int
        scale: float = 1.0

        @nn.compact
        def __call__(self, x):
            return self.finish(nn.Dense(self.width)(x))

        def finish(self, x):
            return x * self.scale

    class Derived(Base):
        shift: float = 0.5

        def finish(self, x):
            return super().finish(x) + self.shift

    return Derived(3, 2.0)


def structured_parameters(nn):
    def both(key, n):
        return {"w": jax.random.normal(key, (n,)), "b": (jnp.zeros(n), jnp.ones(2))}

    class Tree(nn.Module):
        @nn.compact
        def __call__(self, x):
            p = self.param("both", both, n=5)
            return x * p["w"] + p["b"][0]

    return Tree()


BUILDERS = [
    lambda nn: nn.Dense(3),
    lambda nn: nn.Dense(
        3, use_bias=False, param_dtype=jnp.bfloat16, kernel_init=nn.initializers.he_uniform()
    ),
    lambda nn: nn.Dense(4, dtype=jnp.float16, bias_init=nn.initializers.ones_init(), precision="highest"),
    lambda nn: mlp(nn)(),
    compact_modules,
    setup_modules,
    modules_as_fields,
    adopted_names_kept,
    many_in_a_list,
    batch_statistics,
    random_streams,
    inherited,
    structured_parameters,
]


@pytest.mark.smoke
@pytest.mark.parametrize("build", BUILDERS)
@pytest.mark.parametrize("key", [KEY, jax.random.PRNGKey(7)], ids=["typed", "raw"])
def test_variables_and_values_are_linens(build, key):
    rngs = {"params": key, "dropout": jax.random.fold_in(key, 1)}

    def run(nn):
        model = build(nn)
        variables = model.init(rngs, X)
        plain = model.init_with_output(rngs, X, mutable=["params", "batch_stats", "counters"])
        writable = ["batch_stats", "counters", "intermediates"]
        return variables, plain, model.apply(variables, X, rngs=rngs, mutable=writable)

    assert_parity(run)


def test_works_under_jaxs_own_transformations():
    def run(nn):
        model = mlp(nn)()
        variables = jax.jit(model.init)(KEY, X)
        shapes = jax.eval_shape(model.init, KEY, X)
        loss = jax.grad(lambda v, x: model.apply(v, x).sum())(variables, X)
        each = jax.vmap(lambda x: model.apply(variables, x))(X)
        return variables, loss, each, jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), shapes)

    assert_parity(run)


def test_methods_by_name_function_and_attribute():
    def run(nn):
        class Auto(nn.Module):
            def setup(self):
                self.encoder = nn.Dense(3)
                self.decoder = nn.Dense(5)

            def __call__(self, x):
                return self.decode(self.encode(x))

            def encode(self, x):
                return self.encoder(x)

            def decode(self, z):
                return self.decoder(z)

        model = Auto()
        variables = model.init(KEY, X)
        z = model.apply(variables, X, method="encode")
        assert set(model.init(KEY, X, method=model.encode)["params"]) == {"encoder"}
        return (
            model.init(KEY, X, method="encode"),
            model.apply(variables, z, method=model.decode),
            model.apply(variables, X, method=lambda m, x: m.encode(x) * 2),
            model.apply(variables, X, method=Auto.encode),
            nn.apply(lambda m, x: m.decode(m.encoder(x)), model)(variables, X),
            nn.init(lambda m, x: m.encode(x), model)(KEY, X),
        )

    assert_parity(run)


@pytest.mark.parametrize(
    "mutable",
    [False, True, "batch_stats", ["counters"], (), nn.DenyList("params"), {"batch_stats", "counters"}],
)
def test_mutable_filters(mutable):
    def run(nn):
        chosen = nn.DenyList("params") if isinstance(mutable, OUR_DENY_LIST) else mutable
        model = batch_statistics(nn)
        variables = model.init(KEY, X)
        try:
            return model.apply(variables, X, mutable=chosen)
        except Exception as error:
            return type(error).__name__.encode()[0]

    assert_parity(run)


def test_bind_unbind_clone_and_copy():
    model = setup_modules(nn)
    variables = model.init(KEY, X)
    bound = model.bind(variables)
    assert_same_tree(bound(X), model.apply(variables, X))
    assert bound.once.variables["params"].keys() == {"layer", "scale"}
    unbound, own = bound.once.unbind()
    assert unbound.scope is None and unbound.name is None
    assert_same_tree(unbound.apply(own, X), bound.once(X))
    assert nn.Dense(3).clone(features=4) == nn.Dense(4)
    assert hash(nn.Dense(3)) == hash(nn.Dense(3))
    with pytest.raises(TypeError, match="cannot be hashed"):
        hash(bound)


def test_a_bound_module_writes_only_mutable_collections_and_no_one_elses_dicts():
    model = batch_statistics(nn)
    variables = model.init(KEY, X)
    before = jax.tree.map(np.asarray, variables)
    bound = model.bind(variables, mutable=["batch_stats", "counters"])
    bound(X)
    assert_same_tree(variables, before)
    assert (
        int(bound.variables["counters"]["Norm_0"]["calls"]) == int(before["counters"]["Norm_0"]["calls"]) + 2
    )


def test_capture_intermediates_and_sow():
    def run(nn):
        class Sower(nn.Module):
            @nn.compact
            def __call__(self, x):
                self.sow("intermediates", "sum", x.sum())
                self.sow("intermediates", "sum", x.sum() * 2)
                self.sow("best", "top", x.max(), reduce_fn=jnp.maximum, init_fn=lambda: jnp.float32(0))
                return nn.Dense(2)(x)

        model = Sower()
        variables = model.init(KEY, X)
        captured = model.apply(variables, X, capture_intermediates=True)[1]
        chosen = model.apply(variables, X, capture_intermediates=lambda m, name: m.name == "Dense_0")[1]
        return variables, captured, chosen, model.apply(variables, X, mutable=["best"])

    assert_parity(run)


def test_perturb():
    def run(nn):
        class Perturbed(nn.Module):
            @nn.compact
            def __call__(self, x):
                return nn.Dense(2)(self.perturb("hidden", nn.Dense(3)(x))).sum()

        model = Perturbed()
        variables = model.init(KEY, X)
        return variables, model.apply({"params": variables["params"]}, X), jax.grad(model.apply)(variables, X)

    assert_parity(run)


def test_a_perturbation_that_is_missing_from_its_collection():
    class Perturbed(nn.Module):
        def __call__(self, x):
            return self.perturb("hidden", x)

    assert jnp.array_equal(Perturbed().apply({}, X), X)
    with pytest.raises(ValueError, match="no variable `hidden` in `/` of collection `perturbations`"):
        Perturbed().apply({"perturbations": {}}, X)


def test_fields_of_subclasses_stand_before_parent_and_name():
    class Base(nn.Module):
        width: int

    class Derived(Base):
        depth: int = 2

    assert [field.name for field in dataclasses.fields(Derived)] == ["width", "depth", "parent", "name"]
    assert typing.get_type_hints(Derived)["depth"] is int


def test_interceptors_run_in_linens_order():
    def run(nn):
        def adder(amount, factor):
            def interceptor(method, args, kwargs, context):
                if context.method_name != "__call__" or not isinstance(context.module, nn.Dense):
                    return method(*args, **kwargs)
                return method(*args, **kwargs) * factor + amount

            return interceptor

        model = mlp(nn)()
        variables = model.init(KEY, X)
        with nn.intercept_methods(adder(1.0, 2.0)), nn.intercept_methods(adder(5.0, 3.0)):
            return model.apply(variables, X)

    assert_parity(run)


def test_module_api_inside_a_method():
    class Inner(nn.Module):
        @nn.compact
        def __call__(self, x):
            assert self.path == ("outer", "Inner_0") and self.name == "Inner_0"
            assert self.is_initializing() == (not self.has_variable("params", "w"))
            w = self.param("w", nn.initializers.ones, (5,))
            np.testing.assert_array_equal(self.get_variable("params", "w"), w)
            if self.is_mutable_collection("cache"):
                self.put_variable("cache", "last", x)
            assert self.get_variable("cache", "absent", 3) == 3
            return x * w

    class Outer(nn.Module):
        @nn.compact
        def __call__(self, x):
            return Inner()(x)

    class Root(nn.Module):
        @nn.compact
        def __call__(self, x):
            return Outer(name="outer")(x)

    variables = Root().init(KEY, X)
    assert_same_tree(variables["cache"], {"outer": {"Inner_0": {"last": X}}})
    Root().apply(variables, X)


def test_properties_nowrap_and_frozen_attributes():
    class Odd(nn.Module):
        options: dict[str, int]
        sizes: list[int]

        @property
        def total(self):
            return sum(self.sizes)

        @property
        def broken(self):
            return self.no_such_thing

        @functools.cached_property
        def expensive(self):
            return self.total * 2

        @nn.nowrap
        def make(self, width):
            return nn.Dense(width, parent=None)

        @nn.compact
        def __call__(self, x):
            assert isinstance(self.sizes, tuple) and self.options["a"] == 1
            return x + self.total + self.expensive

    model = Odd({"a": 1}, [1, 2])
    assert float(model.apply({}, jnp.float32(0))) == 9.0
    assert model.total == 3 and model.make(4) == nn.Dense(4)
    with pytest.raises(errors.DescriptorAttributeError):
        _ = model.broken


def test_keyword_only_classes_and_fields_that_setup_fills():
    import dataclasses

    class Keyworded(nn.Module, kw_only=True):
        depth: int = 1
        width: int

        @nn.compact
        def __call__(self, x):
            return nn.Dense(self.width)(x)

    class Filled(nn.Module):
        width: int
        layer: Any = dataclasses.field(init=False)

        def setup(self):
            self.layer = nn.Dense(self.width)

        def __call__(self, x):
            return self.layer(x)

    assert set(Keyworded(width=2, name="k").init(KEY, X)["params"]) == {"Dense_0"}
    assert set(Filled(2).init(KEY, X)["params"]) == {"layer"}
    with pytest.raises(TypeError):
        Keyworded(1, 2)  # type: ignore[misc]


def test_repr_shows_fields_and_children():
    assert repr(nn.Dense(3)).startswith("Dense(\n    # attributes\n    features = 3\n    use_bias = True\n")
    bound = mlp(nn)().bind({})
    assert "widths = (4, 3)" in repr(bound)


# Two Modules at one level, methods at a level of their own


def lora_around_an_outer_layer(nn):
    class DenseLoRA(nn.Module):
        base: Any
        rank: int

        def setup(self):
            nn.share_scope(self, self.base)

        @nn.compact
        def __call__(self, x):
            first = self.param("A", nn.initializers.normal(), (x.shape[-1], self.rank))
            second = self.param("B", nn.initializers.normal(), (self.rank, self.base.features))
            return self.base(x) + x @ first @ second

    return DenseLoRA


def lora_around_its_own_layer(nn):
    class Inner(nn.Module):
        @nn.compact
        def __call__(self, x):
            return nn.Dense(4)(nn.Dense(3)(x))

    class DenseLoRA(nn.Module):
        base: Any
        rank: int

        def setup(self):
            self.child = Inner()
            self.sibling = nn.Dense(4)
            nn.share_scope(self, self.child)

        @nn.compact
        def __call__(self, x):
            a = self.param("A", nn.initializers.normal(), (x.shape[-1], self.rank))
            b = self.param("B", nn.initializers.normal(), (self.rank, 4))
            return self.child(x) + self.sibling(x) + x @ a @ b

    return DenseLoRA


@pytest.mark.parametrize("lora", [lora_around_an_outer_layer, lora_around_its_own_layer])
@pytest.mark.parametrize("lift", [None, "vmap", "scan", "remat", "jit"])
def test_share_scope(lora, lift):
    def build(nn):
        DenseLoRA = lora(nn)
        options: dict = {"variable_axes": {"params": 0}, "split_rngs": {"params": True}}
        if lift == "scan":
            options |= {"length": 3, "in_axes": nn.broadcast}

        class Model(nn.Module):
            @nn.compact
            def __call__(self, x):
                def body(mdl, x):
                    return DenseLoRA(nn.Dense(4, name="first"), 2)(x)

                if lift is None:
                    return body(self, x)
                if lift == "scan":
                    return nn.scan(lambda mdl, c, x: (c, body(mdl, x)), **options)(self, (), x)[1]
                return getattr(nn, lift)(body, **options if lift == "vmap" else {})(self, x)

        value, variables = Model().init_with_output(KEY, jnp.ones((2, 3)))
        return value, variables, Model().apply(variables, jnp.ones((2, 3)))

    assert_parity(build, close=lift is not None)


def test_share_scope_of_an_unbound_module():
    with pytest.raises(nn.errors.CallShareScopeOnUnboundModuleError) as raised:
        nn.share_scope(nn.Dense(3), nn.Conv(3, (2,)))
    assert "cannot call `share_scope`: this `Dense` holds no variables" in str(raised.value)


def test_keys_come_in_the_order_of_creation():
    def order(tree):
        return [(key, order(entry)) for key, entry in tree.items()] if isinstance(tree, dict) else None

    class Model(nn.Module):
        @nn.compact
        def __call__(self, x):
            x = nn.Dense(3, name="z")(x)
            self.variable("stats", "b", jnp.zeros, ())
            return nn.BatchNorm(use_running_average=True, name="a")(x)

    found = order(Model().init(KEY, X))
    assert found == order(Model().init_with_output(KEY, X)[1])
    names = [(col, [name for name, _ in below]) for col, below in found]
    assert names == [("params", ["z", "a"]), ("stats", ["b"]), ("batch_stats", ["a"])]


def name_scopes(nn):
    class Base(nn.Module):
        @nn.compact_name_scope
        def up(self, x):
            return nn.Dense(3)(nn.Dense(2)(x)) + self.offset

    class Model(Base):
        def setup(self):
            self.offset = self.param("offset", nn.initializers.normal(), (3,))

        @nn.compact_name_scope
        def down(self, x, scale=1):
            return scale * nn.Dense(3)(x) + self.up(x)

        def __call__(self, x):
            return self.up(x) + self.down(x, scale=2) + self.up(x)

    return Model


@pytest.mark.parametrize("lift", [None, "vmap", "remat"])
def test_compact_name_scope(lift):
    def build(nn):
        Model, options = name_scopes(nn), {"variable_axes": {"params": 0}, "split_rngs": {"params": True}}
        if lift is not None:
            Model = getattr(nn, lift)(Model, **options if lift == "vmap" else {})
        variables = Model().init(KEY, jnp.ones((2, 4)))
        down = Model().apply(variables, jnp.ones((2, 4)), method="down") if lift is None else 0
        return variables, Model().apply(variables, jnp.ones((2, 4))), down

    assert_parity(build, close=lift is not None)


def test_compact_name_scope_of_an_unbound_module():
    with pytest.raises(nn.errors.UnboundModuleError) as raised:
        name_scopes(nn)().up(jnp.ones((2, 4)))
    assert "cannot call the method `up`: this `Model` holds no variables" in str(raised.value)


def test_frozen_dicts_of_flax_are_variables():
    theirs = pytest.importorskip("flax.core")
    model, x = nn.Sequential([nn.Dense(2), nn.BatchNorm(False)]), jnp.ones((3, 2))
    variables = model.init(jax.random.key(0), x)
    expected = model.apply(variables, x, mutable=["batch_stats"])
    by_collection = {col: theirs.freeze(xs) for col, xs in variables.items()}
    for frozen in (theirs.freeze(variables), by_collection):
        found = model.apply(frozen, x, mutable=["batch_stats"])
        jax.tree.map(np.testing.assert_array_equal, found, expected)
    assert isinstance(model.bind(theirs.freeze(variables)).variables["params"], Mapping)
