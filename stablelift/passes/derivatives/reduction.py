"""Derivatives of reductions: `reduce` by what its region computes, one binary op, a choice, or anything."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from stablelift.ir import attr, hlo, reduction
from stablelift.ir.mlir import ir
from stablelift.ir.region import chooses, commuting, returned, selects
from stablelift.ir.tensor import Tensor
from stablelift.passes.derivatives.decomposition import by_decomposition
from stablelift.passes.derivatives.regions import reduced
from stablelift.passes.derivatives.table import LinearMap, by_linear_maps, by_region


@by_region("stablehlo.reduce")
def reduce(op):
    """By what the region computes: a known op, the lexicographic choice of complex numbers, an element with
    its index, or anything.
    """
    operands, block = op.operation.operands, op.operation.regions[0].blocks[0]
    if len(operands) == 2:
        combine = commuting(block)
        if combine in _REDUCTIONS:
            return _REDUCTIONS[combine]
        if hlo.is_complex(Tensor(operands[0])) and chooses(block):
            return _CHOICE
    elif _index_of_choice(op) is not None:
        return _indexed
    return _tree


# Reductions by one binary op ----------------------------------------------------------------------


def _over(op: Any, x: Tensor) -> tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]:
    """Summing over the reduced axes, and repeating along them."""
    axes = attr.ints(op.dimensions)
    kept = [axis for axis in range(x.rank) if axis not in axes]
    return lambda t: reduction.reduce_sum(t, axes), lambda t: hlo.broadcast_in_dim(t, x.shape, kept)


def _of_initial(y: Tensor, factor: Tensor | None) -> LinearMap:
    """The map of the initial value, a scalar that enters every element of the result, times `factor`."""

    def times(t: Tensor) -> Tensor:
        return t if factor is None else t * factor

    return LinearMap(
        lambda t: times(hlo.broadcast_in_dim(t, y.shape, [])),
        lambda ct: reduction.reduce_sum(times(ct), range(y.rank)),
    )


def _add(op: Any, y: Tensor, x: Tensor, initial: Tensor) -> Any:
    total, repeat = _over(op, x)
    return LinearMap(total, repeat), _of_initial(y, None)


def _multiply(op: Any, y: Tensor, x: Tensor, initial: Tensor) -> Any:
    """Each element's factor is the product of all others, formed without division: zeros are no exception."""
    total, repeat = _over(op, x)
    axes = list(op.dimensions)

    def by_element() -> LinearMap:
        factor = _others(op, x) * hlo.broadcast_in_dim(initial, x.shape, [])
        return LinearMap(lambda t: total(t * factor), lambda ct: repeat(ct) * factor)

    return by_element, lambda: _of_initial(y, reduction.reduce(x, axes, "stablehlo.multiply", 1))


def _others(op: Any, x: Tensor) -> Tensor:
    """For each element the product of the others along the reduced axes."""
    axes = list(op.dimensions)
    order = axes + [axis for axis in range(x.rank) if axis not in axes]
    front = hlo.transpose(x, order)
    line = hlo.reshape(front, [math.prod(front.shape[: len(axes)]), *front.shape[len(axes) :]])
    others = hlo.reshape(_others_on_front(line), front.shape)
    return hlo.transpose(others, [order.index(axis) for axis in range(x.rank)])


def _others_on_front(x: Tensor) -> Tensor:
    """Along axis 0, by halves: the product of all pairs but one's own, times one's partner."""
    size = x.shape[0]
    if size < 2:
        return hlo.constant(1, x.type)
    half = (size + 1) // 2
    left, right = hlo.slice_axis(x, 0, 0, half), hlo.slice_axis(x, 0, half, size)
    high = [2 * half - size] + [0] * (x.rank - 1)
    zeros = [0] * x.rank
    right = hlo.pad(right, zeros, high, zeros, 1)
    pairs = _others_on_front(left * right)
    both = hlo.concatenate([pairs * right, pairs * left], 0)
    return hlo.slice_axis(both, 0, 0, size)


