"""MLIR tensor types and the shapes and dtypes of JAX arrays."""

from __future__ import annotations

import re
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from stablelift.errors import LiftError
from stablelift.ir.mlir import ir

_NAMED = {
    "i1": np.bool_,
    "bf16": jnp.bfloat16,
    "complex<f32>": np.complex64,
    "complex<f64>": np.complex128,
}

_KINDS = {"f": "float", "ui": "uint", "i": "int"}


def struct_of(type: Any, what: str) -> jax.ShapeDtypeStruct:
    """The shape and dtype of an MLIR tensor type.

    Raises:
      LiftError: `what` in the file has a type that no array has: a dynamic shape, a tuple, a token, a
      quantised element.
    """
    if not isinstance(type, ir.RankedTensorType):
        raise LiftError(f"error: {what}: expected a ranked tensor, found {type}")
    if not type.has_static_shape:
        hint = "give the shapes of all arguments: shapes=[(2, 3), ...]"
        raise LiftError(f"error: {what}: expected a static shape, found {type}\n  hint: {hint}")
    dtype = _dtype(str(type.element_type))
    if dtype is None:
        raise LiftError(f"error: {what}: no array has the elements of {type}")
    return jax.ShapeDtypeStruct(tuple(type.shape), dtype)


def _dtype(name: str) -> np.dtype | None:
    """The dtype of an element type: `ui8` is `jnp.uint8`, and `f8E4M3FN` is `jnp.float8_e4m3fn`."""
    if name in _NAMED:
        return np.dtype(_NAMED[name])
    parts = re.fullmatch(r"(f|ui|i)(\d+)(E\w+)?", name)
    if parts is None:
        return None
    kind, width, layout = parts.groups()
    found = getattr(jnp, _KINDS[kind] + width + (f"_{layout.lower()}" if layout else ""), None)
    return None if found is None else np.dtype(found)


def array_of(constant: Any, aval: jax.ShapeDtypeStruct) -> np.ndarray:
    """The elements of a floating-point constant, which is not one number repeated."""
    try:
        return np.array(constant, aval.dtype)
    except (TypeError, ValueError, RuntimeError):  # NumPy has no such number: it is read as it is printed
        text = str(constant)
    bits = np.dtype(f"u{np.dtype(aval.dtype).itemsize}")
    if digits := re.match(r'dense<"0x([0-9A-F]*)">', text):
        return np.frombuffer(bytes.fromhex(digits[1]), aval.dtype).reshape(aval.shape)
    numbers = re.findall(r"0x[0-9A-F]+|[-+.\de]+", text.split("> :")[0].removeprefix("dense<"))
    values = [
        np.array(int(number, 16), bits).view(aval.dtype)
        if number.startswith("0x")
        else np.array(float(number), aval.dtype)
        for number in numbers
    ]
    return np.array(values, aval.dtype).reshape(aval.shape)


def spelled(aval: jax.ShapeDtypeStruct) -> str:
    """A type as users write it: `f32[3,4]`."""
    name = np.dtype(aval.dtype).name if isinstance(aval.dtype, np.dtype) else str(aval.dtype)
    short = name.replace("bfloat", "bf").replace("complex", "c").replace("float", "f").replace("uint", "u")
    return f"{short.replace('int', 'i')}[{','.join(map(str, aval.shape))}]"
