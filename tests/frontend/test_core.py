"""The ground under Modules: filters, keys, frozen dicts, scopes."""

import pickle

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import stablelift as nn
from stablelift import errors
from stablelift.frontend import core, filters, meta
from stablelift.frontend.frozen_dict import FrozenDict, freeze, unfreeze
from stablelift.frontend.rng import LazyRng, fold_in_path, split_root

NAMES = ("params", "stats", "cache")
simple_filters = st.one_of(st.booleans(), st.sampled_from(NAMES), st.sets(st.sampled_from(NAMES)).map(sorted))
any_filter = st.one_of(simple_filters, simple_filters.map(filters.DenyList))


@given(any_filter, any_filter, st.sampled_from((*NAMES, "other")))
def test_filters_are_sets_of_names(a, b, name):
    in_a, in_b = filters.in_filter(a, name), filters.in_filter(b, name)
    assert filters.in_filter(filters.union_filters(a, b), name) == (in_a or in_b)
    assert filters.in_filter(filters.intersect_filters(a, b), name) == (in_a and in_b)
    assert filters.in_filter(filters.subtract_filters(a, b), name) == (in_a and not in_b)
    assert filters.in_filter(filters.DenyList(a), name) == (not in_a)


@given(any_filter)
def test_an_empty_filter_matches_nothing(a):
    matched = [name for name in (*NAMES, "other") if filters.in_filter(a, name)]
    assert filters.is_filter_empty(a) <= (not matched)
    assert filters.is_filter_empty(filters.intersect_filters(a, filters.DenyList(a)))


def test_the_first_filter_that_matches_takes_the_collection():
    xs = {"params": {"w": 1}, "stats": {}, "cache": {"k": 2}}
    assert filters.group_collections(xs, ["params", filters.DenyList("cache"), True]) == (
        {"params": {"w": 1}}, {"stats": {}}, {"cache": {"k": 2}},
    )  # fmt: skip
    assert filters.group_collections(xs, ["absent"]) == ({},)
    with pytest.raises(errors.InvalidFilterError, match="invalid filter: 3"):
        filters.in_filter(3, "params")  # type: ignore[arg-type]


@given(st.lists(st.one_of(st.text(max_size=5), st.integers(0, 1 << 20)), max_size=4))
def test_keys_are_folded_as_linen_does(path):
    scope = pytest.importorskip("flax.core.scope")
    key = jax.random.key(5)
    expected = scope.LazyRng.create(key, *path).as_jax_rng()
    assert jnp.array_equal(jax.random.key_data(fold_in_path(key, tuple(path))), jax.random.key_data(expected))


def test_a_split_goes_to_the_root_of_a_stream():
    rng = LazyRng.create(jax.random.key(0), "layer", 1)
    each = jax.vmap(lambda rng: jax.random.key_data(rng.as_jax_rng()))(split_root(rng, 3))
    roots = jax.random.split(jax.random.key(0), 3)
    expected = [jax.random.key_data(fold_in_path(root, ("layer", 1))) for root in roots]
    np.testing.assert_array_equal(each, jnp.stack(expected))


def test_frozen_dicts():
    frozen = freeze({"b": {"c": 1}, "a": 2})
    assert frozen == {"a": 2, "b": {"c": 1}} and hash(frozen) == hash(freeze({"a": 2, "b": {"c": 1}}))
    assert isinstance(frozen["b"], FrozenDict) and unfreeze(frozen) == {"b": {"c": 1}, "a": 2}
    assert jax.tree.map(lambda x: x + 1, frozen) == {"a": 3, "b": {"c": 2}}
    assert [jax.tree_util.keystr(path) for path, _ in jax.tree_util.tree_leaves_with_path(frozen)] == [
        "['a']", "['b']['c']",
    ]  # fmt: skip
    assert frozen.copy({"a": 5})["a"] == 5 and frozen.pop("a") == ({"b": {"c": 1}}, 2)
    assert pickle.loads(pickle.dumps(frozen)) == frozen
    theirs = pytest.importorskip("flax.core").freeze({"b": {"c": nn.Dense(1)}, "a": {}})
    assert repr(freeze({"b": {"c": nn.Dense(1)}, "a": {}})) == repr(theirs)  # indented, whatever the values
    with pytest.raises(ValueError, match="FrozenDict is immutable"):
        frozen["a"] = 1


