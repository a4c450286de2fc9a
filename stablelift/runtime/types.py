"""MLIR tensor types and the shapes and dtypes of JAX arrays."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from stablelift.errors import LiftError
from stablelift.ir.mlir import ir

_NAMED = {
    "i1": np.bool_,
    "bf16": jnp.bfloat16,
    "f8E4M3FN": jnp.float8_e4m3fn,
    "f8E5M2": jnp.float8_e5m2,
    "complex<f32>": np.complex64,
    "complex<f64>": np.complex128,
}

_WIDTHS = {"f": "float", "ui": "uint", "i": "int"}


def struct_of(type: Any, what: str, filename: str) -> jax.ShapeDtypeStruct:
    """The shape and dtype of an MLIR tensor type.

    Raises:
      LiftError: `what` in the file has a type that no array has: a dynamic shape, a tuple, a token, a
      quantised element.
    """
    if not isinstance(type, ir.RankedTensorType):
        raise LiftError(f"{filename}: error: {what}: expected a ranked tensor, found {type}")
    if not type.has_static_shape:
        hint = "refine the program to given shapes before it is loaded"
        raise LiftError(f"{filename}: error: {what}: expected a static shape, found {type}\n  hint: {hint}")
    dtype = _dtype(str(type.element_type))
    if dtype is None:
        raise LiftError(f"{filename}: error: {what}: no array has the elements of {type}")
    return jax.ShapeDtypeStruct(tuple(type.shape), dtype)


def _dtype(name: str) -> np.dtype | None:
    if name in _NAMED:
        return np.dtype(_NAMED[name])
    for prefix, kind in _WIDTHS.items():
        width = name.removeprefix(prefix)
        if name.startswith(prefix) and width in ("4", "8", "16", "32", "64"):
            found = getattr(jnp, kind + width, None)
            return None if found is None else np.dtype(found)
    return None


def spelled(aval: jax.ShapeDtypeStruct) -> str:
    """A type as users write it: `f32[3,4]`."""
    name = np.dtype(aval.dtype).name if isinstance(aval.dtype, np.dtype) else str(aval.dtype)
    short = name.replace("bfloat", "bf").replace("complex", "c").replace("float", "f").replace("uint", "u")
    return f"{short.replace('int', 'i')}[{','.join(map(str, aval.shape))}]"
