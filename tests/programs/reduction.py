"""Steps with regions that combine scalars: reductions, windows, sorts."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.programs.body import INTEGER, PREDICATE, Body, Type, Value, dims, matrix
from tests.programs.table import step

IDENTITY = {"add": 0, "multiply": 1, "and": 1, "or": 0, "maximum": -3, "minimum": 3}


def _axes(body: Body, rank: int) -> list[int]:
    return sorted(body.draw(st.lists(st.integers(0, rank - 1), unique=True, min_size=1)))


def _without(type: Type, axes: list[int]) -> Type:
    return type.of([size for axis, size in enumerate(type.shape) if axis not in axes])


def _reduced(body: Body, x: Value, name: str) -> Value:
    axes = _axes(body, x.type.rank)
    initial = body.constant(IDENTITY[name], x.type.of(()))
    region = body.combiner(name, x.type.element)
    return body.op("reduce", [x, initial], _without(x.type, axes), dims("dimensions", axes), [region])


@step()
def reduce_sum(body: Body) -> Value:
    return body.tame(_reduced(body, body.number(rank=1), "add"), 0.5)


@step()
def reduce_product(body: Body) -> Value:
    return body.tame(_reduced(body, body.inexact(rank=1), "multiply"), 0.5)


@step(kinks=True)
def reduce_extreme(body: Body) -> Value:
    return _reduced(body, body.ordered(rank=1), body.choose("maximum", "minimum"))


@step()
def reduce_logic(body: Body) -> Value:
    x = body.pick(lambda type: type.element == PREDICATE, rank=1)
    return _reduced(body, x, body.choose("and", "or"))


@step(derived=False)
def reduce_region(body: Body) -> Value:
    """A region of several ops: x + y + xy, whose identity is 0."""
    x = body.real(rank=1)
    axes = _axes(body, x.type.rank)
    scalar = x.type.of(())

    def combine(body: Body, x: Value, y: Value) -> list[Value]:
        return [body.op("add", [body.op("add", [x, y]), body.op("multiply", [x, y])])]

    region = body.region([scalar, scalar], combine)
    small = body.scaled(x, 0.25)
    result = body.op(
        "reduce",
        [small, body.constant(0, scalar)],
        _without(x.type, axes),
        dims("dimensions", axes),
        [region],
    )
    return body.tame(result)


@step(derived=False)
def reduce_pair(body: Body) -> list[Value]:
    """The value that stands beside the greatest integer, the first of them, along an axis."""
    keys = body.pick(lambda type: type.element == INTEGER, rank=1)
    values = body.pick(lambda type: type.is_inexact, shape=keys.type.shape)
    axis = [body.integer(0, keys.type.rank - 1)]
    types = [keys.type.of(()), values.type.of(())]

    def greater(body: Body, k: Value, x: Value, m: Value, y: Value) -> list[Value]:
        first = body.compared(k, m, "GE")
        return [body.op("select", [first, *pair], pair[0].type) for pair in ((k, m), (x, y))]

    initial = [body.constant(-9, types[0]), body.constant(0, types[1])]
    results = [_without(each.type, axis) for each in (keys, values)]
    region = body.region([*types, *types], greater)
    found = body.ops(
        "stablehlo.reduce", [keys, values, *initial], results, dims("dimensions", axis), [region]
    )
    return [body.tame(found[0]), found[1]]


def _windowed(body: Body, x: Value, name: str) -> Value:
    sizes = x.type.shape
    window = [body.integer(1, 2) for _ in sizes]
    strides = [body.integer(1, 2) for _ in sizes]
    bases = [body.integer(1, 2) for _ in sizes]
    dilations = [body.integer(1, 2) for _ in sizes]
    padding = [(body.integer(0, 1), body.integer(0, 1)) for _ in sizes]
    shape = []
    for n, w, stride, base, dilation, ends in zip(
        sizes, window, strides, bases, dilations, padding, strict=True
    ):
        room = (max(n - 1, 0) * base + min(n, 1)) + sum(ends) - ((w - 1) * dilation + 1)
        shape.append(room // stride + 1 if room >= 0 else 0)
    attributes = [
        dims("window_dimensions", window),
        dims("window_strides", strides),
        dims("base_dilations", bases),
        dims("window_dilations", dilations),
        matrix("padding", padding),
    ]
    initial = body.constant(IDENTITY[name], x.type.of(()))
    region = body.combiner(name, x.type.element)
    return body.op("reduce_window", [x, initial], x.type.of(shape), ", ".join(attributes), [region])


@step()
def window_sum(body: Body) -> Value:
    return body.tame(_windowed(body, body.number(rank=1), "add"), 0.5)


@step(kinks=True)
def window_extreme(body: Body) -> Value:
    return _windowed(body, body.ordered(rank=1), body.choose("maximum", "minimum"))


@step(kinks=True)
def sort(body: Body) -> Value:
    x = body.ordered(rank=1)
    scalar = x.type.of(())
    direction = body.choose("LT", "GT")
    region = body.region([scalar, scalar], lambda body, x, y: [body.compared(x, y, direction)])
    attributes = f"dimension = {body.integer(0, x.type.rank - 1)} : i64, is_stable = true"
    return body.op("sort", [x], attributes=attributes, regions=[region])


@step()
def sort_by_key(body: Body) -> list[Value]:
    """Values in the order of integers, equal ones as they stood."""
    keys = body.pick(lambda type: type.element == INTEGER, rank=1)
    values = body.pick(lambda type: True, shape=keys.type.shape)
    scalars = [each.type.of(()) for each in (keys, keys, values, values)]
    region = body.region(scalars, lambda body, k, m, x, y: [body.compared(k, m, "LT")])
    attributes = f"dimension = {body.integer(0, keys.type.rank - 1)} : i64, is_stable = true"
    return body.ops("stablehlo.sort", [keys, values], [keys.type, values.type], attributes, [region])


@step(kinks=True)
def top_k(body: Body) -> Value:
    x = body.ordered(rank=1)
    k = body.integer(min(1, x.type.shape[-1]), x.type.shape[-1])
    values, indices = (x.type.of([*x.type.shape[:-1], k], element) for element in (x.type.element, INTEGER))
    return body.ops("chlo.top_k", [x], [values, indices], f"k = {k} : i64")[0]


@step()
def map(body: Body) -> Value:
    x = body.real(rank=1)
    scalar = x.type.of(())
    region = body.region(
        [scalar, scalar], lambda body, x, y: [body.op("multiply", [body.op("sine", [x]), y])]
    )
    return body.op("map", [x, body.like(x)], x.type, dims("dimensions", range(x.type.rank)), [region])
