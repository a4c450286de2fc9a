"""What work in a loop costs, and what it costs to do it once for all steps, in seconds: `lift-hoist`'s model.

Fitted to two cores of a CPU with `benchmarks/rnn.py` and the loops that its cells are made of. Traffic
decides: a product that is added to a carried sum reads and writes all of the sum in every step, and a product
with weights reads all of the weights, however few rows it has; what is stacked is written and read once.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from stablelift.ir.contract import labels
from stablelift.ir.types import byte_size

SECONDS_FOR_AN_ELEMENT_OF_A_SUM = 0.28e-9
"""Adding a product of few rows to an element of a carried sum, beyond what one contraction takes."""

ROWS_THAT_HIDE_IT = 16
"""From this number of contracted rows on, the multiplications begin to hide the sum's traffic."""

SECONDS_FOR_A_WEIGHT = 0.11e-9
"""Reading an element of a constant factor in every step, beyond what one product takes."""

SECONDS_FOR_A_STACKED_BYTE = 1 / 3e9
"""Writing a byte of a large stacked array and reading it again: mostly for memory that is fresh."""

SECONDS_FOR_A_CACHED_BYTE = 1 / 20e9
"""The same where the array is small."""

LARGE_BYTES = 8 << 20
"""What is stacked over all steps is large from this size on."""


def stacking(types: Iterable[Any], length: int | None = None) -> float:
    """What it costs a step to stack values of these types; a large array costs more, if `length` is given."""
    size = sum(map(byte_size, types))
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
