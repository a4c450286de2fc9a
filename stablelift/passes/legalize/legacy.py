"""Ops of StableHLO that others have replaced: einsum, torch_index_select, elements of a tuple."""

from __future__ import annotations

from typing import Any

from stablelift.ir import hlo
from stablelift.ir.contract import contract
from stablelift.ir.indexing import gather, gather_dimensions
from stablelift.ir.tensor import Tensor
from stablelift.passes.legalize.table import rewrite


@rewrite("stablehlo.einsum")
def einsum(op: Any) -> list[Tensor] | None:
    """A contraction whose labels are letters; a letter twice in one operand, or an ellipsis, stays."""
    operands, _, result = op.einsum_config.value.replace(" ", "").partition("->")
    x_labels, y_labels = operands.split(",")
    if "..." in operands or any(len(set(labels)) < len(labels) for labels in (x_labels, y_labels)):
        return None
    x, y = Tensor(op.lhs), Tensor(op.rhs)
    return [contract(x, x_labels, y, y_labels, to=result, like=op, element=op.result.type.element_type)]


@rewrite("stablehlo.torch_index_select")
def torch_index_select(op: Any) -> list[Tensor]:
    """A gather of whole slices, for each index one; leading axes may be batches of both operands."""
    x, indices = Tensor(op.operand), Tensor(op.index)
    batches, dim = op.batch_dims.value, op.dim.value
    batching = list(range(batches))
    later = indices.rank - batches - 1  # how far the axes behind `dim` move back
    kept = [axis for axis in range(batches, x.rank) if axis != dim]
    numbers = gather_dimensions(
        offset_dims=[axis if axis < dim else axis + later for axis in kept],
        collapsed_slice_dims=[dim],
        operand_batching_dims=batching,
        start_indices_batching_dims=batching,
        start_index_map=[dim],
        index_vector_dim=indices.rank,
    )
    sizes = [1 if axis < batches or axis == dim else size for axis, size in enumerate(x.shape)]
    return [gather(x, indices, numbers, sizes)]


@rewrite("stablehlo.get_tuple_element")
def get_tuple_element(op: Any) -> list[Tensor] | None:
    made_by = hlo.made_by(Tensor(op.operand), "stablehlo.tuple")
    return None if made_by is None else [Tensor(made_by.operands[op.index.value])]
