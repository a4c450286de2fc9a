"""Random streams: keys derived from a root key, a Module path and a counter, as Linen derives them.

    key = fold_in(root, first 4 bytes of sha1(path[0] + path[1] + ... + counter), big endian)

A lift splits the root of a stream, so the path is folded in after the split. Keys equal Linen's bit for bit.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from stablelift.errors import InvalidRngError
from stablelift.lowering import jax_compat


@dataclasses.dataclass(frozen=True)
class LazyRng:
    """A root key and the path that is to be folded into it, kept apart until a key is drawn.

    A pytree: the root is its leaf, the path is static.
    """

    rng: Any
    suffix: tuple[str | int, ...] = ()

    @staticmethod
    def create(rng: Any, *suffix: str | int) -> LazyRng:
        """`rng` (a key or a LazyRng) with more path behind it."""
        if isinstance(rng, LazyRng):
            return LazyRng(rng.rng, rng.suffix + suffix)
        return LazyRng(rng, suffix)

    def as_jax_rng(self) -> Any:
        """The key with the path folded in."""
        return fold_in_path(self.rng, self.suffix)


jax.tree_util.register_dataclass(LazyRng, data_fields=["rng"], meta_fields=["suffix"])


def fold_in_path(key: Any, path: tuple[str | int, ...]) -> Any:
    """`key` with names and non-negative counters folded in; the key itself for an empty path."""
    if not path:
        return key
    digest = hashlib.sha1(usedforsecurity=False)
    for part in path:
        if isinstance(part, str):
            digest.update(part.encode())
        else:
            digest.update(part.to_bytes((part.bit_length() + 7) // 8, "big"))
    return jax_compat.fold_in(key, np.uint32(int.from_bytes(digest.digest()[:4], "big")))


def is_typed_key(x: Any) -> bool:
    """Whether `x` has a dtype of the `jax.random.key` kind."""
    return hasattr(x, "dtype") and jnp.issubdtype(x.dtype, jax.dtypes.prng_key)


def is_valid_rng(rng: Any) -> bool:
    """Whether `rng` is one key: typed, raw `uint32` words of the default implementation, or a LazyRng."""
    if isinstance(rng, LazyRng):
        return True
    if not isinstance(rng, np.ndarray | jax.Array):
        return False
    if is_typed_key(rng):
        return rng.shape == ()
    raw = jax.eval_shape(lambda seed: jax.random.key_data(jax.random.key(seed)), 0)
    return (rng.shape, rng.dtype) == (raw.shape, raw.dtype)


def as_streams(rngs: Any, where: str) -> dict[str, Any]:
    """`rngs` as a dict from stream to key; a single key is the stream 'params'.

    Raises: InvalidRngError if it is neither a key nor a mapping from strings to keys.
    """
    if not isinstance(rngs, Mapping):
        rngs = {"params": rngs}
    for name, rng in rngs.items():
        if not isinstance(name, str) or not is_valid_rng(rng):
            raise InvalidRngError(
                f"`rngs` of `{where}`: stream {name!r} wants a key, found {_shown(rng)}",
                hint="pass jax.random.key(seed), or a dict of such keys by stream name",
            )
    return dict(rngs)


def split_root(rng: LazyRng, n: int) -> LazyRng:
    """The stream for each of `n` instances: roots stacked on axis 0, the path kept."""
    return LazyRng(jax.random.split(jax.random.clone(rng.rng), n), rng.suffix)


def _shown(x: Any) -> str:
    dtype = getattr(x, "dtype", None)
    return f"{type(x).__name__} of shape {x.shape} and dtype {dtype}" if dtype is not None else repr(x)