def _choose(op: Any, y: Tensor, x: Tensor, initial: Tensor) -> Any:
    """The elements equal to the result share evenly, as in JAX; where there are none, it is the initial
    value.
    """
    total, repeat = _over(op, x)
    element = y.element_type
    chosen = hlo.convert(hlo.compare(x, "EQ", repeat(y)), element)
    count = total(chosen)

    def initial_wins() -> Tensor:
        reached = hlo.compare(y, "EQ", hlo.broadcast_in_dim(initial, y.shape, []))
        return hlo.logical_and(reached, hlo.compare(count, "EQ", 0))

    def by_element() -> LinearMap:
        shares = count
        if not _is_infinite(initial):
            shares = hlo.select(initial_wins(), hlo.constant(1, count.type), count)
        return LinearMap(lambda t: total(t * chosen) / shares, lambda ct: repeat(ct / shares) * chosen)

    return by_element, lambda: _of_initial(y, hlo.convert(initial_wins(), element))


def _is_infinite(x: Tensor) -> bool:
    """Whether `x` is known to be infinite: a scalar constant that is."""
    owner: Any = x.value.owner
    if not isinstance(x.value, ir.OpResult) or owner.name != "stablehlo.constant" or hlo.is_complex(x):
        return False
    return float(owner.attributes["value"].get_splat_value().value) in (float("inf"), float("-inf"))


_CHOICE = by_linear_maps(_choose)

_REDUCTIONS = {
    "stablehlo.add": by_linear_maps(_add),
    "stablehlo.multiply": by_linear_maps(_multiply),
    "stablehlo.maximum": _CHOICE,
    "stablehlo.minimum": _CHOICE,
}


@by_decomposition
def _tree(derive, op, *operands):
    """A reduction of several tensors, or by any region."""
    count = len(operands) // 2
    block = op.operation.regions[0].blocks[0]
    return reduced(derive, block, operands[:count], operands[count:], list(op.dimensions))


# The choice of an index ---------------------------------------------------------------------------


def _index_of_choice(op: Any) -> int | None:
    """The reduced axis, when the op chooses an element with its index (argmax, argmin); None otherwise.

    It does when the second operand counts along the one reduced axis and the region returns, of value and
    index, a selection each between its two sides.
    """
    operands, axes = list(op.operation.operands), list(op.dimensions)
    if len(operands) != 4 or len(axes) != 1 or not hlo.is_inexact(operands[0].type):
        return None
    block = op.operation.regions[0].blocks[0]
    arguments = list(block.arguments)
    sides = zip(arguments[:2], arguments[2:], strict=True)
    if not all(selects(value, *each) for value, each in zip(returned(block), sides, strict=True)):
        return None
    return axes[0] if _counts_along(operands[1], axes[0]) else None


def _counts_along(index: ir.Value, axis: int) -> bool:
    """Whether `index` is 0, 1, 2, ... along `axis`: an iota, or a broadcast of one."""
    owner: Any = index.owner
    name = getattr(owner, "name", None)
    if name == "stablehlo.iota":
        return owner.opview.iota_dimension.value == axis
    if name == "stablehlo.broadcast_in_dim" and axis in (
        dimensions := list(owner.opview.broadcast_dimensions)
    ):
        return _counts_along(owner.operands[0], dimensions.index(axis))
    return False


@by_linear_maps
def _indexed(op, y, x, *others):
    """The value chosen along the reduced axis has the tangent of the element at the index chosen with it."""
    (axis,) = op.dimensions
    index = Tensor(op.operation.results[1])
    total, repeat = _over(op, x)
    chosen = hlo.compare(hlo.iota(x.shape, axis, index.element_type), "EQ", repeat(index))
    of_x = LinearMap(
        lambda t: total(hlo.select(chosen, t, hlo.zeros_like(t))),
        lambda ct: hlo.select(chosen, repeat(ct), hlo.zeros_like(x)),
    )
    return [of_x, *[None] * len(others)]
