"""What the examples share: training steps under a progress bar, and the text that two of them learn."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pydoc_data.topics import topics
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

SHOWN_EVERY = 10


def train(
    step: Callable[..., Any], state: tuple[Any, ...], batches: Iterable[Any], steps: int, console: Console
) -> tuple[tuple[Any, ...], np.ndarray]:
    """Run `*state, loss = step(*state, batch)` on so many batches; the last state, and each loss."""
    losses: list[Any] = []
    shown = TextColumn("training"), BarColumn(), MofNCompleteColumn(), TextColumn("loss {task.fields[loss]}")
    with Progress(*shown, TimeElapsedColumn(), console=console) as progress:
        task = progress.add_task("training", total=steps, loss="?")
        for batch in islice(batches, steps):
            *state, loss = step(*state, batch)  # type: ignore[assignment]
            losses.append(loss)
            if len(losses) % SHOWN_EVERY == 0 or len(losses) == steps:
                progress.update(task, completed=len(losses), loss=f"{float(loss):.4f}")
    return tuple(state), np.asarray(losses)


class Text:
    """The documentation of Python's syntax, as the standard library has it: numbers for its characters.

    Attributes:
      characters: The characters that occur, in order; a number is a place among them.
      training, held_out: The first nine tenths, and the last.
    """

    def __init__(self) -> None:
        text = "\n".join(topics[name] for name in sorted(topics))
        self.characters = "".join(sorted(set(text)))
        numbers = {character: number for number, character in enumerate(self.characters)}
        encoded = np.array([numbers[character] for character in text], np.int32)
        self.training, self.held_out = np.split(encoded, [len(encoded) * 9 // 10])

    def decode(self, numbers: Iterable[int]) -> str:
        """The characters of these numbers."""
        return "".join(self.characters[int(number)] for number in numbers)

    def excerpts(self, count: int, length: int, seed: int) -> Iterator[np.ndarray]:
        """Batches of `count` excerpts from anywhere in the training part. Shapes: i32[count, length]."""
        random = np.random.default_rng(seed)
        while True:
            starts = random.integers(0, len(self.training) - length, count)
            yield self.training[starts[:, None] + np.arange(length)]

    def streams(self, count: int, length: int) -> Iterator[np.ndarray]:
        """Batches in which each row goes on where that row of the batch before ended.

        Shapes: i32[count, length + 1]: one character more, since the last is only predicted.
        """
        rows = self.training[: len(self.training) // count * count].reshape(count, -1)
        while True:
            for start in range(0, rows.shape[1] - length, length):
                yield rows[:, start : start + length + 1]
