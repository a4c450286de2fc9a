"""The table of layers that are compared with Linen's: how each is built, and what it is called with.

A case builds the same layer from either module system. Shapes are odd and small, no two axes alike.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

bf16, f16 = jnp.bfloat16, jnp.float16


@dataclasses.dataclass(frozen=True)
class Case:
    """`build(nn)` called with `inputs` and `call`; `mutable` when it is applied."""

    name: str
    build: Callable[[Any], Any]
    inputs: tuple[Any, ...]
    call: dict[str, Any] = dataclasses.field(default_factory=dict)
    mutable: Any = False
    method: str | None = None
    close: bool = False  # floats may differ in rounding: one of the two was compiled in another way

    def __str__(self):
        return self.name


def floats(*shape, dtype=np.float32, seed=0):
    """Normal random numbers."""
    return jnp.asarray(np.random.default_rng((seed, *shape)).normal(size=shape), dtype)


def integers(*shape, below=7, dtype=np.int32):
    return jnp.asarray(np.random.default_rng(shape).integers(0, below, shape), dtype)


def flags(*shape):
    return jnp.asarray(np.random.default_rng(shape).integers(0, 3, shape) > 0)


def normal(nn):
    return nn.initializers.normal(0.3)


X = floats(2, 3, 4)
IMAGES = floats(2, 7, 9, 4)
ONES = jnp.ones((2, 3, 4))


def of(layer, *inputs, call=None, mutable=False, method=None, **fields):
    """A case of `nn.layer(**fields)`; a field that is `normal` becomes that initializer."""

    def build(nn):
        return getattr(nn, layer)(**{k: v(nn) if v is normal else v for k, v in fields.items()})

    shown = {**fields, **(call or {})}
    parts = [layer, *(as_text(name, value) for name, value in shown.items()), *map(_kind, inputs)]
    return Case(" ".join(parts), build, inputs, call or {}, mutable, method)


def as_text(name, value):
    if hasattr(value, "shape") and not isinstance(value, type):
        return f"{name}:{value.shape}"
    return f"{name}={getattr(value, '__name__', value)}".replace(" ", "")


def _kind(x):
    leaves = jax.tree.leaves(x)
    return f"{leaves[0].dtype}{jax.tree.map(jnp.shape, x)}".replace(" ", "") if leaves else "None"
