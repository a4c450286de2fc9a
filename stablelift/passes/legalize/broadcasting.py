"""CHLO's ops that broadcast their operands: the broadcasts written out, then the op itself."""

from __future__ import annotations

from typing import Any

from stablelift.ir import hlo
from stablelift.ir.mlir import chlo, stablehlo
from stablelift.ir.tensor import Tensor, emit
from stablelift.passes.legalize.table import rewrite

_IN_STABLEHLO = (
    "add and atan2 complex divide maximum minimum multiply or power remainder select shift_left "
    "shift_right_arithmetic shift_right_logical subtract xor"
)
_IN_CHLO = "next_after polygamma zeta"


def _enter(op_name: str, dialect: str) -> None:
    @rewrite(f"chlo.broadcast_{op_name}")
    def broadcasting(op: Any) -> list[Tensor] | None:
        operands = _broadcast(op)
        type = op.operation.results[0].type
        return None if operands is None else [emit(f"{dialect}.{op_name}", *operands, type=type)]


for _name in _IN_STABLEHLO.split():
    _enter(_name, "stablehlo")
for _name in _IN_CHLO.split():
    _enter(_name, "chlo")


@rewrite("chlo.broadcast_compare")
def broadcast_compare(op: Any) -> list[Tensor] | None:
    operands = _broadcast(op)
    if operands is None:
        return None
    direction = chlo.ComparisonDirectionAttr(op.comparison_direction).value
    attributes: dict[str, Any] = {"comparison_direction": stablehlo.ComparisonDirectionAttr.get(direction)}
    if "compare_type" in op.attributes:
        kind = chlo.ComparisonTypeAttr(op.attributes["compare_type"]).value
        attributes["compare_type"] = stablehlo.ComparisonTypeAttr.get(kind)
    return [emit("stablehlo.compare", *operands, attributes=attributes)]


def _broadcast(op: Any) -> list[Tensor] | None:
    """The operands in the result's shape; None where a shape is not known."""
    values, result = list(op.operation.operands), op.operation.results[0].type
    if not all(type.has_static_shape for type in (result, *(value.type for value in values))):
        return None
    return [_to_shape(Tensor(value), result.shape, op) for value in values]


def _to_shape(x: Tensor, shape: Any, op: Any) -> Tensor:
    """The last axes of `x` are the last of `shape`, unless the op says otherwise of its smaller operand."""
    dimensions = list(range(len(shape) - x.rank, len(shape)))
    if "broadcast_dimensions" in op.attributes and x.rank < len(shape):
        dimensions = [int(axis) for axis in op.attributes["broadcast_dimensions"]]
    return hlo.broadcast_in_dim(x, shape, dimensions)
