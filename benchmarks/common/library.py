"""The functions of JAX's public namespaces, as harnesses with arguments that each accepts.

A harness has the names that JAX's own have (`fullname`, `group_name`, `dyn_fun`, `dyn_args_maker`).
Arguments are found by trying: of each kind the fewest that a function takes.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import jax.scipy as jsp
import numpy as np

NAMESPACES = {
    "jnp": jnp,
    "jnp.fft": jnp.fft,
    "jnp.linalg": jnp.linalg,
    "nn": jax.nn,
    "lax": jax.lax,
    "random": jax.random,
    "special": jsp.special,
    "linalg": jsp.linalg,
    "fft": jsp.fft,
    "signal": jsp.signal,
    **{f"stats.{name}": of for name, of in vars(jsp.stats).items() if inspect.ismodule(of)},
}

LEFT_OUT = {
    "jnp": "empty empty_like save savez load fromfile frompyfunc array_repr array_str printoptions "
    "get_printoptions set_printoptions",
    "lax": "after_all create_token infeed outfeed rng_bit_generator rng_uniform empty",
}
"""What returns what it likes, or does something beside."""

MOST_ARGUMENTS = 3

Random = np.random.RandomState


def _real(random: Random) -> np.ndarray:
    """Between 0 and 1, where most functions are defined; symmetric and positive definite, for some others."""
    values = random.uniform(0.05, 0.25, size=(4, 4)).astype(np.float32)
    return (values + values.T) / 2 + np.float32(0.6) * np.eye(4, dtype=np.float32)


def _complex(random: Random) -> np.ndarray:
    return (random.normal(size=(4, 4)) + 1j * random.normal(size=(4, 4))).astype(np.complex64)


def _whole(random: Random) -> np.ndarray:
    return random.randint(0, 4, size=(4, 4)).astype(np.int32)


def _row(random: Random) -> np.ndarray:
    return np.sort(random.uniform(0.1, 0.9, size=6)).astype(np.float32)


def _key(random: Random) -> np.ndarray:
    """Of a key its data, which numpy can stack."""
    return random.randint(2**31, size=2).astype(np.uint32)


DRAWS: dict[str, Callable[[Random], np.ndarray]] = {
    "real": _real,
    "complex": _complex,
    "whole": _whole,
    "row": _row,
}


@dataclass
class Harness:
    """A function of some namespace, and a kind of arguments for it."""

    namespace: str
    name: str
    function: Callable[..., Any]
    kind: str

    @property
    def group_name(self) -> str:
        return self.namespace.partition(".")[0]

    @property
    def fullname(self) -> str:
        return f"{self.namespace}.{self.name} of {self.kind}"

    def dyn_fun(self, *args: Any) -> list[Any]:
        """The arrays in what the function returns, keys as their data."""
        if self.kind == "key":
            args = (jax.random.wrap_key_data(args[0]), *args[1:])
        return [_data(leaf) for leaf in jax.tree.leaves(self.function(*args))]

    def dyn_args_maker(self, random: Random) -> list[np.ndarray]:
        """As many arguments as the function takes.

        Raises:
          TypeError: It takes none of this kind.
        """
        return self._drawn(random, self._count)

    @cached_property
    def _count(self) -> int:
        for count in range(1, MOST_ARGUMENTS + 1):
            try:
                if jax.eval_shape(self.dyn_fun, *self._drawn(Random(0), count)):
                    return count
            except Exception:
                continue
        raise TypeError(f"it takes no {self.kind} arguments")

    def _drawn(self, random: Random, count: int) -> list[np.ndarray]:
        if self.kind == "key":
            return [_key(random), *(_row(random) for _ in range(count - 1))]
        return [DRAWS[self.kind](random) for _ in range(count)]


def _data(leaf: Any) -> Any:
    value = jnp.asarray(leaf)
    return jax.random.key_data(value) if jnp.issubdtype(value.dtype, jax.dtypes.prng_key) else value


def harnesses() -> list[Harness]:
    """One for each function and kind of arguments."""
    return [
        Harness(place, name, function, kind)
        for place, namespace in NAMESPACES.items()
        for name, function in _functions(namespace, LEFT_OUT.get(place, "").split())
        for kind in (["key"] if place == "random" else DRAWS)
    ]


def _functions(namespace: Any, left_out: Sequence[str]) -> Iterator[tuple[str, Callable[..., Any]]]:
    for name, value in sorted(vars(namespace).items()):
        if callable(value) and not (name.startswith("_") or name in left_out or inspect.isclass(value)):
            yield name, value
