"""Reductions whose initial values differ from example to example, where the op wants one for all.

The elements are reduced from a value that changes nothing, and each example's own is combined with what
comes out. A region that is one op such as `add` has such a value, its identity. For any other, a flag rides
along that says whether there is a value yet: two combine to the region's result, one alone stays itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from stablelift.ir import hlo
from stablelift.ir.reduction import Combine, identity_of, over_axes
from stablelift.ir.region import copy_block, returned
from stablelift.ir.tensor import Number, Tensor, emit
from stablelift.ir.types import i1, tensor_type
from stablelift.ir.window import Slide, reduce_window, slides
from stablelift.passes.batching.table import spread_over

Reduction = Callable[[Sequence[Tensor], Sequence[Tensor], Combine], list[Tensor]]
"""(tensors, scalars to start from, how to combine) -> results, which carry the batch."""


def combine_with(op: Any, xs: Sequence[Tensor], initial: Sequence[Tensor], reduce: Reduction) -> list[Tensor]:
    """What `reduce` makes of `xs` by the region of `op`, combined with the scalar of each example."""
    scalars = [tensor_type([], x.element_type) for x in xs]
    name, start = identity(op, 0)
    if name is not None and start is not None:
        (found,) = reduce(xs, [hlo.constant(start, scalars[0])], lambda old, new: [emit(name, *old, *new)])
        return [emit(name, spread_over(initial[0], found), found)]
    combine = _if_present(op)
    nothing = [*(hlo.constant(0, scalar) for scalar in scalars), _flags(False, [])]
    *found, present = reduce([*xs, _flags(True, xs[0].shape)], nothing, combine)
    both = [
        hlo.concatenate([_with_front(spread_over(own, y)), _with_front(y)], 0)
        for own, y in zip(initial, found, strict=True)
    ]
    flags = hlo.concatenate([_flags(True, (1, *present.shape)), _with_front(present)], 0)
    return over_axes([*both, flags], nothing, combine, [0])[:-1]


def identity(op: Any, region: int) -> tuple[str | None, Number | None]:
    """The one op that a region applies to its two arguments, and what it starts from without a change; None
    where the region does anything else, or the op has no such value.
    """
    block = op.operation.regions[region].blocks[0]
    first, *others = block.operations
    whole = len(others) == 1 and list(others[0].operation.operands) == list(first.operation.results)
    if not whole or set(first.operation.operands) != set(block.arguments):
        return None, None
    name = first.operation.name
    return name, identity_of(name, block.arguments[0].type.element_type)


def _if_present(op: Any) -> Combine:
    """The region of `op` on values that may not be there: the last of the tensors says whether they are."""
    block = op.operation.regions[0].blocks[0]

    def combine(old: list[Tensor], new: list[Tensor]) -> list[Tensor]:
        (*old, has_old), (*new, has_new) = old, new
        combined = copy_block(block, [*old, *new], returned(block))
        both = hlo.logical_and(has_old, has_new)
        kept = [
            hlo.select(both, z, hlo.select(has_old, x, y)) for x, y, z in zip(old, new, combined, strict=True)
        ]
        return [*kept, hlo.logical_or(has_old, has_new)]

    return combine


def _flags(value: bool, shape: Sequence[int]) -> Tensor:
    return hlo.constant(value, tensor_type(shape, i1()))


def _with_front(x: Tensor) -> Tensor:
    return hlo.reshape(x, (1, *x.shape))


# Reductions ---------------------------------------------------------------------------------------


def over_windows(op: Any, xs: Sequence[Tensor], start: Sequence[Tensor], combine: Combine) -> list[Tensor]:
    """The windows of `op` over batched tensors. As XLA runs it, padding adds nothing to a window."""
    window, shape = [1, *op.window_dimensions], [xs[0].shape[0], *op.operation.results[0].type.shape]
    moves = [Slide(1, 1, 1, 0), *slides(op, len(window) - 1)]
    return reduce_window(xs, start, combine, window=window, slides=moves, shape=shape)


def pad_with(
    x: Tensor, values: Tensor, low: Sequence[int], high: Sequence[int], interior: Sequence[int]
) -> Tensor:
    """`x` padded along the axes behind the batch, for each example with its own of `values`.

    `pad` wants one scalar: pad with zero, and put the values in after.
    """
    padded = hlo.pad(x, [0, *low], [0, *high], [0, *interior])
    if padded is x:
        return x
    inside = hlo.pad(_flags(True, x.shape[1:]), low, high, interior)
    inside = hlo.broadcast_in_dim(inside, padded.shape, range(1, padded.rank))
    return hlo.select(inside, padded, spread_over(values, padded))
