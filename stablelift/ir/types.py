"""Tensor types: made, and what one takes, its elements and its bytes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from stablelift.ir.mlir import ir


def tensor_type(shape: Sequence[int], element: ir.Type) -> Any:
    """The type `tensor<shape x element>`."""
    return ir.RankedTensorType.get(shape, element)


def i1() -> ir.IntegerType:
    """The element type of truth values."""
    return ir.IntegerType.get_signless(1)


def i32() -> ir.IntegerType:
    """The element type of sizes and positions."""
    return ir.IntegerType.get_signless(32)


def i64() -> ir.IntegerType:
    """The element type of shapes."""
    return ir.IntegerType.get_signless(64)


def element_count(type: Any) -> int:
    """The number of elements of a ranked tensor type."""
    return math.prod(type.shape)


def has_known_sizes(value: Any) -> bool:
    """Whether the sizes of a value, if it is a tensor, are numbers; `jax.export` may leave them open."""
    return not isinstance(value.type, ir.RankedTensorType) or value.type.has_static_shape


def byte_size(type: Any) -> int:
    """The bytes of a value of ranked tensor type; less than a byte an element counts as one. Others: 0."""
    if not isinstance(type, ir.RankedTensorType):
        return 0
    element: Any = type.element_type
    parts = 1
    if isinstance(element, ir.ComplexType):
        element, parts = element.element_type, 2
    return element_count(type) * parts * max(1, element.width // 8)
