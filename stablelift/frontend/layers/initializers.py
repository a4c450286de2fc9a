"""Initializers: those of `jax.nn.initializers`, and `zeros_init`, `ones_init`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jax.nn.initializers import *  # noqa: F403
from jax.nn.initializers import ones, zeros


def zeros_init() -> Callable[..., Any]:
    """The initializer that returns zeros."""
    return zeros


def ones_init() -> Callable[..., Any]:
    """The initializer that returns ones."""
    return ones
