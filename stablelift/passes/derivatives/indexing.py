"""Derivatives of indexing: slices at computed places, gather and scatter, sort, top_k.

A gather clamps its indices, a scatter drops what falls outside. So a gather's transpose scatters at clamped
indices, and a scatter's transpose masks what it gathers.
"""

from __future__ import annotations

from typing import Any

from stablelift.ir import hlo
from stablelift.ir.location import error_at
from stablelift.ir.mlir import ir
from stablelift.ir.tensor import Tensor
from stablelift.passes.derivatives.table import (
    IDENTITY,
    NEGATION,
    LinearMap,
    jvp,
    linear_maps,
    operands_of,
    transposition,
    vjp,
)
from stablelift.passes.derivatives.windows import Windows
from stablelift.passes.module import replace


@transposition("stablehlo.dynamic_slice")
def dynamic_slice(op, ct):
    """Both ops clamp their start in the same way."""
    x, *start = operands_of(op)
    return [lambda: hlo.dynamic_update_slice(hlo.zeros_like(x), ct, start), *[None] * len(start)]


@transposition("stablehlo.dynamic_update_slice")
def dynamic_update_slice(op, ct):
    _, update, *start = operands_of(op)
    return [
        lambda: hlo.dynamic_update_slice(ct, hlo.zeros_like(update), start),
        lambda: hlo.dynamic_slice(ct, start, update.shape),
        *[None] * len(start),
    ]


@transposition("stablehlo.gather")
def gather(op, ct):
    x, indices = operands_of(op)
    return lambda: Windows.of_gather(op, x, indices).clamped().add_to(hlo.zeros_like(x), ct), None


@linear_maps("chlo.top_k")
def top_k(op, y, x):
    chosen = Windows.along(x, x.rank - 1, Tensor(op.operation.results[1]))
    return LinearMap(chosen.read, lambda ct: chosen.add_to(hlo.zeros_like(x), ct))


# Sort: the tangents are permuted as their primals are ---------------------------------------------


@jvp("stablehlo.sort")
def sort_jvp(derive, op, tangents):
    order = Windows.along(
        Tensor(op.operation.operands[0]), op.dimension.value, _sorted_with_positions(op)[-1]
    )
    return [None if tangent is None else order.read(tangent) for tangent in tangents]


@vjp("stablehlo.sort")
def sort_vjp(derive, op, cotangents, wanted):
    """The forward sort is replaced by one that also sorts the positions, rather than done again."""
    x, axis, operation = Tensor(op.operation.operands[0]), op.dimension.value, op.operation
    with ir.InsertionPoint(operation):
        *results, positions = _sorted_with_positions(op)
    replace(op, results)
    order = Windows.along(x, axis, positions)
    return [None if ct is None else order.put_in(hlo.zeros_like(ct), ct) for ct in cotangents]


def _sorted_with_positions(op: Any) -> list[Tensor]:
    """The results of the sort, and last the position along the sorted axis from which each element came."""
    axis, operands = op.dimension.value, operands_of(op)
    operands.append(hlo.iota(operands[0].shape, axis, ir.IntegerType.get_signless(32)))
    operation = op.operation
    sort = ir.Operation.create(
        "stablehlo.sort",
        results=[operand.type for operand in operands],
        operands=[operand.value for operand in operands],
        attributes={name: operation.attributes[name] for name in operation.attributes},
        regions=1,
    )
    scalars = [hlo.tensor_type([], operand.element_type) for operand in operands for _ in range(2)]
    block = sort.regions[0].blocks.append(*scalars)
    old = operation.regions[0].blocks[0]
    copies = dict(zip(old.arguments, block.arguments, strict=False))
    with ir.InsertionPoint(block):
        for inner in old.operations:
            copy = inner.operation.clone().operation
            for operand in set(copy.operands):
                if operand in copies:
                    copy.replace_uses_of_with(operand, copies[operand])
            copies.update(zip(inner.operation.results, copy.results, strict=True))
    return [Tensor(result) for result in sort.results]


# Scatter, by the op in its region -----------------------------------------------------------------


