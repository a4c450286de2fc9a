"""Derivatives of indexing: slices at computed places, gather, sort, top_k. Scatters are in `scattering.py`.

A gather clamps its indices, a scatter drops what falls outside: a gather's transpose scatters at clamped
indices.
"""

from __future__ import annotations

from typing import Any

from stablelift.ir import hlo
from stablelift.ir.mlir import ir
from stablelift.ir.region import copy_block, fill, returned
from stablelift.ir.tensor import Tensor
from stablelift.ir.types import i32, tensor_type
from stablelift.passes.derivatives.table import (
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
    order = _ordered(op)
    return [None if tangent is None else order.read(tangent) for tangent in tangents]


@vjp("stablehlo.sort")
def sort_vjp(derive, op, cotangents, wanted):
    operands, order = operands_of(op), _ordered(op)
    return [
        None if ct is None else order.put_in(hlo.zeros_like(x), ct)
        for x, ct in zip(operands, cotangents, strict=True)
    ]


def _ordered(op: Any) -> Windows:
    """Where each element came from. The sort is replaced by one that sorts the positions too: where elements
    are equal, two sorts that are not stable might order them differently.
    """
    x, axis, operation = Tensor(op.operation.operands[0]), op.dimension.value, op.operation
    with ir.InsertionPoint(operation):
        *results, positions = _sorted_with_positions(op)
    replace(op, results)
    return Windows.along(x, axis, positions)


def _sorted_with_positions(op: Any) -> list[Tensor]:
    """The results of the sort, and last the position along the sorted axis from which each element came."""
    axis, operands = op.dimension.value, operands_of(op)
    operands.append(hlo.iota(operands[0].shape, axis, i32()))
    operation = op.operation
    sort = ir.Operation.create(
        "stablehlo.sort",
        results=[operand.type for operand in operands],
        operands=[operand.value for operand in operands],
        attributes={name: operation.attributes[name] for name in operation.attributes},
        regions=1,
    )
    scalars = [tensor_type([], operand.element_type) for operand in operands for _ in range(2)]
    old = operation.regions[0].blocks[0]
    fill(sort.regions[0], scalars, lambda each: copy_block(old, each[:-2], returned(old)))
    return [Tensor(result) for result in sort.results]
