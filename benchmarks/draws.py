"""Random numbers on CPU: programs that draw, compiled by us and by `jax.jit`; the numbers are the same.

    make bench-draws

A draw of normals, gradients through 3 and 36 layers of dropout, categorical samples, a permutation: of a
block of 2048 x 512, or 64 x 128 for the many layers; dropout with a mask that 128 rows share. Medians of
interleaved runs, and the seconds until the first result.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from common.measure import Report, interleaved, milliseconds, no_options

import stablelift
from stablelift import functional

ROUNDS = 15
SHAPE = 2048, 512


def programs(grad: Callable[..., Any]) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Functions of a key and a block, by what they do."""

    def dropout(x: jax.Array, key: jax.Array, layers: int = 3) -> jax.Array:
        for layer in jax.random.split(key, layers):
            x = jnp.where(jax.random.bernoulli(layer, 0.9, x.shape), jnp.tanh(x) / 0.9, 0)
        return x.sum()

    def shared_mask(key: jax.Array, x: jax.Array) -> jax.Array:
        rows = x.reshape(16, 128, 512)
        return jnp.where(jax.random.bernoulli(key, 0.9, (16, 1, 512)), jnp.tanh(rows), 0)

    yield "normal", lambda key, x: jax.random.normal(key, x.shape)
    yield "gradient of dropout", lambda key, x: grad(dropout)(x, key)
    deep = partial(dropout, layers=36)
    yield "gradient of dropout, 36 layers", lambda key, x: grad(deep)(x[:64, :128], key)
    yield "a mask for many rows", shared_mask
    yield "categorical", lambda key, x: jax.random.categorical(key, x)
    yield "permutation", lambda key, x: jax.random.permutation(key, x[:, 0])


def run(function: Callable[..., Any], *args: Any) -> None:
    jax.block_until_ready(function(*args))


def measure(report: Report) -> None:
    key, x = jax.random.key(0), jnp.ones(SHAPE)
    for (what, mine), (_, theirs) in zip(programs(functional.grad), programs(jax.grad), strict=True):
        contestants = {"ours": stablelift.compile(mine), "peer": jax.jit(theirs)}
        first = {}
        for name, function in contestants.items():
            started = time.perf_counter()
            run(function, key, x)
            first[name] = time.perf_counter() - started
        assert jnp.allclose(contestants["ours"](key, x), contestants["peer"](key, x), rtol=1e-6), what
        found = interleaved(ROUNDS, **{n: partial(run, f, key, x) for n, f in contestants.items()})
        for stage, seconds, aim in ((what, found, "at most 1.02"), (f"{what}, first result", first, "")):
            shown = milliseconds(seconds["ours"]), milliseconds(seconds["peer"])
            report.ratio(stage, *shown, seconds["ours"] / seconds["peer"], aim)


if __name__ == "__main__":
    no_options(__doc__)
    report = Report("Random numbers, medians")
    measure(report)
    report.show()
