"""Steps whose operands say where to read or write: slices at computed places, gathers, scatters."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import strategies as st

from tests.programs.body import INTEGER, Body, Type, Value, dims
from tests.programs.table import step


def _starts(body: Body, rank: int) -> list[Value]:
    return [body.int_or_bool(INTEGER, ()) for _ in range(rank)]


@step()
def dynamic_slice(body: Body) -> Value:
    x = body.any(rank=1)
    sizes = [body.integer(min(1, size), size) for size in x.type.shape]
    return body.op(
        "dynamic_slice", [x, *_starts(body, x.type.rank)], x.type.of(sizes), dims("slice_sizes", sizes)
    )


@step()
def dynamic_update_slice(body: Body) -> Value:
    x = body.any(rank=1)
    sizes = [body.integer(min(1, size), size) for size in x.type.shape]
    update = body.pick(lambda type: type.element == x.type.element, shape=sizes)
    return body.op("dynamic_update_slice", [x, update, *_starts(body, x.type.rank)], x.type)


class Windows(NamedTuple):
    """The dimension numbers of a gather or scatter; the index vectors lie on the last axis of `indices`.

    `window` are the sizes of a slice, `result` the shape of a gather's result or a scatter's updates.
    """

    batching: list[int]
    indexed: list[int]
    collapsed: list[int]
    offsets: list[int]
    indices: tuple[int, ...]
    window: list[int]
    result: list[int]


def _windows(body: Body, shape: tuple[int, ...]) -> Windows:
    """Slices of `shape`, of which some axes are indexed and at most one is a batch."""
    order = body.draw(st.permutations(range(len(shape))))
    batched = body.integer(0, min(1, len(shape) - 1))
    batching = order[:batched]
    indexed = order[batched : batched + body.integer(1, len(shape) - batched)]
    loop = [shape[axis] for axis in batching] + [body.integer(1, 3) for _ in range(body.integer(0, 1))]
    collapsed = sorted(axis for axis in indexed if shape[axis] and body.flip())
    window = list(shape)
    for axis in (*batching, *indexed):
        least = min(1, shape[axis])
        window[axis] = least if axis in (*collapsed, *batching) else body.integer(least, shape[axis])
    kept = [axis for axis in range(len(shape)) if axis not in (*collapsed, *batching)]
    rank = len(loop) + len(kept)
    offsets = sorted(body.draw(st.permutations(range(rank)))[: len(kept)])
    sizes, loops = iter([window[axis] for axis in kept]), iter(loop)
    result = [next(sizes) if axis in offsets else next(loops) for axis in range(rank)]
    return Windows(batching, indexed, collapsed, offsets, (*loop, len(indexed)), window, result)


@step()
def gather(body: Body) -> Value:
    x = body.any(rank=1)
    at = _windows(body, x.type.shape)
    indices = body.int_or_bool(INTEGER, at.indices)
    batches = list(range(len(at.batching)))
    numbers = (
        f"offset_dims = {at.offsets}, collapsed_slice_dims = {at.collapsed}, "
        f"operand_batching_dims = {at.batching}, "
        f"start_indices_batching_dims = {batches}, start_index_map = {at.indexed}, "
        f"index_vector_dim = {len(at.indices) - 1}"
    )
    attributes = f"dimension_numbers = #stablehlo.gather<{numbers}>, {dims('slice_sizes', at.window)}"
    return body.op("gather", [x, indices], x.type.of(at.result), attributes)


def _scattered(body: Body, x: Value, at: Windows, indices: Value, combine: str | None) -> Value:
    updates = body.pick(lambda type: type.element == x.type.element, shape=at.result)
    batches = list(range(len(at.batching)))
    numbers = (
        f"update_window_dims = {at.offsets}, inserted_window_dims = {at.collapsed}, "
        f"input_batching_dims = {at.batching}, scatter_indices_batching_dims = {batches}, "
        f"scatter_dims_to_operand_dims = {at.indexed}, index_vector_dim = {len(at.indices) - 1}"
    )
    scalar = x.type.of(())
    region = body.region(
        [scalar, scalar], lambda body, old, new: [new if combine is None else body.op(combine, [old, new])]
    )
    attributes = f"scatter_dimension_numbers = #stablehlo.scatter<{numbers}>, unique_indices = false"
    return body.op("scatter", [x, indices, updates], x.type, attributes, [region])


@step()
def scatter_sum(body: Body) -> Value:
    x = body.number(rank=1)
    at = _windows(body, x.type.shape)
    return body.tame(_scattered(body, x, at, body.int_or_bool(INTEGER, at.indices), "add"), 0.5)


@step(kinks=True)
def scatter_extreme(body: Body) -> Value:
    x = body.ordered(rank=1)
    at = _windows(body, x.type.shape)
    return _scattered(body, x, at, body.int_or_bool(INTEGER, at.indices), body.choose("maximum", "minimum"))


@step()
def scatter_set(body: Body) -> Value:
    """Slices at places of the first axis, each written once: of two that meet, either may win."""
    x = body.any(rank=1)
    length, *rest = x.type.shape
    count = body.integer(0, length)
    offsets = list(range(1, x.type.rank))
    at = Windows([], [0], [0], offsets, (count, 1), [1, *rest], [count, *rest])
    places = body.op("iota", [], Type((count, 1), INTEGER), "iota_dimension = 0 : i64")
    places = body.op("subtract", [body.constant(length - 1, places.type), places])
    return _scattered(body, x, at, places, None)
