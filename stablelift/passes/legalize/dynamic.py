"""Ops whose shapes are operands, or ask for one, where the types say the shape."""

from __future__ import annotations

from typing import Any

from stablelift.ir import hlo
from stablelift.ir.tensor import Tensor
from stablelift.passes.legalize.table import rewrite


def _is_static(value: Any) -> bool:
    return value.type.has_static_shape


@rewrite("stablehlo.dynamic_reshape")
def dynamic_reshape(op: Any) -> list[Tensor] | None:
    return [hlo.reshape(Tensor(op.operand), op.result.type.shape)] if _is_static(op.result) else None


@rewrite("stablehlo.dynamic_broadcast_in_dim")
def dynamic_broadcast_in_dim(op: Any) -> list[Tensor] | None:
    if not (_is_static(op.result) and _is_static(op.operand)):
        return None
    shape = op.result.type.shape
    return [hlo.broadcast_in_dim(Tensor(op.operand), shape, list(op.broadcast_dimensions))]


@rewrite("stablehlo.dynamic_iota")
def dynamic_iota(op: Any) -> list[Tensor] | None:
    if not _is_static(op.result):
        return None
    type = op.result.type
    return [hlo.iota(type.shape, op.iota_dimension.value, type.element_type)]


@rewrite("stablehlo.get_dimension_size")
def get_dimension_size(op: Any) -> list[Tensor] | None:
    dimension, type = op.dimension.value, op.operand.type
    if type.is_dynamic_dim(dimension):
        return None
    return [hlo.constant(type.shape[dimension], op.result.type)]
