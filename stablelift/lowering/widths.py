"""64-bit types where JAX has them turned off: functions of such arrays are traced as they are."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import jax
import numpy as np

NARROWER = {
    np.dtype(wide): np.dtype(narrow)
    for wide, narrow in (
        (np.int64, np.int32),
        (np.uint64, np.uint32),
        (np.float64, np.float32),
        (np.complex128, np.complex64),
    )
}
"""What JAX makes of 64-bit types where they are turned off."""


def has_wide(avals: Iterable[Any]) -> bool:
    """Whether one of some types has 64 bits."""
    return any(aval.dtype in NARROWER for aval in avals)


def is_off() -> bool:
    """Whether JAX's 64-bit types are turned off."""
    return jax.dtypes.canonicalize_dtype(np.int64) != np.int64


def mode_for(avals: Iterable[Any]) -> AbstractContextManager[Any]:
    """A context in which functions of arrays of these types are traced as they are."""
    return jax.enable_x64(True) if is_off() and has_wide(avals) else nullcontext()
