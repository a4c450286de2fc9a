"""Whole models against Linen: results, gradients, checkpoints, and all under JAX's own transformations."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import stablelift
from stablelift import functional

from ..parity import assert_same_tree
from .composites import COMPOSITES, STREAMS, initial_variables

linen = pytest.importorskip("flax.linen")
serialization = pytest.importorskip("flax.serialization")

pytestmark = pytest.mark.filterwarnings("ignore:.*will be deprecated soon")

NAMES = sorted(COMPOSITES)


@functools.cache
def built(name, library):
    return COMPOSITES[name].build(library)


@functools.cache
def initialised(name, library):
    """The model in a library, and its initial variables."""
    return built(name, library), initial_variables(name, library)


def results(name, library, variables):
    model, case = built(name, library), COMPOSITES[name]  # no variables: a trace may be open
    return model.apply(variables, *case.inputs, rngs=STREAMS, mutable=case.mutable or False)


def loss(name, library, params, others):
    found = jax.tree.leaves(results(name, library, {**others, "params": params}))
    return sum((x.astype(jnp.float32) ** 2).mean() for x in found if jnp.issubdtype(x.dtype, jnp.inexact))


def split(variables):
    others = dict(variables)
    return others.pop("params"), others


@pytest.mark.parametrize("name", NAMES)
def test_results_and_gradients_are_linens(name):
    variables = initialised(name, linen)[1]
    params, others = split(variables)

    def both(library, value_and_grad, params):
        value, gradient = value_and_grad(functools.partial(loss, name, library))(params, others)
        return results(name, library, {**others, "params": params}), value, gradient

    expected = jax.jit(functools.partial(both, linen, jax.value_and_grad))(params)
    found = stablelift.compile(functools.partial(both, stablelift, functional.value_and_grad))(params)
    assert_trees_close(expected, found)


def assert_trees_close(expected, found):
    """The same trees and types, and the same values to rounding in the sums of a whole model."""
    one, other = map(jax.tree_util.tree_leaves_with_path, (expected, found))
    assert [path for path, _ in one] == [path for path, _ in other]
    # A gradient that cancels, such as that of the keys' bias under a softmax, is rounding of larger numbers.
    largest = max(float(np.abs(np.asarray(x, np.float64)).max(initial=0)) for _, x in one)
    for (path, x), (_, y) in zip(one, other, strict=True):
        assert x.dtype == y.dtype and x.shape == y.shape, path
        tolerance = 2e-2 if x.dtype == jnp.bfloat16 else 2e-4
        x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
        scale = max(1e-3, 0.1 * largest, float(np.abs(x).max(initial=0)))
        np.testing.assert_allclose(y / scale, x / scale, atol=tolerance, err_msg=jax.tree_util.keystr(path))


# Checkpoints


@pytest.mark.parametrize("name", NAMES)
def test_checkpoints_in_msgpack_load_both_ways(name):
    theirs, ours = initialised(name, linen)[1], initialised(name, stablelift)[1]
    ours = jax.tree.unflatten(jax.tree.structure(ours), jax.tree.leaves(theirs))
    assert serialization.to_bytes(theirs) == serialization.to_bytes(ours)
    zeros = jax.tree.map(jnp.zeros_like, ours)
    assert_same_tree(theirs, serialization.from_bytes(zeros, serialization.to_bytes(theirs)))
    assert_same_tree(ours, serialization.from_bytes(theirs, serialization.to_bytes(ours)))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["batch_normalised_convnet", "scanned_decoder", "spectral_discriminator"])
def test_checkpoints_of_orbax_load_both_ways(name, tmp_path):
    orbax = pytest.importorskip("orbax.checkpoint")
    theirs, ours = initialised(name, linen)[1], initialised(name, stablelift)[1]
    with orbax.StandardCheckpointer() as checkpointer:
        for number, (saved, wanted) in enumerate(((theirs, ours), (ours, theirs))):
            checkpointer.save(tmp_path / str(number), saved)
            checkpointer.wait_until_finished()
            loaded = checkpointer.restore(tmp_path / str(number), jax.eval_shape(lambda x: x, wanted))
            assert_same_tree(saved, loaded)


def test_boxed_variables_are_saved_without_their_boxes():
    def variables(nn):
        kernel = nn.with_partitioning(nn.initializers.lecun_normal(), ("a", None))
        return nn.Dense(3, kernel_init=kernel).init(jax.random.key(0), jnp.ones((2, 4)))

    boxed = variables(stablelift)
    saved = serialization.to_bytes(linen.unbox(variables(linen)))
    loaded = serialization.from_bytes(stablelift.unbox(boxed), saved)
    again = stablelift.meta.replace_boxed(boxed, loaded)
    assert again["params"]["kernel"].names == ("a", None)
    assert_same_tree(stablelift.unbox(boxed), stablelift.unbox(again))


# Under JAX's own transformations


def ways(name, library, params):
    """What JAX's transformations give on a model's loss, by their names: functions of its parameters."""
    _, others = split(initialised(name, linen)[1])
    run = functools.partial(loss, name, library)

    def apply(params):
        return results(name, library, {**others, "params": params})

    def gradient(params):
        return jax.grad(run)(params, others)

    stacked = jax.tree.map(lambda x: jnp.stack([x, 1.5 * x]), params)
    return {
        "apply": lambda: apply(params),
        "jit of grad": lambda: jax.jit(gradient)(params),
        "vmap": lambda: jax.vmap(apply)(stacked),
        "vmap of grad": lambda: jax.vmap(gradient)(stacked),
        "checkpoint": lambda: jax.grad(jax.checkpoint(run))(params, others),
        "jvp": lambda: jax.jvp(lambda params: run(params, others), (params,), (params,)),
    }


WAYS = ("apply", "jit of grad", "vmap", "vmap of grad", "checkpoint", "jvp")
SMALL = "low_rank_adaptation"
# All ways with all models are examined by `make exam-models`.
SELECTED = {
    SMALL: WAYS,
    "ensemble": WAYS,
    "residual_mlp": ("jit of grad", "checkpoint"),
    "scanned_decoder": ("vmap of grad",),
    "lstm_classifier": ("vmap", "checkpoint"),
    "multi_task": ("vmap of grad", "jvp"),
}


def check_under_jaxs_own_transformations(name, wanted):
    """What each gives on Linen's model it gives on ours."""
    params, _ = split(initialised(name, linen)[1])

    def found(library, params):
        each = ways(name, library, params)
        return {way: each[way]() for way in wanted}

    expected = jax.jit(functools.partial(found, linen))(params)
    assert_trees_close(expected, jax.jit(functools.partial(found, stablelift))(params))
    return expected


