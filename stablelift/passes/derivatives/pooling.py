"""Derivatives of reductions over moving windows: sums, choices (max-pooling), and select_and_scatter.

A sum is linear. A choice (maximum, minimum, or a selection of several tensors by one predicate) passes the
tangent of the element it chooses: forward mode lets the tangents ride along, reverse mode lets the element's
number ride along and scatters to it. Of equal elements the first is chosen, as in JAX. Anything else is
reduced window by window.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from stablelift.ir import hlo
from stablelift.ir.indexing import gather, gather_dimensions
from stablelift.ir.mlir import ir
from stablelift.ir.reduction import reduce_sum
from stablelift.ir.region import combined_by, copy_block, returned, selects
from stablelift.ir.tensor import Tensor
from stablelift.ir.types import tensor_type
from stablelift.ir.window import reduce_window as windows_of
from stablelift.ir.window import slides
from stablelift.passes.derivatives.control import place
from stablelift.passes.derivatives.decomposition import by_decomposition
from stablelift.passes.derivatives.regions import reduced
from stablelift.passes.derivatives.scattering import one_by_one
from stablelift.passes.derivatives.sweeps import Derive
from stablelift.passes.derivatives.table import (
    DerivativeRule,
    LinearMap,
    Tangents,
    by_linear_maps,
    by_region,
    instantiate,
    operands_of,
)
from stablelift.passes.derivatives.windows import Windows

Predicate = Callable[[list[Tensor], list[Tensor]], Tensor]


@by_region("stablehlo.reduce_window")
def reduce_window(op):
    """By what the region computes; a window of anything else is gathered, and reduced as such."""
    combine = combined_by(op.operation.regions[0].blocks[0])
    if combine == "stablehlo.add":
        return DerivativeRule(_sum_jvp, _sum_vjp)
    if combine == "stablehlo.multiply":
        return _any._replace(jvp=_product_jvp)
    return _any if _predicate(op) is None else DerivativeRule(_choice_jvp, _choice_vjp)


def _sum_jvp(derive: Derive, op: Any, tangents: Tangents) -> Tangents:
    x, initial = (instantiate(t, primal) for t, primal in zip(tangents, operands_of(op), strict=True))
    return hlo.remake(op, [x, initial], types=[op.operation.results[0].type])


def _product_jvp(derive: Derive, op: Any, tangents: Tangents) -> Tangents:
    """The product of dual numbers, a value and its tangent each: it needs no division by a zero."""
    x, initial = operands_of(op)
    dx, of_initial = (instantiate(t, primal) for t, primal in zip(tangents, (x, initial), strict=True))
    return _over_windows(op, [x, dx], [initial, of_initial], _multiply_duals)[1:]


def _choice_jvp(derive: Derive, op: Any, tangents: Tangents) -> Tangents:
    operands = operands_of(op)
    count = len(operands) // 2
    primals, of_initial = operands[:count], tangents[count:]
    moving = [i for i in range(count) if tangents[i] is not None or of_initial[i] is not None]
    riders = [instantiate(tangents[i], primals[i]) for i in moving]
    starts = [instantiate(of_initial[i], operands[count + i]) for i in moving]
    chosen = _choose(op, primals, operands[count:], riders, starts)
    return place(chosen, tuple(moving), count)


def _choice_vjp(derive: Derive, op: Any, cotangents: Tangents, wanted: Sequence[bool]) -> Tangents:
    operands = operands_of(op)
    count = len(operands) // 2
    primals, initial = operands[:count], operands[count:]
    numbers = _numbers(primals[0])
    start = hlo.constant(-1, tensor_type([], numbers.element_type))
    (winners,) = _choose(op, primals, initial, [numbers], [start])
    shape = primals[0].shape

    def for_wanted(emit: Callable[[Tensor], Tensor], flags: Sequence[bool]) -> Tangents:
        pairs = zip(cotangents, flags, strict=True)
        return [emit(ct) if ct is not None and wants else None for ct, wants in pairs]

    return [
        *for_wanted(lambda ct: _put(ct, winners, shape), wanted[:count]),
        *for_wanted(lambda ct: _where_none_won(ct, winners), wanted[count:]),
    ]


@by_decomposition
def _any(derive, op, *operands):
    """The windows of each tensor on axes of their own, behind the others; the region reduces these."""
    count = len(operands) // 2
    initial, rank = operands[count:], operands[0].rank
    windows = [_gathered(op, x, start) for x, start in zip(operands[:count], initial, strict=True)]
    block = op.operation.regions[0].blocks[0]
    return reduced(derive, block, windows, initial, list(range(rank, 2 * rank)))


def _gathered(op: Any, x: Tensor, initial: Tensor) -> Tensor:
    """Axis a of the result counts the windows along axis a, axis rank + a the elements within them."""
    rank, results, window = x.rank, op.operation.results[0].type.shape, list(op.window_dimensions)
    moves = slides(op, rank)
    low = [slide.low for slide in moves]
    sizes = zip(moves, x.shape, window, results, strict=True)
    high = [slide.high(*of) for slide, *of in sizes]
    found = hlo.pad(x, low, high, [slide.base - 1 for slide in moves], initial)
    for axis, (slide, count, size) in enumerate(zip(moves, results, window, strict=True)):
        element = hlo.index(0).element_type
        start = hlo.iota([count, size], 0, element) * slide.stride
        places = start + hlo.iota([count, size], 1, element) * slide.dilation
        numbers = gather_dimensions(
            offset_dims=[each for each in range(found.rank) if each != axis],
            collapsed_slice_dims=[axis],
            start_index_map=[axis],
            index_vector_dim=2,
        )
        slices = [1 if each == axis else n for each, n in enumerate(found.shape)]
        found = gather(found, places, numbers, slices)
    return found


def _over_windows(
    op: Any, xs: Sequence[Tensor], initial: Sequence[Tensor], combine: Callable[..., Sequence[Tensor]]
) -> list[Tensor]:
    """The windows of `op`, over tensors of its operands' shape."""
    window = list(op.window_dimensions)
    shape = op.operation.results[0].type.shape
    return windows_of(xs, initial, combine, window=window, slides=slides(op, len(window)), shape=shape)


