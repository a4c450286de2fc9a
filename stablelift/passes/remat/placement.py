"""Where values wait for the reverse, and barriers before what is computed again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stablelift.ir.mlir import func, ir
from stablelift.ir.policy import PLACEMENT
from stablelift.passes.module import body_of
from stablelift.passes.remat.saveable import Offload


def put_away(value: ir.Value, offload: Offload | None) -> ir.Value:
    """The value, moved to where it waits for the reverse."""
    return value if offload is None else _placed(value, offload.target)


def fetch(value: ir.Value, offload: Offload | None) -> ir.Value:
    """The value, moved back for the reverse."""
    return value if offload is None else _placed(value, offload.source)


def _placed(value: ir.Value, memory: str) -> ir.Value:
    placement: Any = {"_xla_buffer_placement": ir.StringAttr.get(memory)}
    attributes: dict[str, ir.Attribute] = {
        "backend_config": ir.StringAttr.get(""),
        "call_target_name": ir.StringAttr.get(PLACEMENT),
        "has_side_effect": ir.BoolAttr.get(True),
        "mhlo.frontend_attributes": ir.DictAttr.get(placement),
    }
    return ir.Operation.create(
        "stablehlo.custom_call", results=[value.type], operands=[value], attributes=attributes
    ).results[0]


def behind_barrier(values: Sequence[ir.Value]) -> list[ir.Value]:
    """The values behind one barrier: none of them is there for the compiler before all of them are."""
    if not values:
        return []
    op = ir.Operation.create(
        "stablehlo.optimization_barrier", results=[value.type for value in values], operands=list(values)
    )
    return list(op.results)


def has_barrier(function: func.FuncOp) -> bool:
    """Whether what a function computes is behind a barrier."""
    return any(op.operation.name == "stablehlo.optimization_barrier" for op in body_of(function).operations)
