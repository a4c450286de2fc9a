"""The windows of a gather or scatter: reading them from a tensor, adding to them, knowing which lie inside.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from stablelift.ir import hlo, indexing
from stablelift.ir.mlir import ir, stablehlo
from stablelift.ir.reduction import reduce
from stablelift.ir.tensor import Tensor, emit
from stablelift.ir.types import i32


@dataclass(frozen=True)
class Windows:
    """Windows of `sizes` in a tensor of `shape`, at `indices`; what is read of them has `rank` axes.

    The dimension numbers bear the names of a scatter's; `inside` says that all windows are known to lie
    inside.
    """

    shape: tuple[int, ...]
    sizes: tuple[int, ...]
    indices: Tensor
    rank: int
    window_axes: list[int]
    inserted_axes: list[int]
    batch_axes: list[int]
    index_batch_axes: list[int]
    indexed_axes: list[int]
    index_vector_axis: int
    inside: bool = False

    @staticmethod
    def of_gather(op: Any, x: Tensor, indices: Tensor) -> Windows:
        numbers = stablehlo.GatherDimensionNumbers(op.dimension_numbers)
        return Windows(
            shape=x.shape,
            sizes=tuple(op.slice_sizes),
            indices=_counting(indices),
            rank=op.result.type.rank,
            window_axes=list(numbers.offset_dims),
            inserted_axes=list(numbers.collapsed_slice_dims),
            batch_axes=list(numbers.operand_batching_dims),
            index_batch_axes=list(numbers.start_indices_batching_dims),
            indexed_axes=list(numbers.start_index_map),
            index_vector_axis=numbers.index_vector_dim,
        )

    @staticmethod
    def of_scatter(op: Any, x: Tensor, indices: Tensor, updates: Tensor) -> Windows:
        numbers = stablehlo.ScatterDimensionNumbers(op.scatter_dimension_numbers)
        window_axes = list(numbers.update_window_dims)
        single = [*numbers.inserted_window_dims, *numbers.input_batching_dims]
        sizes = iter([updates.shape[axis] for axis in window_axes])
        return Windows(
            shape=x.shape,
            sizes=tuple(min(1, x.shape[axis]) if axis in single else next(sizes) for axis in range(x.rank)),
            indices=_counting(indices),
            rank=updates.rank,
            window_axes=window_axes,
            inserted_axes=list(numbers.inserted_window_dims),
            batch_axes=list(numbers.input_batching_dims),
            index_batch_axes=list(numbers.scatter_indices_batching_dims),
            indexed_axes=list(numbers.scattered_dims_to_operand_dims),
            index_vector_axis=numbers.index_vector_dim,
        )

    @staticmethod
    def along(x: Tensor, axis: int, positions: Tensor) -> Windows:
        """Single elements of `x`, at `positions` along `axis` and at their own place along the others."""
        others = [other for other in range(x.rank) if other != axis]
        return Windows(
            shape=x.shape,
            sizes=tuple(min(1, size) for size in x.shape),
            indices=hlo.reshape(positions, [*positions.shape, 1]),
            rank=x.rank,
            window_axes=[],
            inserted_axes=[axis],
            batch_axes=others,
            index_batch_axes=others,
            indexed_axes=[axis],
            index_vector_axis=x.rank,
            inside=True,
        )

    def read(self, x: Tensor) -> Tensor:
        """The windows' elements in `x`; zeros for windows that do not lie inside."""
        numbers = indexing.gather_dimensions(
            offset_dims=self.window_axes,
            collapsed_slice_dims=self.inserted_axes,
            operand_batching_dims=self.batch_axes,
            start_indices_batching_dims=self.index_batch_axes,
            start_index_map=self.indexed_axes,
            index_vector_dim=self.index_vector_axis,
        )
        found = indexing.gather(x, self.indices, numbers, self.sizes)
        return found if self.inside else hlo.select(self._mask(found.shape), found, hlo.zeros_like(found))

    def add_to(self, x: Tensor, updates: Tensor) -> Tensor:
        """`x` with `updates` added in the windows that lie inside, which may overlap."""
        return indexing.scatter(
            x, self.indices, updates, self._scatter_numbers(), "stablehlo.add", unique=False
        )

    def put_in(self, x: Tensor, updates: Tensor) -> Tensor:
        """`x` with `updates` in the place of the windows that lie inside; where they overlap, one of them."""
        return indexing.scatter(x, self.indices, updates, self._scatter_numbers(), unique=False)

    def clamped(self) -> Windows:
        """The windows that a gather reads: moved inside where they are not."""
        low = hlo.zeros_like(self.indices)
        clamped = emit("stablehlo.clamp", low, self.indices, self._last_starts())
        return replace(self, indices=clamped, inside=True)

    def numbered(self, shape: Sequence[int]) -> Tensor:
        """1, 2, 3, ... as elements of `shape`, of an unsigned type that can count them."""
        count = math.prod(shape)
        element = ir.IntegerType.get_unsigned(32 if count < 2**32 - 1 else 64)
        return hlo.reshape(hlo.iota([count], 0, element) + 1, shape)

    def _scatter_numbers(self) -> Any:
        return indexing.scatter_dimensions(
            update_window_dims=self.window_axes,
            inserted_window_dims=self.inserted_axes,
            input_batching_dims=self.batch_axes,
            scatter_indices_batching_dims=self.index_batch_axes,
            scattered_dims_to_operand_dims=self.indexed_axes,
            index_vector_dim=self.index_vector_axis,
        )

    def _last_starts(self) -> Tensor:
        """The greatest index of a window that lies inside, for every element of `indices`."""
        element: Any = self.indices.element_type
        greatest = 2 ** (element.width - (not element.is_unsigned)) - 1
        starts = [min(self.shape[axis] - self.sizes[axis], greatest) for axis in self.indexed_axes]
        if self.index_vector_axis == self.indices.rank:
            return hlo.constant(starts[0], self.indices.type)
        return hlo.broadcast_in_dim(hlo.vector(starts, element), self.indices.shape, [self.index_vector_axis])

    def _mask(self, shape: Sequence[int]) -> Tensor:
        """Which elements of what is read, of `shape`, belong to a window that lies inside."""
        above = hlo.compare(self.indices, "GE", 0)
        inside = hlo.logical_and(above, hlo.compare(self.indices, "LE", self._last_starts()))
        if self.index_vector_axis < self.indices.rank:
            inside = reduce(inside, [self.index_vector_axis], "stablehlo.and", True)
        return hlo.broadcast_in_dim(
            inside, shape, [axis for axis in range(self.rank) if axis not in self.window_axes]
        )


def _counting(indices: Tensor) -> Tensor:
    """Indices of a type that can number the batch of a scatter: those of 8 and 16 bits as ones of 32."""
    element: Any = indices.element_type
    return hlo.convert(indices, i32()) if element.width < 32 else indices
