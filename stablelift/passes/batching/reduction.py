"""Batching of reductions, windows and sorts: the batch is an axis they leave alone."""

from __future__ import annotations

from stablelift.ir import hlo
from stablelift.ir.location import error_at
from stablelift.ir.tensor import emit
from stablelift.passes.batching.table import batch, batched_types, shifted, spread, spread_over


@batch("stablehlo.reduce", shared=True)
def reduce(op, *operands, mapped):
    count = len(op.operation.results)
    dimensions = hlo.i64s(shifted(op.dimensions))
    if any(mapped[count:]) and count == 1:
        x, initial = operands
        return _from_mapped_initial(op, x, initial, mapped, dimensions)
    xs, initial = _inputs(op, operands, mapped, count)
    return hlo.remake(op, [*xs, *initial], types=batched_types(op, xs[0].shape[0]), dimensions=dimensions)


def _from_mapped_initial(op, x, initial, mapped, dimensions):
    """`reduce` wants one initial scalar: start from the identity, and combine each example's own after."""
    combine = _combiner(op)
    start = None if combine is None else hlo.identity(combine, x.element_type)
    if combine is None or start is None:
        raise _mapped_initial(op)
    x = x if mapped[0] else spread(x, initial.shape[0])
    given = [x, hlo.constant(start, op.operation.operands[1].type)]
    (reduced,) = hlo.remake(op, given, types=batched_types(op, x.shape[0]), dimensions=dimensions)
    return emit(combine, spread_over(initial, reduced), reduced)


def _combiner(op):
    """The name of the one op that a region applies to its two arguments; None where it does anything else."""
    block = op.operation.regions[0].blocks[0]
    first, *others = block.operations
    whole = len(others) == 1 and list(others[0].operation.operands) == list(first.operation.results)
    both = set(first.operation.operands) == set(block.arguments)
    return first.operation.name if whole and both else None


def _mapped_initial(op):
    name = op.operation.name
    hint = "start from a constant, and combine the mapped value with the result"
    return error_at(
        op, f"the initial value of `{name}` is mapped, and must be the same for all examples", hint=hint
    )


def _inputs(op, operands, mapped, count):
    """The reduced tensors, all of them carrying the batch, and the initial values, which may not."""
    if any(mapped[count:]):
        raise _mapped_initial(op)
    size = next(x.shape[0] for x, flag in zip(operands, mapped, strict=True) if flag)
    xs = [x if flag else spread(x, size) for x, flag in zip(operands[:count], mapped[:count], strict=True)]
    return xs, operands[count:]


@batch("stablehlo.reduce_window", shared=True)
def reduce_window(op, *operands, mapped):
    xs, initial = _inputs(op, operands, mapped, len(op.operation.results))
    return hlo.remake(op, [*xs, *initial], types=batched_types(op, xs[0].shape[0]), **_window(op))


def _window(op):
    """The window's attributes, with a window of one over the batch."""
    changed = {}
    for name in ("window_dimensions", "window_strides", "base_dilations", "window_dilations"):
        if name in op.attributes:
            changed[name] = hlo.i64s([1, *op.attributes[name]])
    if "padding" in op.attributes:
        changed["padding"] = hlo.i64_matrix([[0, 0], *hlo.rows(op.attributes["padding"])])
    return changed


@batch("stablehlo.select_and_scatter", shared=True)
def select_and_scatter(op, x, source, initial, mapped):
    (x, source), (initial,) = _inputs(op, (x, source, initial), mapped, 2)
    return hlo.remake(op, [x, source, initial], types=[x.type], **_window(op))


@batch("stablehlo.sort")
def sort(op, *xs):
    dimension = hlo.i64(op.dimension.value + 1)
    return hlo.remake(op, xs, types=[x.type for x in xs], dimension=dimension)
