"""Constants whose bytes stand at the end of the file (`dense_resource`), as ordinary ones.

jaxlib's bindings do not read them, but MLIR prints them: for each a name, and in hexadecimal digits an
alignment of four bytes and then the elements, row by row.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from stablelift.ir.location import error_at
from stablelift.ir.mlir import ir

CONSTANTS = ("stablehlo.constant", "arith.constant")
"""The ops whose attribute `value` may be a resource."""

WEIGHT = "stablelift.weight"
"""The note on a constant that was a resource, with the resource's name."""

_NAME = re.compile(r'dense_resource<("(?:[^"\\]|\\.)*"|[^>]*)>')
_ENTRY = re.compile(r'^ *("(?:[^"\\]|\\.)*"|[^\s:]+): "0x([0-9A-Fa-f]*)"', re.MULTILINE)
_ALIGNMENT = 4
_CODES: Mapping[int, Any] = {1: np.uint8, 2: np.uint16, 4: np.uint32, 8: np.uint64, 16: np.complex128}


def inline_resources(ops: Mapping[str, Sequence[Any]]) -> None:
    """Write the bytes of each resource into the constants that name it.

    Args:
      ops: The ops of the module by name.

    Raises:
      LiftError: A constant names a resource that the file does not hold, or whose size is another.
    """
    found = named_resources(ops)
    if not found:
        return
    blobs = read_resources(op.attributes["value"] for op, _ in found)
    for op, name in found:
        op.attributes["value"] = _inlined(op, name, blobs)
        op.attributes[WEIGHT] = ir.StringAttr.get(name)


def forget_names(ops: Mapping[str, Sequence[Any]]) -> None:
    """Remove the notes that `inline_resources` has left."""
    for name in CONSTANTS:
        for op in ops.get(name, ()):
            if WEIGHT in op.attributes:
                del op.attributes[WEIGHT]


def named_resources(ops: Mapping[str, Sequence[Any]]) -> list[tuple[Any, str]]:
    """The constants that are resources, and the name of each."""
    constants = [op for name in CONSTANTS for op in ops.get(name, ())]
    return [(op, name) for op in constants if (name := _resource_name(op.attributes)) is not None]


def _resource_name(attributes: Any) -> str | None:
    try:
        value = attributes["value"]
    except TypeError:  # a complex constant, which the bindings cannot show
        return None
    if isinstance(value, ir.DenseElementsAttr | ir.IntegerAttr | ir.FloatAttr):
        return None
    written = _NAME.match(str(value)[:500])
    return written and written.group(1)


def read_resources(attributes: Iterable[ir.Attribute]) -> dict[str, bytes]:
    """The elements of resources, by name."""
    scratch = ir.Module.create()
    scratch.operation.attributes["resources"] = ir.ArrayAttr.get(list(attributes))
    entries = _ENTRY.finditer(str(scratch))
    return {entry[1]: bytes.fromhex(entry[2])[_ALIGNMENT:] for entry in entries}


def _inlined(op: Any, name: str, blobs: Mapping[str, bytes]) -> ir.DenseElementsAttr:
    """The resource as an attribute: numbers as wide as the elements of the op's result."""
    if name not in blobs:
        raise error_at(op, f"expected the resource `{name}`, which the file does not hold")
    blob, type = blobs[name], op.results[0].type
    count = math.prod(type.shape)
    width = len(blob) // count if count else 1
    try:
        elements: Any = np.frombuffer(blob, _CODES[width]).reshape(type.shape)
        return ir.DenseElementsAttr.get(elements, type=type)
    except (KeyError, ValueError):
        what = f"expected the elements of {type}, found a resource of {len(blob)} bytes"
        raise error_at(op, what) from None
