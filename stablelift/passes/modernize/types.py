"""Tuples, sizes and shapes of imported programs: what a tuple was made of, and what a static type states."""

from __future__ import annotations

from typing import Any

from stablelift.ir import hlo
from stablelift.ir.tensor import Tensor
from stablelift.passes.modernize.table import modernizes


@modernizes("stablehlo.get_tuple_element")
def get_tuple_element(op: Any) -> Tensor | None:
    made_by = hlo.made_by(Tensor(op.operand), "stablehlo.tuple")
    return None if made_by is None else Tensor(made_by.operands[op.index.value])


@modernizes("stablehlo.get_dimension_size")
def get_dimension_size(op: Any) -> Tensor | None:
    type, axis = op.operand.type, op.dimension.value
    return None if type.is_dynamic_dim(axis) else hlo.constant(type.shape[axis], op.result.type)


@modernizes("stablehlo.dynamic_reshape")
def dynamic_reshape(op: Any) -> Tensor | None:
    return hlo.reshape(Tensor(op.operand), op.result.type.shape) if _is_static(op) else None


@modernizes("stablehlo.dynamic_broadcast_in_dim")
def dynamic_broadcast_in_dim(op: Any) -> Tensor | None:
    if not _is_static(op):
        return None
    return hlo.broadcast_in_dim(Tensor(op.operand), op.result.type.shape, list(op.broadcast_dimensions))


@modernizes("stablehlo.dynamic_iota")
def dynamic_iota(op: Any) -> Tensor | None:
    type = op.result.type
    return hlo.iota(type.shape, op.iota_dimension.value, type.element_type) if _is_static(op) else None


def _is_static(op: Any) -> bool:
    """Whether the types of the op's first operand and of its result state every size."""
    return op.operation.operands[0].type.has_static_shape and op.result.type.has_static_shape
