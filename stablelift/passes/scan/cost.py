"""What it saves to do work once for all steps of a loop, and what it costs, in seconds: `lift-hoist`'s model.

Fitted to two cores of a CPU by `benchmarks/rnn.py` and by the loops that its cells are made of. Where a loop's
work is small the traffic decides: a product that is added to a carried sum reads and writes the whole sum in
every step, however few rows are contracted; what is stacked is written once and read once.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from stablelift.ir.contract import labels
from stablelift.ir.mlir import ir

SECONDS_FOR_AN_ELEMENT_OF_A_SUM = 0.28e-9
"""Adding a product of few rows to one element of a carried sum, over what one contraction for all steps takes."""

ROWS_THAT_HIDE_IT = 16
"""From this number of contracted rows on, the multiplications begin to hide the sum's traffic."""

SECONDS_FOR_A_STACKED_BYTE = 1 / 3e9
"""Writing a byte of a stacked result in the loop and reading it behind it."""

SECONDS_FOR_A_MULTIPLICATION = 3.2e-12
"""What a multiplication in a product of few rows takes more than in one of all steps' rows."""


def bytes_of(type: Any) -> int:
    element = type.element_type
    width = 2 * element.element_type.width if isinstance(element, ir.ComplexType) else element.width
    return math.prod(type.shape) * max(1, width // 8)


def stacking(types: Iterable[Any]) -> float:
    """What it costs a step to stack values of these types."""
    return SECONDS_FOR_A_STACKED_BYTE * sum(map(bytes_of, types))


def summing(op: Any) -> float:
    """What a step saves when the product `op` is not added to a carried sum."""
    elements, contracted = math.prod(op.result.type.shape), contracted_size(op)
    return SECONDS_FOR_AN_ELEMENT_OF_A_SUM * elements * min(1.0, ROWS_THAT_HIDE_IT / max(contracted, 1))


def multiplying(op: Any) -> float:
    """What a step saves when the product `op` is taken for all steps at once."""
    return SECONDS_FOR_A_MULTIPLICATION * multiplications(op)


def contracted_size(op: Any) -> int:
    """How many products are summed in each element of a contraction's result."""
    left, _, out = labels(op)
    return math.prod(
        size for label, size in zip(left, op.lhs.type.shape, strict=True) if label not in out
    )


def multiplications(op: Any) -> int:
    """The number of multiplications of a contraction or a convolution."""
    if op.operation.name == "stablehlo.dot_general":
        return math.prod(op.result.type.shape) * contracted_size(op)
    return math.prod(op.result.type.shape) * math.prod(op.rhs.type.shape) // max(1, max(op.rhs.type.shape))
