"""The dtype in which a layer computes: given, or promoted from its inputs and parameters."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from stablelift.errors import LayerArgumentError
from stablelift.frontend.neighbours import neighbours

__all__ = ["canonicalize_dtype", "promote_dtype"]


def canonicalize_dtype(*args: Any, dtype: Any = None, inexact: bool = True) -> Any:
    """`dtype`, or if that is None the type that the arguments (None aside) promote to.

    With `inexact`, integers promote to a float type. Raises: LayerArgumentError for a given dtype that is
    exact.
    """
    if dtype is None:
        dtype = jnp.result_type(*[jnp.asarray(x) for x in args if x is not None])
        if inexact and not jnp.issubdtype(dtype, jnp.inexact):
            dtype = jnp.promote_types(jnp.float32, dtype)
    if inexact and not jnp.issubdtype(dtype, jnp.inexact):
        raise LayerArgumentError(
            f"a layer computes in a float or complex dtype, found {jnp.dtype(dtype)}",
            hint="pass a float or complex `dtype`, or none to promote the inputs and parameters",
        )
    return dtype


def promote_dtype(*args: Any, dtype: Any = None, inexact: bool = True) -> list[Any]:
    """The arguments as arrays of one dtype, chosen as in `canonicalize_dtype`; None stays None."""
    dtype = canonicalize_dtype(*args, dtype=dtype, inexact=inexact)
    return [None if x is None else jnp.asarray(x, dtype) for x in args]


__getattr__ = neighbours(__name__)