@pytest.mark.parametrize("name", SELECTED)
def test_under_jaxs_own_transformations(name):
    expected = check_under_jaxs_own_transformations(name, SELECTED[name])
    if name == SMALL:  # outside of any trace as well
        params, _ = split(initialised(name, linen)[1])
        assert_trees_close(expected, {way: run() for way, run in ways(name, stablelift, params).items()})


@pytest.mark.parametrize("name", SELECTED)
def test_types_of_results_are_known_without_running(name):
    expected, found = (
        jax.eval_shape(functools.partial(results, name, library), initialised(name, linen)[1])
        for library in (linen, stablelift)
    )
    assert jax.tree.map(lambda x: (x.shape, x.dtype), expected) == jax.tree.map(
        lambda x: (x.shape, x.dtype), found
    )


def test_with_raw_keys():
    name = "ensemble"
    case = COMPOSITES[name]
    raw = {stream: jax.random.key_data(key) for stream, key in STREAMS.items()}

    def variables(library):
        model = case.build(library)
        return model.init(raw, *case.inputs), jax.jit(model.init)(raw, *case.inputs)

    (expected, jitted), (found, ours_jitted) = variables(linen), variables(stablelift)
    assert_same_tree(expected, found)
    assert_trees_close(jitted, ours_jitted)
    assert_same_tree(initialised(name, stablelift)[1], found)


def test_without_jit():
    variables = initialised(SMALL, linen)[1]
    with jax.disable_jit():
        expected, found = (results(SMALL, library, variables) for library in (linen, stablelift))
    assert_trees_close(expected, found)
