"""Ops of StableHLO that others have replaced: einsum, torch_index_select, elements of a tuple."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from stablelift.ir import hlo
from stablelift.ir.contract import contract
from stablelift.ir.indexing import gather, gather_dimensions
from stablelift.ir.reduction import reduce_sum
from stablelift.ir.tensor import Tensor
from stablelift.passes.legalize.table import rewrite


@rewrite("stablehlo.einsum")
def einsum(op: Any) -> list[Tensor]:
    """The labels of the equation are those of a contraction, once no operand has a label twice."""
    config = op.einsum_config.value.replace(" ", "")
    left, right, out = (part for side in config.split("->") for part in side.split(","))
    x, y = Tensor(op.lhs), Tensor(op.rhs)
    x, x_labels = _diagonal(x, _labels(left, x.rank))
    y, y_labels = _diagonal(y, _labels(right, y.rank))
    to = _labels(out, op.result.type.rank)
    return [contract(x, x_labels, y, y_labels, to=to, like=op, element=op.result.type.element_type)]


def _labels(subscripts: str, rank: int) -> list[Hashable]:
    """A label for each axis; those under an ellipsis are counted from the last one."""
    if "..." not in subscripts:
        return list(subscripts)
    before, after = subscripts.split("...")
    return [*before, *reversed(range(rank - len(before) - len(after))), *after]


def _diagonal(x: Tensor, labels: list[Hashable]) -> tuple[Tensor, list[Hashable]]:
    """`x` with each label on one axis only: of axes of one label the diagonal."""
    for axis, label in enumerate(labels):
        if (first := labels.index(label)) == axis:
            continue
        counting = hlo.index(0).element_type
        same = hlo.compare(hlo.iota(x.shape, first, counting), "EQ", hlo.iota(x.shape, axis, counting))
        line = reduce_sum(hlo.select(same, x, hlo.zeros_like(x)), [axis])
        return _diagonal(line, labels[:axis] + labels[axis + 1 :])
    return x, labels


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
