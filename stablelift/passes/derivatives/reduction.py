"""Derivatives of reductions: `reduce` by the binary op in its region."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from stablelift.ir import hlo
from stablelift.ir.location import error_at
from stablelift.ir.mlir import ir
from stablelift.ir.tensor import Tensor
from stablelift.passes.derivatives.table import LinearMap, linear_maps


@linear_maps("stablehlo.reduce")
def reduce(op, y, *operands):
    """By what the region computes; the choice of an index (argmax) gives its value the element's tangent."""
    if len(operands) == 2:
        combine = _combined_by(op)
        if combine in _REDUCTIONS:
            return _REDUCTIONS[combine](op, y, *operands)
    elif (iota := _index_of_choice(op)) is not None:
        return [_element_at(op, iota), None, None, None]
    known = ", ".join(f"`{name}`" for name in _REDUCTIONS)
    raise error_at(
        op,
        "no derivative rule for a reduction with this region",
        hint=f"known are {known}, argmax and argmin",
    )


def _body(op: Any) -> tuple[list[Any], list[Any], list[Any]]:
    """The region's arguments, its ops, and what it returns."""
    block = op.operation.regions[0].blocks[0]
    *ops, terminator = list(block.operations)
    return list(block.arguments), ops, list(terminator.operation.operands)


def _combined_by(op: Any) -> str | None:
    """The name of the binary op that is all of the region."""
    arguments, ops, returned = _body(op)
    if (
        len(ops) == 1
        and returned == list(ops[0].operation.results)
        and set(ops[0].operation.operands) == set(arguments)
    ):
        return ops[0].operation.name
    return None


# Reductions by one binary op ----------------------------------------------------------------------


def _over(op: Any, x: Tensor) -> tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]:
    """Summing over the reduced axes, and repeating along them."""
    axes = hlo.ints(op.dimensions)
    kept = [axis for axis in range(x.rank) if axis not in axes]
    return lambda t: hlo.reduce_sum(t, axes), lambda t: hlo.broadcast_in_dim(t, x.shape, kept)


def _of_initial(y: Tensor, factor: Tensor | None) -> LinearMap:
    """The map of the initial value, a scalar that enters every element of the result, times `factor`."""

    def times(t: Tensor) -> Tensor:
        return t if factor is None else t * factor

    return LinearMap(
        lambda t: times(hlo.broadcast_in_dim(t, y.shape, [])),
        lambda ct: hlo.reduce_sum(times(ct), range(y.rank)),
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

    return by_element, lambda: _of_initial(y, hlo.reduce(x, axes, "stablehlo.multiply", 1))


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


_REDUCTIONS: dict[str, Callable[..., Any]] = {
    "stablehlo.add": _add,
    "stablehlo.multiply": _multiply,
    "stablehlo.maximum": _choose,
    "stablehlo.minimum": _choose,
}


# The choice of an index ---------------------------------------------------------------------------


def _index_of_choice(op: Any) -> int | None:
    """The reduced axis, when the op chooses an element with its index (argmax, argmin); None otherwise.

    It does when the second operand counts along the one reduced axis and the region returns, of value and
    index, a selection each between its two sides.
    """
    operands, axes = list(op.operation.operands), list(op.dimensions)
    if len(operands) != 4 or len(axes) != 1 or not hlo.is_inexact(operands[0].type):
        return None
    arguments, _, returned = _body(op)
    for value, sides in zip(returned, (arguments[0::2], arguments[1::2]), strict=True):
        owner = value.owner
        if getattr(owner, "name", None) != "stablehlo.select" or list(owner.operands)[1:] != sides:
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


def _element_at(op: Any, axis: int) -> LinearMap:
    """The map of the value chosen along `axis` by the index that the op returns."""
    x, index = Tensor(op.operation.operands[0]), Tensor(op.operation.results[1])
    total, repeat = _over(op, x)
    chosen = hlo.compare(hlo.iota(x.shape, axis, index.element_type), "EQ", repeat(index))
    return LinearMap(
        lambda t: total(hlo.select(chosen, t, hlo.zeros_like(t))),
        lambda ct: hlo.select(chosen, repeat(ct), hlo.zeros_like(x)),
    )
