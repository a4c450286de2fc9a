"""`chlo.ragged_dot`: each group of rows has a matrix of its own, as one contraction of masked copies.

A copy of the left operand for each group holds that group's part of the ragged axis, and zeros elsewhere.
The axis of the copies is summed with the groups of the right operand; where the ragged axis is contracted,
each group has a result of its own instead, in front. Where it is a batch axis, groups make no difference.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from stablelift.ir import hlo
from stablelift.ir.contract import contract
from stablelift.ir.mlir import chlo, ir, stablehlo
from stablelift.ir.tensor import Tensor
from stablelift.passes.legalize.table import rewrite

GROUP = "group"
"""The label of the axis of groups."""


@rewrite("chlo.ragged_dot")
def ragged_dot(op: Any) -> list[Tensor]:
    dims = chlo.RaggedDotDimensionNumbers(op.ragged_dot_dimension_numbers)
    lhs, rhs, sizes = Tensor(op.lhs), Tensor(op.rhs), Tensor(op.group_sizes)
    batch, contracted = list(dims.lhs_batching_dimensions), list(dims.lhs_contracting_dimensions)
    (ragged,) = dims.lhs_ragged_dimensions
    left: list[Any] = list(range(lhs.rank))
    right: list[Any] = [lhs.rank + axis for axis in range(rhs.rank)]
    of_rhs = [*dims.rhs_batching_dimensions, *dims.rhs_contracting_dimensions]
    for mine, theirs in zip([*batch, *contracted], of_rhs, strict=True):
        right[theirs] = mine
    for axis in dims.rhs_group_dimensions:
        right[axis] = GROUP
    free = [label for label in left if label not in batch + contracted]
    out = [*batch, *free, *(label for label in right if label not in left and label != GROUP)]
    options = {"like": _precision(op), "element": op.result.type.element_type}
    if ragged in batch:
        return [contract(lhs, left, rhs, right, to=out, **options)]
    kind = contracted if ragged in contracted else free
    axes = [] if sizes.rank == 1 else batch + kind[: kind.index(ragged)]
    copies = _masked_copies(lhs, sizes, axes, ragged)
    out = [GROUP, *out] if ragged in contracted else out
    return [contract(copies, [GROUP, *left], rhs, right, to=out, **options)]


def _masked_copies(x: Tensor, sizes: Tensor, axes: list[int], ragged: int) -> Tensor:
    """`x` once for each group, in front. `sizes` has the axes `axes` of `x`, then that of the groups."""
    shape = (sizes.shape[-1], *x.shape)
    last = _running_sum(sizes)
    where = [*(axis + 1 for axis in axes), 0]
    stop = _spread(last, shape, where)
    start = _spread(last - sizes, shape, where)
    position = hlo.iota(shape, ragged + 1, sizes.element_type)
    inside = hlo.logical_and(hlo.compare(position, "GE", start), hlo.compare(position, "LT", stop))
    copies = hlo.broadcast_in_dim(x, shape, range(1, len(shape)))
    return hlo.select(inside, copies, hlo.zeros_like(copies))


def _spread(x: Tensor, shape: tuple[int, ...], dimensions: list[int]) -> Tensor:
    """`broadcast_in_dim` for dimensions in any order."""
    order = sorted(range(x.rank), key=dimensions.__getitem__)
    return hlo.broadcast_in_dim(hlo.transpose(x, order), shape, sorted(dimensions))


def _running_sum(sizes: Tensor) -> Tensor:
    """The sum of the last axis up to each of its elements."""
    count, element = sizes.shape[-1], sizes.element_type
    row, column = hlo.iota((count, count), 0, element), hlo.iota((count, count), 1, element)
    upper = hlo.convert(hlo.compare(row, "LE", column), element)
    labels = list(range(sizes.rank))
    plain = SimpleNamespace(attributes={})
    return contract(sizes, labels, upper, [labels[-1], GROUP], to=[*labels[:-1], GROUP], like=plain)


def _precision(op: Any) -> Any:
    """The op's precision, in StableHLO's words."""
    if "precision_config" not in op.attributes:
        return SimpleNamespace(attributes={})
    values = [chlo.PrecisionAttr(one).value for one in op.attributes["precision_config"]]
    config = ir.ArrayAttr.get([stablehlo.PrecisionAttr.get(value) for value in values])
    return SimpleNamespace(attributes={"precision_config": config})
