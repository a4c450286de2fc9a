"""Legacy contractions and indexing: `einsum` as a `dot_general`, `torch_index_select` as a gather."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from stablelift.ir import hlo
from stablelift.ir.contract import contract
from stablelift.ir.indexing import gather, gather_dimensions
from stablelift.ir.tensor import Tensor
from stablelift.passes.modernize.table import modernizes


@modernizes("stablehlo.einsum")
def einsum(op: Any) -> Tensor:
    """The labels of the equation are those of a contraction, once no operand has a label twice."""
    config = op.einsum_config.value.replace(" ", "")
    left, right, out = (part for side in config.split("->") for part in side.split(","))
    x, y = Tensor(op.lhs), Tensor(op.rhs)
    x, x_labels = _diagonal(x, _labels(left, x.rank))
    y, y_labels = _diagonal(y, _labels(right, y.rank))
    to = _labels(out, op.result.type.rank)
    return contract(x, x_labels, y, y_labels, to=to, like=op, element=op.result.type.element_type)


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
        line = hlo.reduce_sum(hlo.select(same, x, hlo.zeros_like(x)), [axis])
        return _diagonal(line, labels[:axis] + labels[axis + 1 :])
    return x, labels


@modernizes("stablehlo.torch_index_select")
def torch_index_select(op: Any) -> Tensor:
    """The slices of `x` across one axis that `index` lists, in the place of that axis."""
    x, index, axis, batch = Tensor(op.operand), Tensor(op.index), op.dim.value, op.batch_dims.value
    listed = index.rank - batch
    numbers = gather_dimensions(
        offset_dims=[*range(batch, axis), *range(axis + listed, x.rank - 1 + listed)],
        collapsed_slice_dims=[axis],
        operand_batching_dims=list(range(batch)),
        start_indices_batching_dims=list(range(batch)),
        start_index_map=[axis],
        index_vector_dim=index.rank,
    )
    single = [*range(batch), axis]
    return gather(x, index, numbers, [1 if each in single else size for each, size in enumerate(x.shape)])
