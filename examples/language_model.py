"""A transformer learns the documentation of Python, by the character: `python examples/language_model.py`.

Its blocks are one block in a loop (`scan`), with parameters of their own stacked along an axis, and each is
recomputed when it is differentiated (`remat`): neither the program nor what it stores grows with depth.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
import optax
from rich.console import Console
from rich.panel import Panel
from rich.text import Text as Plain
from training import Text, train

import stablelift as nn
from stablelift import functional

BATCH = 16


class Block(nn.Module):
    """Causal attention and a perceptron, each beside an identity. Shapes: x f32[n, t, d] -> the same."""

    heads: int

    @nn.compact
    def __call__(self, x: jax.Array, mask: jax.Array) -> tuple[jax.Array, None]:
        h = nn.LayerNorm()(x)
        x = x + nn.SelfAttention(self.heads)(h, mask=mask)
        h = nn.Dense(4 * x.shape[-1])(nn.LayerNorm()(x))
        return x + nn.Dense(x.shape[-1])(nn.gelu(h)), None


class LanguageModel(nn.Module):
    """Logits for the next character at each place. Shapes: i32[n, t] -> f32[n, t, characters]."""

    characters: int
    length: int
    width: int = 64
    depth: int = 4
    heads: int = 4

    @nn.compact
    def __call__(self, text: jax.Array) -> jax.Array:
        places = self.param("places", nn.initializers.normal(0.02), (self.length, self.width))
        x = nn.Embed(self.characters, self.width)(text) + places[: text.shape[1]]
        Stack = nn.scan(
            nn.remat(Block, prevent_cse=False),
            variable_axes={"params": 0},
            split_rngs={"params": True},
            in_axes=nn.broadcast,
            length=self.depth,
        )
        x, _ = Stack(self.heads, name="blocks")(x, nn.make_causal_mask(text))
        return nn.Dense(self.characters)(nn.LayerNorm()(x))


def make_step(model: LanguageModel, optimiser: optax.GradientTransformation) -> Any:
    """(params, optimiser state, excerpts) -> the next two, and the loss."""

    def step(params: Any, state: Any, text: jax.Array) -> Any:
        value, gradient = functional.value_and_grad(lambda params: loss_of(model, params, text))(params)
        updates, state = optimiser.update(gradient, state, params)
        return optax.apply_updates(params, updates), state, value

    return nn.compile(step, donate=(0, 1))


def loss_of(model: LanguageModel, params: Any, text: jax.Array) -> jax.Array:
    """The mean cross-entropy of each character given those before it, in nats."""
    logits = model.apply(params, text[:, :-1])
    return optax.softmax_cross_entropy_with_integer_labels(logits, text[:, 1:]).mean()


def written(model: LanguageModel, params: Any, start: np.ndarray, count: int) -> np.ndarray:
    """`start` and `count` more characters, each drawn from what the model predicts."""

    def draw(params: Any, window: jax.Array, end: Any, key: jax.Array) -> jax.Array:
        return jax.random.categorical(key, model.apply(params, window[None])[0, end - 1])

    following = functional.jit(draw)
    text = list(start)
    for key in jax.random.split(jax.random.key(2), count):
        window = np.zeros(model.length, np.int32)
        known = text[-model.length :]
        window[: len(known)] = known
        text.append(int(following(params, window, len(known), key)))
    return np.array(text)


def main(argv: Sequence[str] | None = None) -> int:
    """Train, write a little, and print the bits per held-out character; 1 if they are above `--expect`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--length", type=int, default=64)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--depth", type=int, default=4)
    parser.add_argument("--write", type=int, default=200, help="how many characters to write at the end")
    parser.add_argument("--expect", type=float, default=3.3)
    options = parser.parse_args(argv)

    text = Text()
    model = LanguageModel(len(text.characters), options.length, options.width, options.depth)
    params = model.init(jax.random.key(0), np.zeros((1, options.length), np.int32))
    optimiser = optax.adamw(optax.cosine_decay_schedule(3e-3, options.steps))
    console = Console()
    batches = text.excerpts(BATCH, options.length + 1, seed=0)
    step = make_step(model, optimiser)
    (params, _), _ = train(step, (params, optimiser.init(params)), batches, options.steps, console)

    rows = text.held_out[: len(text.held_out) // (options.length + 1) * (options.length + 1)]
    rows = rows.reshape(-1, options.length + 1)[:256]
    read = functional.jit(lambda params, rows: loss_of(model, params, rows))
    if options.write:
        found = text.decode(written(model, params, rows[0, :32], options.write))
        console.print(Panel(Plain(found), title="it writes"))
    bits, guess = float(read(params, rows)) / math.log(2), math.log2(model.characters)
    console.print(f"bits per held-out character: [bold]{bits:.3f}[/] (a guess: {guess:.3f})")
    return int(not bits <= options.expect)


if __name__ == "__main__":
    sys.exit(main())
