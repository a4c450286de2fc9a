"""Steps that multiply and sum: `dot_general` and `convolution`, in all the orders of their axes."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.programs.body import SIZES, Body, Value, dims, matrix
from tests.programs.table import step


@step()
def dot_general(body: Body) -> Value:
    lhs = body.number(rank=1)
    rank = lhs.type.rank
    order = body.draw(st.permutations(range(rank)))
    batch = body.integer(0, rank - 1)
    summed = body.integer(0, rank - batch)
    batching, contracting = order[:batch], order[batch : batch + summed]
    kept = [axis for axis in range(rank) if axis not in (*batching, *contracting)]
    shared = [lhs.type.shape[axis] for axis in (*batching, *contracting)]
    free = [body.draw(SIZES) for _ in range(body.integer(0, 1))]
    sizes = [*shared, *free]
    places = body.draw(st.permutations(range(len(sizes))))
    shape = [0] * len(sizes)
    for place, size in zip(places, sizes, strict=True):
        shape[place] = size
    rhs = body.pick(lambda type: type.element == lhs.type.element, shape=shape)
    of = [lhs.type.shape[axis] for axis in (*batching, *kept)] + free
    numbers = (
        f"lhs_batching_dimensions = {batching}, rhs_batching_dimensions = {places[:batch]}, "
        f"lhs_contracting_dimensions = {contracting}, "
        f"rhs_contracting_dimensions = {places[batch : batch + summed]}"
    )
    result = body.op(
        "dot_general", [lhs, rhs], lhs.type.of(of), f"dot_dimension_numbers = #stablehlo.dot<{numbers}>"
    )
    return body.tame(result, 0.5)


@step()
def convolution(body: Body) -> Value:
    """One or two spatial axes; groups of features or of examples, or none."""
    x = body.inexact()
    spatial = body.integer(1, 2)
    features, examples = body.choose((1, 1), (2, 1), (1, 2))
    each = body.integer(1, 2)
    batch, made = examples * body.integer(1, 2), features * examples * body.integer(1, 2)
    space = [body.integer(2, 4) for _ in range(spatial)]
    window = [body.integer(1, 2) for _ in range(spatial)]
    strides, low, high, bases, dilations = (
        [body.integer(a, b) for _ in space] for a, b in ((1, 2), (0, 1), (0, 1), (1, 2), (1, 2))
    )
    out = [
        max(0, ((n - 1) * base + 1 + before + after - (w - 1) * dilation - 1) // stride + 1)
        for n, w, stride, before, after, base, dilation in zip(
            space, window, strides, low, high, bases, dilations, strict=True
        )
    ]
    lhs_order, rhs_order, out_order = (body.draw(st.permutations(range(spatial + 2))) for _ in range(3))
    lhs = body.fit(x, x.type.of(_placed(lhs_order, [batch, features * each, *space])))
    kernel = _placed(rhs_order, [each, made, *window])
    rhs = body.pick(lambda type: type.element == x.type.element, shape=kernel)
    type = x.type.of(_placed(out_order, [batch // examples, made, *out]))
    labels = (_spelled(lhs_order, "bf"), _spelled(rhs_order, "io"), _spelled(out_order, "bf"))
    reversal = ", ".join(str(body.flip()).lower() for _ in space)
    attributes = [
        f"dimension_numbers = #stablehlo.conv<{labels[0]}x{labels[1]}->{labels[2]}>",
        f"feature_group_count = {features} : i64, batch_group_count = {examples} : i64",
        dims("window_strides", strides),
        dims("lhs_dilation", bases),
        dims("rhs_dilation", dilations),
        matrix("padding", list(zip(low, high, strict=True))),
        f"window_reversal = array<i1: {reversal}>",
    ]
    return body.tame(body.op("convolution", [lhs, rhs], type, ", ".join(attributes)), 0.5)


def _placed(order: list[int], sizes: list[int]) -> list[int]:
    """Size `i` on axis `order[i]`."""
    shape = [0] * len(sizes)
    for axis, size in zip(order, sizes, strict=True):
        shape[axis] = size
    return shape


def _spelled(order: list[int], letters: str) -> str:
    labels = [*letters, *map(str, range(len(order) - 2))]
    return f"[{', '.join(label for _, label in sorted(zip(order, labels, strict=True)))}]"
