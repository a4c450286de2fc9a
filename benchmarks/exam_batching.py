"""Batching, examined: JAX's test harnesses mapped by our pass against `jax.vmap`.

    make exam-batching

For each harness, each array argument on its own, and all of them together, is mapped over a random axis;
values are compared. Where `jax.vmap` itself cannot, the question does not count. `--every 20` asks a
sample.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial
from typing import Any

import jax
import numpy as np
from common.exam import Verdict, answered, close, reference, run

from stablelift import functional

EXAMPLES = 3

ALLOWED: dict[str, str] = {}
"""By the beginning of a harness's name, why it is not expected to pass."""


def questions(harness: Any, random: np.random.RandomState) -> Iterator[Verdict]:
    """Each array argument mapped, then all of them."""
    try:
        examples = [harness.dyn_args_maker(np.random.RandomState(seed)) for seed in range(EXAMPLES)]
    except Exception as error:
        yield Verdict(harness.fullname, "not applicable", f"no arguments: {error}")
        return
    arrays = [index for index, arg in enumerate(examples[0]) if isinstance(arg, (np.ndarray, jax.Array))]
    subsets = [[index] for index in arrays] + ([arrays] if len(arrays) > 1 else [])
    for subset in subsets:
        axes = [None] * len(examples[0])
        args = list(examples[0])
        for index in subset:
            axes[index] = random.randint(np.ndim(args[index]) + 1)
            args[index] = np.stack([example[index] for example in examples], axis=axes[index])
        name = f"{harness.fullname} mapped over {axes}"
        yield answered(name, partial(ask, harness.dyn_fun, tuple(axes), args))
        if random.randint(10) == 0:
            twice = [
                arg if axis is None else np.stack([arg] * 2) for arg, axis in zip(args, axes, strict=True)
            ]
            yield answered(f"{name}, twice", partial(ask_twice, harness.dyn_fun, tuple(axes), twice))


def ask(function: Any, axes: tuple[int | None, ...], args: list[Any]) -> str:
    """What is wrong with our batched function."""
    expected = reference(lambda: jax.jit(jax.vmap(function, axes))(*args))
    return close(functional.jit(functional.vmap(function, axes))(*args), expected)


def ask_twice(function: Any, axes: tuple[int | None, ...], args: list[Any]) -> str:
    """What is wrong with our function batched over the given axes, and then over new leading ones."""
    leading = tuple(None if axis is None else 0 for axis in axes)
    expected = reference(lambda: jax.jit(jax.vmap(jax.vmap(function, axes), leading))(*args))
    return close(functional.jit(functional.vmap(functional.vmap(function, axes), leading))(*args), expected)


if __name__ == "__main__":
    sys.exit(run("Batching against jax.vmap", questions, ALLOWED))
