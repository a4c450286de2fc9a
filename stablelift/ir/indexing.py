"""Gathers and scatters by their dimension numbers: what `dot_general` has in `contract`, indexing has here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stablelift.ir import attr
from stablelift.ir.mlir import ir, stablehlo
from stablelift.ir.region import fill
from stablelift.ir.tensor import Tensor, emit
from stablelift.ir.types import tensor_type


def gather_dimensions(**numbers: Any) -> stablehlo.GatherDimensionNumbers:
    """The dimension numbers of a gather, under their names in the specification; lists left out are empty."""
    lists = ("offset_dims", "collapsed_slice_dims", "operand_batching_dims", "start_indices_batching_dims")
    given: dict[str, Any] = dict.fromkeys(lists, []) | numbers
    return stablehlo.GatherDimensionNumbers.get(**given)


def scatter_dimensions(**numbers: Any) -> stablehlo.ScatterDimensionNumbers:
    """The dimension numbers of a scatter; lists left out are empty."""
    lists = ("inserted_window_dims", "input_batching_dims", "scatter_indices_batching_dims")
    given: dict[str, Any] = dict.fromkeys(lists, []) | numbers
    return stablehlo.ScatterDimensionNumbers.get(**given)


def gather(x: Tensor, indices: Tensor, numbers: Any, sizes: Sequence[int]) -> Tensor:
    """The slices of `x` of `sizes` that start at `indices`, which are clamped so that each lies inside."""
    attributes = {"dimension_numbers": numbers, "slice_sizes": attr.i64s(sizes)}
    return emit("stablehlo.gather", x, indices, attributes=attributes)


def scatter(
    x: Tensor,
    indices: Tensor,
    updates: Tensor,
    numbers: Any,
    combine: str | None = None,
    *,
    unique: bool = True,
) -> Tensor:
    """`x` with slices `updates` at `indices` put in its place, or combined with it by the binary op
    `combine`.

    A slice that does not lie inside is dropped. `unique`: no two slices overlap.
    """
    op = ir.Operation.create(
        "stablehlo.scatter",
        results=[x.type],
        operands=[x.value, indices.value, updates.value],
        attributes={
            "scatter_dimension_numbers": numbers,
            "indices_are_sorted": attr.boolean(False),
            "unique_indices": attr.boolean(unique),
        },
        regions=1,
    )
    scalar = tensor_type([], x.element_type)
    fill(op.regions[0], [scalar] * 2, lambda both: both[1:] if combine is None else [emit(combine, *both)])
    return Tensor(op.result)