@linear_maps("stablehlo.scatter")
def scatter(op, y, *operands):
    block = op.operation.regions[0].blocks[0]
    *ops, terminator = list(block.operations)
    names = [each.operation.name for each in ops]
    if len(operands) == 3:
        x, indices, updates = operands
        windows = Windows.of_scatter(op, x, indices, updates)
        of_x = of_updates = None
        if not names and terminator.operation.operands[0] == block.arguments[1]:
            of_x, of_updates = _set(windows, updates)
        elif len(names) == 1 and names[0] in _SCATTERS and _takes(ops[0], block):
            of_x, of_updates = _SCATTERS[names[0]](op, windows, y, x, updates)
        if of_x is not None:
            return of_x, None, of_updates
    known = ", ".join(f"`{name}`" for name in _SCATTERS)
    raise error_at(
        op, "no derivative rule for a scatter with this region", hint=f"known are {known}, and replacement"
    )


def _takes(op: Any, block: Any) -> bool:
    """Whether the binary op combines the old element with the new one, in this order."""
    return list(op.operation.operands) == list(block.arguments)


def _add(op, windows: Windows, y, x, updates):
    return IDENTITY, LinearMap(lambda t: windows.add_to(hlo.zeros_like(x), t), windows.read)


def _subtract(op, windows: Windows, y, x, updates):
    return NEGATION, LinearMap(lambda t: windows.add_to(hlo.zeros_like(x), -t), lambda ct: -windows.read(ct))


def _multiply(op, windows: Windows, y, x, updates):
    """Where windows overlap, the product of the others is not to be had from gathers (JAX refuses too)."""
    if not op.unique_indices or not op.unique_indices.value:
        hint = "promise unique_indices, or multiply before scattering"
        raise error_at(
            op, "no derivative rule for a multiplying scatter whose windows may overlap", hint=hint
        )
    return lambda: windows.put_in(hlo.constant(1, x.type), updates), lambda: _scaled(
        windows, x, windows.read(x)
    )


def _choose(op, windows: Windows, y, x, updates):
    """Of the old element and all updates of a place, those equal to the result share evenly, as in JAX."""
    element = x.element_type
    kept = hlo.compare(x, "EQ", y)
    won = hlo.compare(updates, "EQ", windows.read(y))
    shares = windows.add_to(hlo.convert(kept, element), hlo.convert(won, element))
    share = 1 / shares
    of_update = hlo.select(won, windows.read(share), hlo.zeros_like(updates))
    return hlo.select(kept, share, hlo.zeros_like(x)), lambda: _scaled(windows, x, of_update)


def _scaled(windows: Windows, x: Tensor, factor: Tensor) -> LinearMap:
    """The map of updates that are added to their places, times `factor`."""
    return LinearMap(
        lambda t: windows.add_to(hlo.zeros_like(x), t * factor), lambda ct: windows.read(ct) * factor
    )


def _set(windows: Windows, updates: Tensor):
    """Of windows that overlap one wins, nobody says which: number the updates, and see whose number is
    there.
    """
    numbers = windows.numbered(updates.shape)
    last = windows.put_in(hlo.constant(0, hlo.tensor_type(windows.shape, numbers.element_type)), numbers)
    untouched = hlo.compare(last, "EQ", 0)
    won = hlo.compare(windows.read(last), "EQ", numbers)

    def kept(t: Tensor) -> Tensor:
        return hlo.select(untouched, t, hlo.zeros_like(t))

    def placed(t: Tensor) -> Tensor:
        winners = hlo.select(won, t, hlo.zeros_like(t))
        return windows.add_to(hlo.constant(0, hlo.tensor_type(windows.shape, t.element_type)), winners)

    def taken(ct: Tensor) -> Tensor:
        found = windows.read(ct)
        return hlo.select(won, found, hlo.zeros_like(found))

    return LinearMap(kept, kept), LinearMap(placed, taken)


_SCATTERS = {
    "stablehlo.add": _add,
    "stablehlo.subtract": _subtract,
    "stablehlo.multiply": _multiply,
    "stablehlo.maximum": _choose,
    "stablehlo.minimum": _choose,
}
