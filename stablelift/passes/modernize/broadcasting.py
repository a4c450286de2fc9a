"""CHLO's ops that broadcast their operands: the broadcasts written out, then the op on equal shapes."""

from __future__ import annotations

from typing import Any

from stablelift.ir import hlo
from stablelift.ir.tensor import Tensor, emit
from stablelift.passes.modernize.table import modernizes

_OF_STABLEHLO = (
    "add",
    "and",
    "atan2",
    "compare",
    "complex",
    "divide",
    "maximum",
    "minimum",
    "multiply",
    "or",
    "power",
    "remainder",
    "select",
    "shift_left",
    "shift_right_arithmetic",
    "shift_right_logical",
    "subtract",
    "xor",
)
_OF_CHLO = ("next_after", "polygamma", "zeta")

_MODERN = {f"chlo.broadcast_{name}": f"stablehlo.{name}" for name in _OF_STABLEHLO} | {
    f"chlo.broadcast_{name}": f"chlo.{name}" for name in _OF_CHLO
}


@modernizes(*_MODERN)
def broadcasting(op: Any) -> Tensor | None:
    """`broadcast_dimensions` says where the axes of the operand of lower rank go: by default to the end."""
    type = op.result.type
    operands = [Tensor(operand) for operand in op.operation.operands]
    if not all(each.has_static_shape for each in [type, *(x.type for x in operands)]):
        return None
    attributes = {name: op.operation.attributes[name] for name in op.operation.attributes}
    dimensions = attributes.pop("broadcast_dimensions", None)

    def spread(x: Tensor) -> Tensor:
        places: Any = range(type.rank - x.rank, type.rank)
        if dimensions is not None and len(dimensions) == x.rank < type.rank:
            places = dimensions
        return hlo.broadcast_in_dim(x, type.shape, list(places))

    return emit(_MODERN[op.operation.name], *[spread(x) for x in operands], attributes=attributes, type=type)
