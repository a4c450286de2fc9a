"""Values at computed places of buffers that loops carry."""

from __future__ import annotations

from stablelift.ir import hlo
from stablelift.ir.tensor import Tensor


def read(buffer: Tensor, position: Tensor, axis: int = 0) -> Tensor:
    """The slice of `buffer` at `position` along `axis`, without the axis."""
    shape = list(buffer.shape)
    shape[axis] = 1
    found = hlo.dynamic_slice(buffer, _start(buffer.rank, position, axis), shape)
    return hlo.reshape(found, [*shape[:axis], *shape[axis + 1 :]])


def write(buffer: Tensor, x: Tensor, position: Tensor, axis: int = 0) -> Tensor:
    """`buffer` with `x` at `position` along `axis`."""
    part = hlo.reshape(x, [*x.shape[:axis], 1, *x.shape[axis:]])
    return hlo.dynamic_update_slice(buffer, part, _start(buffer.rank, position, axis))


def _start(rank: int, position: Tensor, axis: int) -> list[Tensor]:
    zero = hlo.zeros_like(position)
    return [position if number == axis else zero for number in range(rank)]
