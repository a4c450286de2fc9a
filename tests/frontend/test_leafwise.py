"""Optimisers that are traced once for each kind of leaf: the same numbers, and who is refused."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import stablelift
from stablelift import functional

leafwise = stablelift.leafwise


def tree_of(seed: int, depth: int = 3) -> dict:
    rng = np.random.default_rng(seed)
    layers = {
        f"layer_{n}": {"kernel": rng.normal(size=(3, 4)), "bias": rng.normal(size=4)} for n in range(depth)
    }
    return jax.tree.map(jnp.float32, {**layers, "scale": rng.normal()})


@pytest.mark.smoke
@pytest.mark.parametrize(
    "optimiser",
    [
        optax.adam(1e-2),
        optax.sgd(optax.cosine_decay_schedule(1e-2, 9), momentum=0.9, nesterov=True),
        optax.adafactor(1e-2),
        optax.adamw(1e-2, mask=lambda params: jax.tree.map(lambda x: x.ndim > 1, params)),
        optax.inject_hyperparams(optax.lion)(learning_rate=1e-2),
        optax.identity(),
    ],
    ids=["adam", "sgd", "adafactor", "adamw", "lion", "identity"],
)
def test_updates_and_states_are_the_same(optimiser):
    params, gradients = tree_of(0), tree_of(1)

    @jax.jit
    def after_two_steps():
        found = []
        for one in (optimiser, leafwise(optimiser)):
            state = one.init(params)
            for _ in range(2):
                updates, state = one.update(gradients, state, params)
            found.append((updates, state))
        return found

    expected, found = after_two_steps()
    assert jax.tree.structure(found) == jax.tree.structure(expected)
    for want, have in zip(jax.tree.leaves(expected), jax.tree.leaves(found), strict=True):
        np.testing.assert_allclose(have, want, rtol=1e-6, atol=1e-8)


def test_equal_leaves_are_traced_once_and_roll_with_the_layers():
    def traced_leaves(depth: int) -> int:
        traced = 0

        def update(updates, state, params=None):
            nonlocal traced
            traced += len(jax.tree.leaves(updates))
            state = jax.tree.map(lambda g, m: 0.9 * m + g, updates, state)
            return jax.tree.map(lambda m: -0.1 * m, state), state

        optimiser = leafwise(optax.GradientTransformation(lambda params: params, update))
        params, x = tree_of(0, depth), jnp.ones((2, 3))

        def layer(params, x):
            return jnp.tanh(x @ params["kernel"] + params["bias"])[:, :3]

        def loss(params, x):
            for n in range(depth):
                x = functional.jit(layer)(params[f"layer_{n}"], x)
            return (x * params["scale"]).sum()

        def step(params, state, x):
            gradients = functional.grad(loss)(params, x)
            updates, state = optimiser.update(gradients, state, params)
            return optax.apply_updates(params, updates), state

        compiled = stablelift.compile(step, carry=2, layers="roll")
        found = compiled(params, params, x)
        assert str(compiled.latest[1]).count("stablehlo.while") == 2
        in_all = traced
        expected = step(params, params, x)
        for want, have in zip(jax.tree.leaves(expected), jax.tree.leaves(found), strict=True):
            np.testing.assert_allclose(have, want, rtol=1e-5, atol=1e-6)
        return in_all

    assert traced_leaves(4) == traced_leaves(7)


def biases_only(params):
    return jax.tree_util.tree_map_with_path(lambda path, _: "bias" in jax.tree_util.keystr(path), params)


def kernels_only(params):
    return jax.tree_util.tree_map_with_path(lambda path, _: path[-1].key == "kernel", params)


@pytest.mark.smoke
@pytest.mark.parametrize(
    ("optimiser", "what"),
    [
        (optax.clip_by_global_norm(1.0), "depends on other leaves"),
        (optax.noisy_sgd(1e-2, key=0), "how many there are"),
        (optax.novograd(1e-2), "depends on other leaves"),
        (optax.adamw(1e-2, mask=biases_only), r"updates \['layer_0'\]\['bias'\] and .*kernel.* differently"),
        (optax.adamw(1e-2, mask=kernels_only), "asks for the `key` of a leaf's place"),
        (optax.masked(optax.adam(1e-2), biases_only(tree_of(0))), "updates a leaf wherever it is"),
    ],
    ids=["norm", "noise", "novograd", "mask by text", "mask by key", "mask by tree"],
)
def test_who_looks_at_other_leaves_or_at_places_is_refused(optimiser, what):
    optimiser = leafwise(optimiser)
    params = tree_of(0)
    with pytest.raises(ValueError, match=f"leafwise: .*{what}"):
        optimiser.update(params, optimiser.init(params), params)


def test_what_is_no_gradient_transformation_is_refused():
    with pytest.raises(TypeError, match="leafwise: expected a gradient transformation"):
        leafwise(optax.adam)


def test_a_norm_over_all_leaves_stands_in_front():
    params, gradients = tree_of(0), tree_of(1)
    clip = optax.clip_by_global_norm(0.1)
    found = optax.chain(clip, leafwise(optax.sgd(0.5)))
    expected = optax.chain(clip, optax.sgd(0.5))
    updates, _ = found.update(gradients, found.init(params), params)
    want, _ = expected.update(gradients, expected.init(params), params)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-6), updates, want)
