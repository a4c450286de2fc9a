"""Train an ensemble of eight digit classifiers through Stablelift's own passes: `make demo`.

The model comes from `digits.lift` or from its Python twin `digits_modules.py`: the same parameter tree, the
same result. The eight members are one program: the batching pass maps a classifier over eight sets of
parameters, the derivatives pass makes the gradient. The data are scikit-learn's handwritten digits; a fifth
is held out.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
import optax
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from sklearn.datasets import load_digits

import stablelift
from stablelift import Program, functional

MEMBERS = 8
HIDDEN = 128
CLASSES = 10
BATCH = 64
EXPECTED_ACCURACY = 0.97


class Data(NamedTuple):
    """Pictures as rows of 64 pixels in [0, 1], and the digits they show."""

    images: np.ndarray
    labels: np.ndarray

    def batches(self, random: np.random.Generator) -> Iterator[Data]:
        """One epoch of shuffled batches; a last one that is not whole is left out."""
        order = random.permutation(len(self.labels))
        for start in range(0, len(order) - BATCH + 1, BATCH):
            chosen = order[start : start + BATCH]
            yield Data(self.images[chosen], self.labels[chosen])


def split_digits() -> tuple[Data, Data]:
    """The training set and the held-out fifth, the same in every run."""
    digits = load_digits()
    images, labels = (digits.data / 16).astype(np.float32), digits.target.astype(np.int32)
    order = np.random.default_rng(0).permutation(len(labels))
    held_out, train = order[: len(order) // 5], order[len(order) // 5 :]
    return Data(images[train], labels[train]), Data(images[held_out], labels[held_out])


def build_ensemble(frontend: str) -> Any:
    """The ensemble, described in a `.lift` file or in Python."""
    if frontend == "lift":
        return stablelift.load(Path(__file__).with_name("digits.lift")).Ensemble(hidden=HIDDEN)
    import digits_modules

    return digits_modules.Ensemble(hidden=HIDDEN)


def make_step(model: Any, optimiser: optax.GradientTransformation) -> Any:
    """One training step: (variables, optimiser state, batch) -> the next two, each member's loss, the
    accuracy.
    """

    def loss(variables: Any, batch: Data) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
        logits = model.apply(variables, batch.images)
        losses = optax.softmax_cross_entropy(logits, jax.nn.one_hot(batch.labels, CLASSES)).mean(axis=1)
        accuracy = (ensemble_probabilities(logits).argmax(-1) == batch.labels).mean()
        return losses.sum(), (losses, accuracy)

    def step(variables: Any, state: Any, batch: Data) -> Any:
        (_, measures), gradient = functional.value_and_grad(loss, has_aux=True)(variables, batch)
        updates, state = optimiser.update(gradient, state, variables)
        return optax.apply_updates(variables, updates), state, *measures

    return step


def ensemble_probabilities(logits: jax.Array) -> jax.Array:
    """The members' mean prediction. Shapes: f32[members, batch, classes] -> f32[batch, classes]."""
    return jax.nn.softmax(logits).mean(axis=0)


class Trained(NamedTuple):
    """What training leaves: each member's loss at each step, and predictions on the held-out set."""

    losses: np.ndarray
    probabilities: np.ndarray
    accuracy: float
    seconds: dict[str, float]


