"""Each example beside its Python twin: the same parameter tree, values and gradients."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stablelift import functional
from stablelift.frontend.language.load import load

from . import example_twins

EXAMPLES = Path(__file__).parents[3] / "examples"
KEYS = {"params": jax.random.key(2), "dropout": jax.random.key(3)}
X = jnp.linspace(-1.0, 1.0, 2 * 5).reshape(2, 5)
PICTURES = jnp.sin(jnp.arange(2.0 * 8 * 6 * 3)).reshape(2, 8, 6, 3)
TOKENS = jnp.arange(2 * 5, dtype=jnp.int32).reshape(2, 5) % 7
TRAIN = {"train": True}

CASES = {
    "MLP": ("mlp", {}, (X,), {}),
    "MLP with dropout": ("mlp", {"hidden": (4,), "dropout": 0.5, "activation": jnp.tanh}, (X,), TRAIN),
    "ResNet": ("resnet", {}, (PICTURES,), {}),
    "ResNet in training": ("resnet", {"stages": (1, 1, 1)}, (PICTURES,), TRAIN),
    "Transformer": ("transformer", {}, (TOKENS,), {}),
    "LanguageModel": ("lstm", {}, (TOKENS,), {}),
    "Seq2Seq": ("seq2seq", {}, (TOKENS, TOKENS[:, ::2]), {}),
    "Ensemble": ("ensemble", {"outputs": 4}, (X,), {}),
    "Quantised": ("custom_gradient", {}, (5 * X,), {}),
    "Heat": ("pinn", {}, (X[0], X[1]), {}),
}


def close(left, right) -> None:
    assert jax.tree.structure(left) == jax.tree.structure(right)
    for ours, theirs in zip(jax.tree.leaves(left), jax.tree.leaves(right), strict=True):
        assert ours.dtype == theirs.dtype
        np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("case", CASES)
def test_example(case):
    file, fields, arguments, keywords = CASES[case]
    name = case.split()[0]
    ours = getattr(load(EXAMPLES / f"{file}.lift"), name)(**fields)
    theirs = getattr(example_twins, name)(**fields)
    variables = ours.init(KEYS, *arguments, **keywords)
    close(variables, theirs.init(KEYS, *arguments, **keywords))
    mutable = [collection for collection in variables if collection != "params"] + ["intermediates"]

    def outcome(model):
        def run(params, *inputs):
            given = {**variables, "params": params}
            value, state = model.apply(given, *inputs, **keywords, mutable=mutable, rngs=KEYS)
            return sum(jnp.sum(jnp.sin(leaf)) for leaf in jax.tree.leaves(value)), (value, state)

        numbers = (0, 1) if name == "Quantised" else 0
        return functional.value_and_grad(run, numbers, has_aux=True)(variables["params"], *arguments)

    close(outcome(ours), outcome(theirs))


def test_the_losses():
    logits = jnp.linspace(-1.0, 1.0, 2 * 5 * 7).reshape(2, 5, 7)
    picked = jnp.take_along_axis(jax.nn.log_softmax(logits), TOKENS[..., None], -1)[..., 0]
    np.testing.assert_allclose(
        load(EXAMPLES / "mlp.lift").cross_entropy(logits[0], TOKENS[0]), -jnp.mean(picked[0]), rtol=1e-6
    )
    shifted = jnp.take_along_axis(jax.nn.log_softmax(logits[:, :-1]), TOKENS[:, 1:, None], -1)
    found = load(EXAMPLES / "transformer.lift").next_token_loss(logits, TOKENS)
    np.testing.assert_allclose(found, -jnp.mean(shifted), rtol=1e-6)
    found = load(EXAMPLES / "pinn.lift").loss(X[0], X[1], 2 * X[0])
    np.testing.assert_allclose(found, np.mean((X[0] - X[1]) ** 2) + np.mean(4 * X[0] ** 2), rtol=1e-6)


def test_every_example_has_a_twin():
    files = {path.stem for path in EXAMPLES.glob("*.lift")}
    assert files == {file for file, *_ in CASES.values()} | {"digits"}
