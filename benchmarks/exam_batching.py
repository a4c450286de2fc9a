"""Batching, examined: JAX's test harnesses mapped by our pass against `jax.vmap`.

    make exam-batching

For each harness, each array argument on its own, and all of them together, is mapped over a random axis;
every tenth of these maps is mapped once more. Where `jax.vmap` itself cannot, the question does not count.
`--every 20` asks a sample.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import jax
import numpy as np
from common.comparison import Question
from common.exam import NotApplicable, run

from stablelift import functional

EXAMPLES = 3

ALLOWED: dict[str, str] = {}
"""By the beginning of a harness's name, why it is not expected to pass."""


def questions(harness: Any, random: np.random.RandomState) -> Iterator[Question]:
    """Each array argument mapped, then all of them."""
    try:
        examples = [harness.dyn_args_maker(np.random.RandomState(seed)) for seed in range(EXAMPLES)]
    except Exception as error:
        raise NotApplicable(f"no arguments: {error}") from None
    arrays = [index for index, arg in enumerate(examples[0]) if isinstance(arg, (np.ndarray, jax.Array))]
    subsets = [[index] for index in arrays] + ([arrays] if len(arrays) > 1 else [])
    for subset in subsets:
        axes: list[int | None] = [None] * len(examples[0])
        args = list(examples[0])
        for index in subset:
            axes[index] = axis = random.randint(np.ndim(args[index]) + 1)
            args[index] = np.stack([example[index] for example in examples], axis=axis)
        yield _mapped(f"{harness.fullname} mapped over {axes}", harness.dyn_fun, [axes], args)
        if random.randint(10) == 0:
            twice = [
                arg if axis is None else np.stack([arg] * 2) for arg, axis in zip(args, axes, strict=True)
            ]
            leading = [None if axis is None else 0 for axis in axes]
            yield _mapped(
                f"{harness.fullname} mapped over {axes}, twice", harness.dyn_fun, [axes, leading], twice
            )


def _mapped(name: str, function: Callable, maps: list[list[int | None]], args: list[Any]) -> Question:
    """The question about a function mapped over one set of axes after the other."""
    ours = theirs = function
    for axes in maps:
        ours, theirs = functional.vmap(ours, tuple(axes)), jax.vmap(theirs, tuple(axes))
    return Question(name, functional.jit(ours), theirs, tuple(args))


if __name__ == "__main__":
    sys.exit(run("Batching against jax.vmap", questions, ALLOWED))