def test_what_is_no_dict_is_shown_as_it_is():
    assert nn.core.pretty_repr(345) == "345"


def test_a_custom_gradient_of_scopes_counts_the_scope_as_argument_0():
    def scaled(scope, x, power):
        w = scope.param("w", jax.nn.initializers.ones, x.shape)
        return w * x**power

    def forward(scope, x, power):
        return nn.core.vjp(lambda scope, x: scaled(scope, x, power), scope, x)

    def backward(power, pullback, ct):
        params, *inputs = pullback(ct)
        return jax.tree.map(lambda p: power * p, params), *inputs

    function = nn.core.custom_vjp(scaled, forward, backward, nondiff_argnums=(2,))
    x = jnp.array([2.0, 3.0])
    y, variables = nn.core.init(lambda scope, x: function(scope, x, 2))(jax.random.key(0), x)
    gradient = jax.grad(lambda v: nn.core.apply(lambda scope: function(scope, x, 2))(v).sum())(variables)
    assert jnp.array_equal(y, x**2) and jnp.array_equal(gradient["params"]["w"], 2 * x**2)


def test_functions_of_scopes_are_linens():
    linen = pytest.importorskip("flax.core")

    def dense(scope, x, width):
        kernel = scope.param("kernel", jax.nn.initializers.lecun_normal(), (x.shape[-1], width))
        calls = scope.variable("stats", "calls", jnp.zeros, ())
        calls.value += 1
        return x @ kernel

    def model(scope, x):
        first = scope.push("first")
        return dense(scope.push(prefix="auto_"), dense(first, x, 3), 2), scope.make_rng("noise")

    rngs = {"params": jax.random.key(1), "noise": jax.random.PRNGKey(2)}
    x = jnp.ones((2, 5))
    expected, found = linen.init(model)(rngs, x), core.init(model)(rngs, x)
    jax.tree.map(np.testing.assert_array_equal, expected, found)
    expected = linen.apply(model, mutable="stats")(expected[1], x, rngs=rngs)
    found = core.apply(model, mutable="stats")(found[1], x, rngs=rngs)
    jax.tree.map(np.testing.assert_array_equal, expected, found)


class Box(meta.AxisMetadata):
    """A box that counts its array's axes."""

    def __init__(self, value):
        self.value = value

    def unbox(self):
        return self.value

    def replace_boxed(self, val):
        return Box(val)

    def add_axis(self, index, params):
        return self

    def remove_axis(self, index, params):
        return self


jax.tree_util.register_pytree_node(Box, lambda box: ((box.value,), None), lambda _, xs: Box(*xs))


def test_boxes_are_opened_by_param_and_kept_in_variables():
    def model(scope):
        value = scope.param("w", lambda key: Box(jnp.ones(3)))
        boxed = scope.param("v", lambda key: Box(jnp.ones(2)), unbox=False)
        state = scope.variable("stats", "s", lambda: Box(jnp.zeros(())))
        state.value = state.value + 1
        return value, boxed

    (value, boxed), variables = core.init(model)(jax.random.key(0))
    assert value.shape == (3,) and isinstance(boxed, Box)
    assert isinstance(variables["params"]["w"], Box) and float(variables["stats"]["s"].value) == 1.0
    again, _ = core.apply(model, mutable="stats")(variables)
    assert again[0].shape == (3,) and isinstance(again[1], Box)


def test_shapes_are_found_once_for_equal_initializers_of_jaxs(monkeypatch):
    """They are made anew in each call of a Module. Any other initializer is known as itself only."""
    from stablelift.frontend import initial_shapes

    traced = []

    def abstract(init_fn, args, kwargs):
        traced.append(init_fn)
        return [args[0]]

    monkeypatch.setattr(initial_shapes, "_abstract_shapes", abstract)
    for deviation in (0.123, 0.123, 0.456):
        normal = jax.nn.initializers.normal(deviation)
        assert initial_shapes.initial_shapes(normal, ((3, 4),), {}) == [(3, 4)]
    assert len(traced) == 2

    def own(size):
        return lambda key, shape: jnp.zeros(size)

    for size in (2, 2):
        initial_shapes.initial_shapes(own(size), ((3,),), {})
    assert len(traced) == 4
