"""An LSTM reads the documentation of Python from end to end: `python examples/lstm.py`.

It keeps its memory from batch to batch: each step goes on reading where the step before ended, and is
differentiated through its own characters only. The cells are loops, which the passes fuse and differentiate.
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
from training import Text, train

import stablelift as nn
from stablelift import functional

ROWS = 32


class Reader(nn.Module):
    """Logits for the next character at each place, and the memory of each layer.

    Shapes: text i32[n, t], memory a list of (c, h) with f32[n, width] each -> f32[n, t, characters], memory.
    """

    characters: int
    width: int = 128
    depth: int = 2

    def setup(self) -> None:
        self.embed = nn.Embed(self.characters, self.width)
        self.layers = [
            nn.RNN(nn.OptimizedLSTMCell(self.width), return_carry=True) for _ in range(self.depth)
        ]
        self.head = nn.Dense(self.characters)

    def __call__(self, text: jax.Array, memory: Sequence[Any]) -> tuple[jax.Array, list[Any]]:
        x, remembered = self.embed(text), []
        for layer, before in zip(self.layers, memory, strict=True):
            after, x = layer(x, initial_carry=before)
            remembered.append(after)
        return self.head(x), remembered

    def empty_memory(self, rows: int) -> list[Any]:
        """What it remembers before it has read anything."""
        zeros = np.zeros((rows, self.width), np.float32)
        return [(zeros, zeros) for _ in range(self.depth)]


def loss_of(model: Reader, params: Any, memory: Any, text: jax.Array) -> tuple[jax.Array, Any]:
    """The mean cross-entropy of each character given all before it, in nats, and the memory afterwards."""
    logits, memory = model.apply(params, text[:, :-1], memory)
    return optax.softmax_cross_entropy_with_integer_labels(logits, text[:, 1:]).mean(), memory


def make_step(model: Reader, optimiser: optax.GradientTransformation) -> Any:
    """(params, optimiser state, memory, text) -> the next three, and the loss."""

    def step(params: Any, state: Any, memory: Any, text: jax.Array) -> Any:
        def loss(params: Any) -> tuple[jax.Array, Any]:
            return loss_of(model, params, memory, text)

        (value, remembered), gradient = functional.value_and_grad(loss, has_aux=True)(params)
        updates, state = optimiser.update(gradient, state, params)
        return optax.apply_updates(params, updates), state, remembered, value

    return nn.compile(step, donate=(0, 1, 2))


def main(argv: Sequence[str] | None = None) -> int:
    """Train, and print the bits per held-out character; 1 if they are above `--expect`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--length", type=int, default=48)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--expect", type=float, default=3.0)
    options = parser.parse_args(argv)

    text = Text()
    model = Reader(len(text.characters), options.width)
    params = model.init(jax.random.key(0), np.zeros((1, 2), np.int32), model.empty_memory(1))
    optimiser = optax.chain(
        optax.clip_by_global_norm(1.0), optax.adam(optax.cosine_decay_schedule(5e-3, options.steps))
    )
    console = Console()
    start = params, optimiser.init(params), jax.tree.map(jax.numpy.asarray, model.empty_memory(ROWS))
    batches = text.streams(ROWS, options.length)
    (params, *_), _ = train(make_step(model, optimiser), start, batches, options.steps, console)

    read = functional.jit(lambda params, memory, text: loss_of(model, params, memory, text))
    loss, _ = read(params, model.empty_memory(8), text.held_out[: 8 * 1001].reshape(8, 1001))
    bits, guess = float(loss) / math.log(2), math.log2(model.characters)
    console.print(f"bits per held-out character: [bold]{bits:.3f}[/] (a guess: {guess:.3f})")
    return int(not bits <= options.expect)


if __name__ == "__main__":
    sys.exit(main())
