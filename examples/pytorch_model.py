"""A PyTorch model is batched, differentiated and trained as StableHLO: `python examples/pytorch_model.py`.

The model is written for one picture, and torch-mlir puts its weights into the file as constants.
`Program.load` makes them arguments, `vmap` gives the model batches, `value_and_grad` differentiates it;
PyTorch takes no part in what follows the export. Without `torch` and `torch-mlir` the stored file of the same
model is read.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
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

STORED = Path(__file__).with_suffix(".mlir")
BATCH = 64


def export(path: Path) -> None:
    """Write the PyTorch model, with random weights, as StableHLO. Shapes: f32[1, 8, 8] -> f32[10]."""
    import torch
    from torch_mlir import fx

    torch.manual_seed(0)
    model = torch.nn.Sequential(
        torch.nn.Conv2d(1, 8, 3, padding=1),
        torch.nn.GELU(),
        torch.nn.MaxPool2d(2),
        torch.nn.Flatten(0),
        torch.nn.LayerNorm(128),
        torch.nn.Linear(128, 10),
    )
    picture = torch.zeros(1, 8, 8)
    made = fx.export_and_import(model.eval(), picture, output_type="stablehlo", func_name="main")
    path.write_text(str(made.operation.get_asm()))


def load(console: Console) -> nn.Program:
    """The model as a program of its weights and one picture."""
    if all(importlib.util.find_spec(name) for name in ("torch", "torch_mlir")):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "pytorch_model.mlir"
            export(path)
            return nn.Program.load(path, lift_weights=True)
    console.print(f"torch and torch-mlir are not installed: reading {STORED.name}, which they have written")
    return nn.Program.load(STORED, lift_weights=True)


def make_step(model: nn.Program, optimiser: optax.GradientTransformation) -> Any:
    """(weights, optimiser state, batch) -> the next two, and the loss."""

    def step(weights: Any, state: Any, batch: Any) -> Any:
        pictures, labels = batch

        def loss(weights: Any) -> jax.Array:
            logits = model(weights, pictures)
            return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()

        value, gradient = functional.value_and_grad(loss)(weights)
        updates, state = optimiser.update(gradient, state, weights)
        return optax.apply_updates(weights, updates), state, value

    return nn.compile(step, donate=(0, 1))


def batches(pictures: np.ndarray, labels: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Shuffled batches without end."""
    random = np.random.default_rng(1)
    while True:
        chosen = random.integers(0, len(labels), BATCH)
        yield pictures[chosen], labels[chosen]


def main(argv: Sequence[str] | None = None) -> int:
    """Train, and print the accuracy on a held-out fifth; 1 if it is below `--expect`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--expect", type=float, default=0.95)
    options = parser.parse_args(argv)
    console = Console()

    digits = load_digits()
    pictures, labels = (digits.images[:, None] / 16).astype(np.float32), digits.target.astype(np.int32)
    order = np.random.default_rng(0).permutation(len(labels))
    held_out, training = order[: len(order) // 5], order[len(order) // 5 :]

    one = load(console)
    weights = jax.tree.map(jnp.asarray, dict(one.weights))
    count = sum(weight.size for weight in weights.values())
    console.print(f"{len(weights)} arrays of weights, {count} numbers, of type {one.in_avals[0].dtype}")

    optimiser = optax.adam(3e-3)
    step = make_step(one.vmap(in_axes=(None, 0), axis_size=BATCH), optimiser)
    start = weights, optimiser.init(weights)
    shuffled = batches(pictures[training], labels[training])
    (weights, _), _ = train(step, start, shuffled, options.steps, console)

    many = one.vmap(in_axes=(None, 0), axis_size=len(held_out))
    found = many(weights, pictures[held_out]).argmax(-1)
    accuracy = float(jnp.mean(found == labels[held_out]))
    console.print(f"accuracy on the held-out fifth: [bold]{accuracy:.4f}[/]")
    return int(accuracy < options.expect)


if __name__ == "__main__":
    sys.exit(main())