def train(frontend: str, epochs: int, console: Console) -> Trained:
    """Compile and train; the ensemble's accuracy on the held-out set."""
    training, held_out = split_digits()
    model = build_ensemble(frontend)
    # Without decay the members agree too much for an ensemble to help.
    optimiser = optax.adamw(
        optax.cosine_decay_schedule(3e-3, epochs * (len(training.labels) // BATCH)), weight_decay=0.02
    )
    seconds: dict[str, float] = {}

    started = time.perf_counter()
    first = next(training.batches(np.random.default_rng(0)))
    initialise = Program.trace(lambda key, x: model.init(key, x), jax.random.key(0), first.images)
    variables = initialise.compile()(jax.random.key(0), first.images)
    state = optimiser.init(variables)
    seconds["initialise"] = time.perf_counter() - started

    started = time.perf_counter()
    program = Program.trace(make_step(model, optimiser), variables, state, first)
    seconds["trace"] = time.perf_counter() - started
    step = program.compile(donate_argnums=(0, 1))
    seconds |= step.seconds
    predict = functional.jit(lambda variables, x: ensemble_probabilities(model.apply(variables, x)))

    started = time.perf_counter()
    losses, probabilities = [], np.zeros(())
    columns = (
        "[bold]{task.description}",
        "loss {task.fields[loss]:.4f}",
        "held-out accuracy {task.fields[accuracy]:.4f}",
    )
    with Progress(
        TextColumn(columns[0]),
        BarColumn(),
        *map(TextColumn, columns[1:]),
        TimeElapsedColumn(),
        console=console,
    ) as progress:
        task = progress.add_task("training", total=epochs, loss=float("nan"), accuracy=float("nan"))
        random = np.random.default_rng(1)
        for _ in range(epochs):
            for batch in training.batches(random):
                variables, state, loss, _ = step(variables, state, batch)
                losses.append(loss)
            probabilities = np.asarray(predict(variables, held_out.images))
            accuracy = float((probabilities.argmax(-1) == held_out.labels).mean())
            progress.update(task, advance=1, loss=float(losses[-1].mean()), accuracy=accuracy)
    seconds["training"] = time.perf_counter() - started
    return Trained(np.asarray(losses), probabilities, accuracy, seconds)


def report(trained: Trained, console: Console) -> None:
    """A table of where the time went."""
    table = Table("stage", "seconds", title="Where the time went", title_justify="left")
    table.columns[1].justify = "right"
    for stage, spent in trained.seconds.items():
        table.add_row(stage, f"{spent:.3f}")
    table.add_section()
    table.add_row("total", f"{sum(trained.seconds.values()):.3f}")
    console.print(table)


def draw(trained: Trained, path: Path) -> None:
    """The loss of each member, and the held-out pictures that the ensemble is most wrong about."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    _, held_out = split_digits()
    predicted = trained.probabilities.argmax(-1)
    wrong = np.flatnonzero(predicted != held_out.labels)
    wrong = wrong[np.argsort(-trained.probabilities.max(-1)[wrong])][:8]

    figure = pyplot.figure(figsize=(10, 4.2), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=[3, 2])
    axes = left.subplots()
    window = np.ones(20) / 20
    for member in range(MEMBERS):
        axes.plot(np.convolve(trained.losses[:, member], window, mode="valid"), linewidth=0.9, alpha=0.8)
    axes.set(yscale="log", xlabel="step", ylabel="training loss", title=f"{MEMBERS} members, one program")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25)

    right.suptitle(f"held-out accuracy {trained.accuracy:.3f}; the mistakes")
    for place, index in zip(right.subplots(2, 4).flat, [*wrong, *[None] * 8], strict=False):
        place.set_axis_off()
        if index is not None:
            place.imshow(held_out.images[index].reshape(8, 8), cmap="gray_r")
            place.set_title(f"{held_out.labels[index]} read as {predicted[index]}", fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130)
    pyplot.close(figure)


def main() -> int:
    """Train, report, draw; 1 when the ensemble is worse than expected."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frontend", choices=["lift", "python"], default="lift")
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder for the picture")
    options = parser.parse_args()
    if options.epochs < 1:
        parser.error(f"--epochs: expected at least 1, found {options.epochs}")

    console = Console()
    console.print(
        f"[bold]Stablelift {stablelift.__version__}[/]: {MEMBERS} classifiers from the {options.frontend} "
        f"frontend, on {jax.devices()[0].platform}"
    )
    trained = train(options.frontend, options.epochs, console)
    report(trained, console)
    picture = options.out / "digits.png"
    draw(trained, picture)
    console.print(
        f"ensemble accuracy on the held-out fifth: [bold]{trained.accuracy:.4f}[/]   picture: {picture}"
    )
    if trained.accuracy < EXPECTED_ACCURACY:
        console.print(f"[red]expected at least {EXPECTED_ACCURACY}[/]")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
