"""Batching of collectives between devices: the batch is one more axis, in front, of what they exchange."""

from __future__ import annotations

from typing import Any

from stablelift.ir import attr, hlo
from stablelift.ir.tensor import Tensor
from stablelift.ir.types import tensor_type
from stablelift.passes.batching.table import batch
from stablelift.passes.manual import EXCHANGES

_DIMENSIONS = ("all_gather_dim", "scatter_dimension", "split_dimension", "concat_dimension")


@batch(*EXCHANGES)
def exchange(op: Any, *operands: Tensor) -> list[Tensor]:
    """The same exchange; the dimensions that it divides or joins lie one further back."""
    size = operands[0].shape[0]
    types = [
        tensor_type((size, *result.type.shape), result.type.element_type)
        for result in op.operation.results
    ]
    found = op.operation.attributes
    moved = {name: attr.i64(found[name].value + 1) for name in _DIMENSIONS if name in found}
    return hlo.remake(op, operands, types=types, **moved)