def _multiply_duals(old: list[Tensor], new: list[Tensor]) -> list[Tensor]:
    (x, dx), (y, dy) = old, new
    return [x * y, x * dy + dx * y]


# Sums ---------------------------------------------------------------------------------------------


def _sum_vjp(derive: Derive, op: Any, cotangents: Tangents, wanted: Sequence[bool]) -> Tangents:
    """Each element gets the sum of the windows that hold it; the padding is the initial value too."""
    (ct,), (x, initial) = cotangents, operands_of(op)
    assert ct is not None

    def of_x() -> Tensor:
        if 0 in x.shape + ct.shape:
            return hlo.zeros_like(x)
        window = list(op.window_dimensions)
        sizes = zip(slides(op, x.rank), x.shape, window, ct.shape, strict=True)
        back = [(slide.to_operand(size), result, size, operand) for slide, operand, size, result in sizes]
        # The operand's padding may be negative, a window's need not work with that: pad first.
        low = [slide.low for slide, *_ in back]
        high = [slide.high(*of) for slide, *of in back]
        padded = hlo.pad(ct, low, high, [slide.base - 1 for slide, *_ in back])
        moves = [slide._replace(low=0, base=1) for slide, *_ in back]
        zero = hlo.zeros_like(initial)
        return windows_of([padded], [zero], _add, window=window, slides=moves, shape=x.shape)[0]

    def of_initial() -> Tensor:
        one = hlo.constant(1, initial.type)
        (count,) = hlo.remake(op, [hlo.zeros_like(x), one], types=[ct.type])
        return reduce_sum(ct * count, range(ct.rank))

    return [of_x() if wanted[0] else None, of_initial() if wanted[1] else None]


def _add(old: list[Tensor], new: list[Tensor]) -> list[Tensor]:
    return [x + y for x, y in zip(old, new, strict=True)]


# Choices ------------------------------------------------------------------------------------------


_KEEPS = {"stablehlo.maximum": "GE", "stablehlo.minimum": "LE"}
"""How the old element of a choice compares with the new one where it stays."""


def _predicate(op: Any) -> Predicate | None:
    """When the region keeps the old elements rather than take the new ones; None if it does anything but
    choose.
    """
    block = op.operation.regions[0].blocks[0]
    direction = _KEEPS.get(combined_by(block) or "")
    if direction is not None:
        return lambda old, new: hlo.compare(old[0], direction, new[0])
    arguments, count = list(block.arguments), len(op.operation.results)
    choices = returned(block)
    sides = zip(arguments[:count], arguments[count:], strict=True)
    if not all(selects(value, *each) for value, each in zip(choices, sides, strict=True)):
        return None
    (keeps, *others) = {value.owner.operands[0] for value in choices}
    return None if others else lambda old, new: copy_block(block, [*old, *new], [keeps])[0]


