"""What an integer of a loop's body is in every step, where it depends on counters and constants alone.

Counted loops index arrays by `i`, `n - 1 - i`, `select(i < 0, i + n, i)`, `clamp(0, 2 * i, 8)` and the like.
As the number of steps is known, such a value is not analysed but computed, for all steps at once, by NumPy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from stablelift.ir import hlo
from stablelift.ir.mlir import ir, stablehlo
from stablelift.ir.tensor import Tensor

MOST_ELEMENTS = 1 << 22
"""Sequences of more elements are not computed."""

_COMPARE: dict[str, Callable] = {
    "EQ": np.equal,
    "NE": np.not_equal,
    "LT": np.less,
    "LE": np.less_equal,
    "GT": np.greater,
    "GE": np.greater_equal,
}

_ELEMENTWISE: dict[str, Callable] = {
    "stablehlo.add": np.add,
    "stablehlo.subtract": np.subtract,
    "stablehlo.multiply": np.multiply,
    "stablehlo.negate": np.negative,
    "stablehlo.minimum": np.minimum,
    "stablehlo.maximum": np.maximum,
    "stablehlo.and": np.bitwise_and,
    "stablehlo.or": np.bitwise_or,
    "stablehlo.xor": np.bitwise_xor,
    "stablehlo.not": np.invert,
    "stablehlo.select": np.where,
    "stablehlo.clamp": lambda low, x, high: np.minimum(np.maximum(low, x), high),
}


class Sequences:
    """The values of a block over `length` steps, the first axis, given those of its counters."""

    def __init__(self, length: int, known: Mapping[ir.Value, np.ndarray]):
        self.length = length
        self._known: dict[ir.Value, np.ndarray | None] = dict(known)

    def __getitem__(self, value: ir.Value) -> np.ndarray | None:
        """The value in every step, or None where it depends on something else, or is too large."""
        if value not in self._known:
            self._known[value] = self._computed(value)
        return self._known[value]

    def progression(self, value: ir.Value) -> tuple[int, int] | None:
        """Start and step of a scalar that grows by the same number from step to step; None for any other."""
        found = self[value]
        return None if found is None or found.ndim != 1 else progression(found)

    def _computed(self, value: ir.Value) -> np.ndarray | None:
        dtype = integer_dtype(value.type)
        if dtype is None or isinstance(value.owner, ir.Block):
            return None
        shape = (self.length, *value.type.shape)
        if np.prod(shape) > MOST_ELEMENTS:
            return None
        op: Any = value.owner.opview
        if op.operation.name == "stablehlo.constant":
            found = constant(value)
            return None if found is None else np.broadcast_to(found, shape)
        operands = [self[operand] for operand in op.operation.operands]
        if not operands or any(operand is None for operand in operands):
            return None
        found = _apply(op, operands, shape)
        return None if found is None else found.astype(dtype)


def _apply(op: Any, operands: Sequence[Any], shape: tuple[int, ...]) -> np.ndarray | None:
    name = op.operation.name
    if name in _ELEMENTWISE:
        # Scalars among operands of other shapes, in `select` and `clamp`, stand in front.
        rank = max(operand.ndim for operand in operands)
        aligned = [operand.reshape(operand.shape + (1,) * (rank - operand.ndim)) for operand in operands]
        with np.errstate(over="ignore"):
            return _ELEMENTWISE[name](*aligned)
    if name == "stablehlo.compare":
        direction = stablehlo.ComparisonDirectionAttr(op.operation.attributes["comparison_direction"]).value
        return _COMPARE[direction](*operands)
    if name == "stablehlo.convert":
        return operands[0]
    if name == "stablehlo.reshape":
        return operands[0].reshape(shape)
    if name == "stablehlo.concatenate":
        return np.concatenate(operands, axis=op.dimension.value + 1)
    if name == "stablehlo.broadcast_in_dim":
        expanded = [1] * (len(shape) - 1)
        for axis, size in zip(op.broadcast_dimensions, operands[0].shape[1:], strict=True):
            expanded[axis] = size
        return np.broadcast_to(operands[0].reshape(shape[0], *expanded), shape)
    return None


def progression(values: np.ndarray) -> tuple[int, int] | None:
    """Start and step of an arithmetic progression; None for any other sequence, and an empty one."""
    if not len(values):
        return None
    wide = values.astype(object) if values.dtype == np.uint64 else values.astype(np.int64)
    steps = wide[1:] - wide[:-1]
    if len(steps) and not np.all(steps == steps[0]):
        return None
    return int(wide[0]), int(steps[0]) if len(steps) else 0


def integer_dtype(type: Any) -> np.dtype | None:
    """The NumPy dtype of a tensor of integers or booleans; None for any other type."""
    if not isinstance(type, ir.RankedTensorType) or not isinstance(type.element_type, ir.IntegerType):
        return None
    element = type.element_type
    if element.width == 1:
        return np.dtype(bool)
    if element.width not in (8, 16, 32, 64):
        return None
    return np.dtype(f"{'u' if element.is_unsigned else ''}int{element.width}")


def constant(value: ir.Value) -> np.ndarray | None:
    """The integers that a `stablehlo.constant` holds; None for any other value."""
    made = hlo.made_by(Tensor(value), "stablehlo.constant")
    dtype = integer_dtype(value.type)
    if made is None or dtype is None:
        return None
    attribute: Any = made.attributes["value"]
    if attribute.is_splat:
        return np.full(tuple(value.type.shape), attribute.get_splat_value().value, dtype)
    return np.asarray(attribute).astype(dtype)
