"""A convolutional network with batch normalisation reads handwritten digits: `python examples/convnet.py`.

The running statistics of batch normalisation are a collection of their own, which a training step updates
beside the parameters. What the step is given and returns is donated, so it lives once in memory.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from rich.console import Console
from sklearn.datasets import load_digits
from training import train

import stablelift as nn
from stablelift import functional

CLASSES = 10
BATCH = 64


class Block(nn.Module):
    """A convolution, batch normalisation and a residual connection. Shapes: x f32[n, h, w, c] -> the same."""

    @nn.compact
    def __call__(self, x: jax.Array, training: bool) -> jax.Array:
        h = nn.Conv(x.shape[-1], (3, 3), use_bias=False)(x)
        h = nn.BatchNorm(use_running_average=not training, momentum=0.9)(h)
        return x + nn.relu(h)


class ConvNet(nn.Module):
    """Logits of pictures. Shapes: x f32[n, 8, 8] -> f32[n, 10]."""

    width: int = 32
    depth: int = 3

    @nn.compact
    def __call__(self, x: jax.Array, training: bool) -> jax.Array:
        x = nn.Conv(self.width, (3, 3))(x[..., None])
        for _ in range(self.depth):
            x = Block()(x, training)
        x = nn.avg_pool(x, (2, 2), strides=(2, 2))
        return nn.Dense(CLASSES)(x.reshape(x.shape[0], -1))


def make_step(model: ConvNet, optimiser: optax.GradientTransformation) -> Any:
    """(params, statistics, optimiser state, batch) -> the next three, and the loss."""

    def step(params: Any, statistics: Any, state: Any, batch: Any) -> Any:
        images, labels = batch

        def loss(params: Any) -> tuple[jax.Array, Any]:
            variables = {"params": params, "batch_stats": statistics}
            logits, updates = model.apply(variables, images, training=True, mutable=["batch_stats"])
            losses = optax.softmax_cross_entropy(logits, jax.nn.one_hot(labels, CLASSES))
            return losses.mean(), updates["batch_stats"]

        (value, moved), gradient = functional.value_and_grad(loss, has_aux=True)(params)
        updates, state = optimiser.update(gradient, state, params)
        return optax.apply_updates(params, updates), moved, state, value

    return nn.compile(step, donate=(0, 1, 2))


def batches(images: np.ndarray, labels: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Shuffled batches without end, each picture moved by up to a pixel."""
    random = np.random.default_rng(1)
    while True:
        chosen = random.integers(0, len(labels), BATCH)
        yield np.roll(images[chosen], random.integers(-1, 2, 2), axis=(1, 2)), labels[chosen]


def main(argv: Sequence[str] | None = None) -> int:
    """Train, and print the accuracy on a held-out fifth; 1 if it is below `--expect`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--depth", type=int, default=3)
    parser.add_argument("--expect", type=float, default=0.97)
    options = parser.parse_args(argv)

    digits = load_digits()
    images, labels = (digits.images / 16).astype(np.float32), digits.target.astype(np.int32)
    order = np.random.default_rng(0).permutation(len(labels))
    held_out, training = order[: len(order) // 5], order[len(order) // 5 :]

    model = ConvNet(options.width, options.depth)
    variables = model.init(jax.random.key(0), images[:1], training=False)
    optimiser = optax.adam(optax.cosine_decay_schedule(3e-3, options.steps))
    start = variables["params"], variables["batch_stats"], optimiser.init(variables["params"])
    console = Console()
    step = make_step(model, optimiser)
    (params, statistics, _), _ = train(
        step, start, batches(images[training], labels[training]), options.steps, console
    )

    read = functional.jit(lambda variables, x: model.apply(variables, x, training=False).argmax(-1))
    found = read({"params": params, "batch_stats": statistics}, images[held_out])
    accuracy = float(jnp.mean(found == labels[held_out]))
    console.print(f"accuracy on the held-out fifth: [bold]{accuracy:.4f}[/]")
    return int(accuracy < options.expect)


if __name__ == "__main__":
    sys.exit(main())
