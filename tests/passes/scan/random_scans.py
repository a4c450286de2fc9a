"""Random programs of one or two scans, in terms of the library that scans: ours, or `jax.lax`."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from hypothesis import strategies as st

CARRIES = {
    "add the input": lambda c, d, x, w: c + x,
    "multiply by the input": lambda c, d, x, w: c * x,
    "recur": lambda c, d, x, w: jnp.tanh(c @ w + x),
    "recur, weights transposed": lambda c, d, x, w: jnp.sin(c @ w.T),
    "project the input": lambda c, d, x, w: 0.5 * c + x @ w,
    "project slices of the input": lambda c, d, x, w: c * (x @ jnp.concatenate([w, w.T], 1) + 1)[:, 1:4],
    "keep": lambda c, d, x, w: c,
    "take the other": lambda c, d, x, w: d,
    "sum a product": lambda c, d, x, w: c + jnp.sum(d[:, :, None] * x[:, None, :], 2),
    "accumulate": lambda c, d, x, w: c + 2.0 * (x.T @ d).sum(0)[None, :],
    "accumulate the input": lambda c, d, x, w: c - x[:, ::-1],
    "invariant": lambda c, d, x, w: jnp.broadcast_to(jnp.tanh(w).sum(0), c.shape),
    "count": lambda c, d, x, w: c + 1,
}

RESULTS = {
    "the carry": lambda c, x, w: c,
    "the input": lambda c, x, w: x,
    "an invariant": lambda c, x, w: jnp.exp(w)[:2],
    "a product of the carry": lambda c, x, w: jnp.cos(c @ w),
    "a product of the input": lambda c, x, w: x @ w,
    "both": lambda c, x, w: c * x,
    "a number": lambda c, x, w: c.sum(),
}


class Scan(NamedTuple):
    """What each step does to each carried value, and what it stacks."""

    carries: list[str]
    results: list[str]
    reverse: bool
    unroll: int


class Scans(NamedTuple):
    """Scans one behind the other, over `length` steps; `linked` ones read what the one before has stacked."""

    length: int
    scans: list[Scan]
    linked: bool
    used: int

    def __call__(self, library: Any, w: Any, start: Any, xs: Any) -> Any:
        total, inputs = jnp.float32(0), xs
        for number, scan in enumerate(self.scans):
            last, ys = library.scan(
                self.step(scan, w), self.start(scan, start), inputs, reverse=scan.reverse, unroll=scan.unroll
            )
            if self.linked and ys and ys[0].ndim == 3:
                inputs = jnp.tanh(ys[0]) + xs
            for position, result in enumerate([*last, *ys]):
                if (self.used >> (position + 3 * number)) & 1:
                    total = total + jnp.sum(jnp.sin(result) * (position + 1))
        return total

    def start(self, scan: Scan, start: Any) -> Any:
        # Equal starts, so that some are carried twice.
        return tuple(start * (1 + position // 2) for position in range(len(scan.carries)))

    def step(self, scan: Scan, w: Any) -> Any:
        def step(carry: Any, x: Any) -> Any:
            following = tuple(
                CARRIES[name](carry[position], carry[position - 1], x, w)
                for position, name in enumerate(scan.carries)
            )
            return following, [RESULTS[name](following[0], x, w) for name in scan.results]

        return step


def arguments(length: int) -> list[np.ndarray]:
    rng = np.random.default_rng(length)
    return [rng.normal(size=shape).astype(np.float32) * 0.6 for shape in ((3, 3), (2, 3), (length, 2, 3))]


def scan() -> st.SearchStrategy[Scan]:
    return st.builds(
        Scan,
        st.lists(st.sampled_from(list(CARRIES)), min_size=1, max_size=4),
        st.lists(st.sampled_from(list(RESULTS)), max_size=3),
        st.booleans(),
        st.sampled_from([1, 1, 1, 2, 7]),
    )


def scans() -> st.SearchStrategy[Scans]:
    return st.builds(
        Scans,
        st.sampled_from([0, 1, 2, 5]),
        st.lists(scan(), min_size=1, max_size=2),
        st.booleans(),
        st.integers(1, 2**7 - 1),
    )
