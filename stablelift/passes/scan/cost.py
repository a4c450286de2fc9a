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

SECONDS_FOR_A_WEIGHT = 0.11e-9
"""Reading one element of a constant factor in every step, over what one product for all steps takes."""

SECONDS_FOR_A_STACKED_BYTE = 1 / 3e9
"""Writing a byte of a large stacked array and reading it again: mostly for memory that is fresh."""

SECONDS_FOR_A_CACHED_BYTE = 1 / 20e9
"""The same where the array is small."""

LARGE_BYTES = 8 << 20
"""What is stacked over all steps is large from this size on."""


def bytes_of(type: Any) -> int:
    element = type.element_type
    width = 2 * element.element_type.width if isinstance(element, ir.ComplexType) else element.width
    return math.prod(type.shape) * max(1, width // 8)


def stacking(types: Iterable[Any], length: int | None = None) -> float:
    """What it costs a step to stack values of these types; a large array costs more, if `length` is given."""
    size = sum(map(bytes_of, types))
    large = length is None or size * length > LARGE_BYTES
    return size * (SECONDS_FOR_A_STACKED_BYTE if large else SECONDS_FOR_A_CACHED_BYTE)


def summing(op: Any) -> float:
    """What a step saves when the product `op` is not added to a carried sum."""
    elements, contracted = math.prod(op.result.type.shape), contracted_size(op)
    return SECONDS_FOR_AN_ELEMENT_OF_A_SUM * elements * min(1.0, ROWS_THAT_HIDE_IT / max(contracted, 1))


def multiplying(op: Any) -> float:
    """What a step saves when the product `op` is taken for all steps at once: it reads its weights once."""
    return SECONDS_FOR_A_WEIGHT * max(math.prod(operand.type.shape) for operand in op.operation.operands)


def contracted_size(op: Any) -> int:
    """How many products are summed in each element of a contraction's result."""
    left, _, out = labels(op)
    return math.prod(
        size for label, size in zip(left, op.lhs.type.shape, strict=True) if label not in out
    )
