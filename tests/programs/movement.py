"""Steps that move elements and compute nothing, and the constants."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.programs.body import PREDICATE, SIZES, Body, Type, Value, dims
from tests.programs.table import step


@step()
def transpose(body: Body) -> Value:
    x = body.any(rank=2)
    order = body.draw(st.permutations(range(x.type.rank)))
    return body.op(
        "transpose", [x], x.type.of([x.type.shape[axis] for axis in order]), dims("permutation", order)
    )


@step()
def reshape(body: Body) -> Value:
    x = body.any(rank=1)
    shape = [*x.type.shape]
    if body.flip():
        at = body.integer(0, len(shape))
        return body.op("reshape", [x], x.type.of([*shape[:at], 1, *shape[at:]]))
    at = body.integer(0, len(shape) - 1)
    merged = (
        [*shape[:at], shape[at] * shape[at + 1], *shape[at + 2 :]] if at + 1 < len(shape) else [x.type.size]
    )
    return body.op("reshape", [x], x.type.of(merged))


@step()
def broadcast_in_dim(body: Body) -> Value:
    x = body.any()
    rank = min(x.type.rank + body.integer(0, 1), 4)
    axes = body.draw(st.permutations(range(max(rank, x.type.rank))))[: x.type.rank]
    shape = [body.draw(SIZES) for _ in range(max(rank, x.type.rank))]
    for axis, size in zip(axes, x.type.shape, strict=True):
        shape[axis] = shape[axis] if size == 1 else size
    return body.op("broadcast_in_dim", [x], x.type.of(shape), dims("broadcast_dimensions", axes))


@step()
def slice(body: Body) -> Value:
    x = body.any(rank=1)
    start = [body.integer(0, size) for size in x.type.shape]
    limit = [body.integer(low, size) for low, size in zip(start, x.type.shape, strict=True)]
    strides = [body.integer(1, 3) for _ in start]
    shape = [-(-(high - low) // by) for low, high, by in zip(start, limit, strides, strict=True)]
    attributes = ", ".join(
        [dims("start_indices", start), dims("limit_indices", limit), dims("strides", strides)]
    )
    return body.op("slice", [x], x.type.of(shape), attributes)


@step()
def pad(body: Body) -> Value:
    x = body.any(rank=1)
    value = body.pick(lambda type: type.element == x.type.element, shape=())
    low, high, interior, shape = [], [], [], []
    for size in x.type.shape:
        between = body.integer(0, 2)
        spread = size + max(size - 1, 0) * between
        before = body.integer(-min(1, spread), 2)
        after = body.integer(-min(1, spread + min(before, 0)), 2)
        low.append(before), high.append(after), interior.append(between)
        shape.append(spread + before + after)
    attributes = [
        dims("edge_padding_low", low),
        dims("edge_padding_high", high),
        dims("interior_padding", interior),
    ]
    return body.op("pad", [x, value], x.type.of(shape), ", ".join(attributes))


@step()
def concatenate(body: Body) -> Value:
    x = body.any(rank=1)
    axis = body.integer(0, x.type.rank - 1)
    shape = list(x.type.shape)
    shape[axis] = body.draw(SIZES)
    y = body.pick(lambda type: type.element == x.type.element, shape=shape)
    shape[axis] += x.type.shape[axis]
    return body.op("concatenate", [x, y], x.type.of(shape), f"dimension = {axis} : i64")


@step()
def reverse(body: Body) -> Value:
    x = body.any(rank=1)
    axes = body.draw(st.lists(st.integers(0, x.type.rank - 1), unique=True, min_size=1))
    return body.op("reverse", [x], attributes=dims("dimensions", axes))


@step()
def iota(body: Body) -> Value:
    shape = body.shape(1)
    elements = [element for element in body.flavour.elements if element != PREDICATE]
    axis = body.integer(0, len(shape) - 1)
    return body.tame(
        body.op("iota", [], Type(shape, body.choose(*elements)), f"iota_dimension = {axis} : i64"), 0.5
    )


@step()
def constant(body: Body) -> Value:
    """One constant whose elements differ."""
    type = Type((body.integer(1, 3),), body.choose(*body.flavour.elements))
    numbers = [body.integer(-4, 4) for _ in range(type.size)]
    if type.element == PREDICATE:
        spelled = [str(number > 0).lower() for number in numbers]
    elif type.is_complex:
        spelled = [f"({number / 2 + 0.125}, {number / 4})" for number in numbers]
    else:
        spelled = [str(number / 2 + 0.125 if type.is_real else number) for number in numbers]
    return body.op("constant", [], type, f"value = dense<[{', '.join(spelled)}]> : {type}")