def _choose(
    op: Any,
    primals: Sequence[Tensor],
    initial: Sequence[Tensor],
    riders: Sequence[Tensor],
    starts: Sequence[Tensor],
) -> list[Tensor]:
    """What `riders`, beginning with `starts`, have where the op's windows choose from `primals`."""
    count, keeps = len(primals), _predicate(op)
    assert keeps is not None

    def combine(old: list[Tensor], new: list[Tensor]) -> list[Tensor]:
        kept = keeps(old[:count], new[:count])
        return [hlo.select(kept, x, y) for x, y in zip(old, new, strict=True)]

    return _over_windows(op, [*primals, *riders], [*initial, *starts], combine)[count:]


def _numbers(x: Tensor) -> Tensor:
    """0, 1, 2, ... as elements of x's shape, of a signed type that can count them."""
    count = math.prod(x.shape)
    element = ir.IntegerType.get_signless(32 if count < 2**31 else 64)
    return hlo.reshape(hlo.iota([count], 0, element), x.shape)


def _elements(winners: Tensor, count: int) -> Windows:
    """The elements that `winners` number, of a tensor of `count` in a line; -1 numbers none."""
    return Windows(
        shape=(count,),
        sizes=(1,),
        indices=hlo.reshape(winners, [math.prod(winners.shape), 1]),
        rank=1,
        window_axes=[],
        inserted_axes=[0],
        batch_axes=[],
        index_batch_axes=[],
        indexed_axes=[0],
        index_vector_axis=1,
    )


def _put(ct: Tensor, winners: Tensor, shape: Sequence[int]) -> Tensor:
    """Each element of `ct` added to that which won its window, of a tensor of `shape`."""
    count = math.prod(shape)
    zeros = hlo.constant(0, tensor_type([count], ct.element_type))
    line = hlo.reshape(ct, [math.prod(ct.shape)])
    return hlo.reshape(_elements(winners, count).add_to(zeros, line), shape)


def _taken(x: Tensor, winners: Tensor) -> Tensor:
    """The elements of `x` that won; zero where none did."""
    line = hlo.reshape(x, [math.prod(x.shape)])
    return hlo.reshape(_elements(winners, line.shape[0]).read(line), winners.shape)


def _where_none_won(ct: Tensor, winners: Tensor) -> Tensor:
    """The cotangent of the initial value: the sum over windows that kept it."""
    kept = hlo.select(hlo.compare(winners, "EQ", -1), ct, hlo.zeros_like(ct))
    return reduce_sum(kept, range(ct.rank))


# Scattering to what is selected -------------------------------------------------------------------


@by_region("stablehlo.select_and_scatter")
def select_and_scatter(op):
    """By what its second region scatters with."""
    adds = combined_by(op.operation.regions[1].blocks[0]) == "stablehlo.add"
    return _adding if adds else _scattering


@by_linear_maps
def _adding(op, y, x, source, initial):
    """Each window of `x` selects an element, to which its element of the source is added."""

    def of_source() -> LinearMap:
        winners = _selected(op, x, source.shape)
        return LinearMap(lambda t: _put(t, winners, x.shape), lambda ct: _taken(ct, winners))

    of_initial = LinearMap(
        lambda t: hlo.broadcast_in_dim(t, y.shape, []), lambda ct: reduce_sum(ct, range(ct.rank))
    )
    return None, of_source, of_initial


@by_decomposition
def _scattering(derive, op, x, source, initial):
    """The elements are selected first, and then scattered to by the region, in a line."""
    count = math.prod(x.shape)
    windows = _elements(_selected(op, x, source.shape), count)
    line = hlo.broadcast_in_dim(initial, [count], [])
    updates = hlo.reshape(source, [math.prod(source.shape)])
    (found,) = one_by_one(derive, op.operation.regions[1].blocks[0], windows, [line], [updates])
    return [hlo.reshape(found, x.shape)]


def _selected(op: Any, x: Tensor, shape: Sequence[int]) -> Tensor:
    """The number of the element of `x` that each of the windows selects, or -1 where it lies in the
    padding.
    """
    selection = op.operation.regions[0].blocks[0]

    def combine(old: list[Tensor], new: list[Tensor]) -> list[Tensor]:
        """The first element of a window has no rival yet, and the padding is none: their number is -1."""
        (preferred,) = copy_block(selection, [old[0], new[0]], returned(selection))
        beats_rival = hlo.logical_and(preferred, hlo.compare(old[1], "NE", -1))
        keeps = hlo.logical_or(beats_rival, hlo.compare(new[1], "EQ", -1))
        return [hlo.select(keeps, a, b) for a, b in zip(old, new, strict=True)]

    numbers = _numbers(x)
    window = list(op.window_dimensions or [1] * x.rank)
    starts = [
        hlo.constant(number, tensor_type([], z.element_type)) for number, z in ((0, x), (-1, numbers))
    ]
    moves = slides(op, x.rank)
    return windows_of([x, numbers], starts, combine, window=window, slides=moves, shape=shape)[1]
