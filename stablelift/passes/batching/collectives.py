"""Batching of collectives: over the mapped axis they are reductions and movement of the batch axis.

Over another axis they wait for the map that names it, and the batch is one more axis of their data.
"""

from __future__ import annotations

from typing import Any

from stablelift.ir import attr, hlo
from stablelift.ir.indexing import gather, gather_dimensions
from stablelift.ir.lift import attributes_of
from stablelift.ir.location import error_at
from stablelift.ir.reduction import identity_of, reduce
from stablelift.ir.tensor import Tensor, emit
from stablelift.ir.types import i32, tensor_type
from stablelift.passes.batching.batcher import Batcher
from stablelift.passes.batching.table import Mapped, batch_structure, extent, results_mapped, spread
from stablelift.passes.structure import remake_lift

_COLLECTIVES = {
    "lift.psum": "stablehlo.add",
    "lift.psum_invariant": "stablehlo.add",
    "lift.pmax": "stablehlo.maximum",
    "lift.pmin": "stablehlo.minimum",
}


def _is_ours(batcher: Batcher, op: Any) -> bool:
    """Whether the collective is over the mapped axis.

    Raises:
      LiftError: It is one of groups along that axis, which JAX does not have either.
    """
    attributes = attributes_of(op)
    is_ours = batcher.axis_name in attributes["axis_name"]
    if is_ours and "groups" in attributes:
        what = f"`{op.operation.name}` over a mapped axis, `{batcher.axis_name}`, in groups"
        hint = "axis_index_groups are for axes of devices; map over two axes, of which one is the group"
        raise error_at(op, what, hint=hint)
    return is_ours


def _other_names(batcher: Batcher, op: Any) -> list[str]:
    return [name for name in attributes_of(op)["axis_name"] if name != batcher.axis_name]


def _refuse_several(op: Any) -> None:
    names = attributes_of(op)["axis_name"]
    if len(names) > 1:
        hint = "apply it to one axis after the other"
        raise error_at(op, f"`{op.operation.name}` over several mapped axes: {', '.join(names)}", hint=hint)


# Reductions: what all examples share afterwards ---------------------------------------------------


@results_mapped(*_COLLECTIVES)
def reduction_results_mapped(batcher: Batcher, op: Any, mapped: Mapped) -> list[bool]:
    return [False] * len(mapped) if _is_ours(batcher, op) else list(mapped)


@batch_structure(*_COLLECTIVES, any_size=True)
def reduction(batcher: Batcher, op: Any, operands: list[Tensor], mapped: Mapped) -> list[Tensor]:
    if not _is_ours(batcher, op):
        return remake_lift(op, operands, {})
    combine = _COLLECTIVES[op.operation.name]
    reduced = [
        _reduced(x, combine) if flag else _times(batcher.size, x) if combine == "stablehlo.add" else x
        for x, flag in zip(operands, mapped, strict=True)
    ]
    others = _other_names(batcher, op)
    return remake_lift(op, reduced, {}, axis_name=others) if others else reduced


def _times(size: int, x: Tensor) -> Tensor:
    """The sum of as many as there are examples."""
    if size >= 0:
        return x * size
    count = hlo.convert(hlo.reshape(extent(size), ()), x.element_type)
    return x * hlo.broadcast_in_dim(count, x.shape, (), like=x)


def _reduced(x: Tensor, combine: str) -> Tensor:
    start: Any = identity_of(combine, x.element_type)  # every op of `_COLLECTIVES` has one
    return reduce(x, [0], combine, start)


@results_mapped("lift.pvary")
def pvary_results_mapped(batcher: Batcher, op: Any, mapped: Mapped) -> list[bool]:
    return list(mapped)


@batch_structure("lift.pvary")
def pvary(batcher: Batcher, op: Any, operands: list[Tensor], mapped: Mapped) -> list[Tensor]:
    others = _other_names(batcher, op)
    return remake_lift(op, operands, {}, axis_name=others) if others else operands


# Positions ----------------------------------------------------------------------------------------


@results_mapped("lift.axis_index")
def axis_index_results_mapped(batcher: Batcher, op: Any, mapped: Mapped) -> list[bool]:
    return [True]


@batch_structure("lift.axis_index", any_size=True)
def axis_index(batcher: Batcher, op: Any, operands: list[Tensor], mapped: Mapped) -> list[Tensor]:
    _refuse_several(op)
    if batcher.size >= 0:
        return [hlo.iota([batcher.size], 0, i32())]
    attributes = {"iota_dimension": attr.i64(0)}
    type = tensor_type([batcher.size], i32())
    return [emit("stablehlo.dynamic_iota", extent(batcher.size), attributes=attributes, type=type)]


# Movement -----------------------------------------------------------------------------------------


@results_mapped("lift.all_gather")
def all_gather_results_mapped(batcher: Batcher, op: Any, mapped: Mapped) -> list[bool]:
    return [False] if _is_ours(batcher, op) else list(mapped)


@batch_structure("lift.all_gather")
def all_gather(batcher: Batcher, op: Any, operands: list[Tensor], mapped: Mapped) -> list[Tensor]:
    attributes = attributes_of(op)
    dimension = attributes["dimension"]
    if not _is_ours(batcher, op):
        return remake_lift(op, operands, {}, dimension=dimension + 1)
    _refuse_several(op)
    x = operands[0] if mapped[0] else spread(operands[0], batcher.size)
    found = hlo.move_axis(x, 0, dimension)
    return [hlo.reshape(found, op.operation.results[0].type.shape)]


@results_mapped("lift.ppermute", "lift.all_to_all")
def exchange_results_mapped(batcher: Batcher, op: Any, mapped: Mapped) -> list[bool]:
    return [True]


@batch_structure("lift.ppermute")
def ppermute(batcher: Batcher, op: Any, operands: list[Tensor], mapped: Mapped) -> list[Tensor]:
    """Each target takes its source's value; a position that is no target has zeros."""
    if not _is_ours(batcher, op):
        return remake_lift(op, operands, {})
    _refuse_several(op)
    x = operands[0] if mapped[0] else spread(operands[0], batcher.size)
    i32 = hlo.index(0).element_type
    source_of = {target: source for source, target in attributes_of(op)["permutation"]}
    sources = hlo.vector([source_of.get(target, 0) for target in range(batcher.size)], i32)
    numbers = gather_dimensions(
        offset_dims=list(range(1, x.rank)), collapsed_slice_dims=[0], start_index_map=[0], index_vector_dim=1
    )
    moved = gather(x, hlo.reshape(sources, (batcher.size, 1)), numbers, [1, *x.shape[1:]])
    if len(source_of) == batcher.size:
        return [moved]
    is_target = hlo.vector([int(target in source_of) for target in range(batcher.size)], i32)
    predicate = hlo.broadcast_in_dim(hlo.compare(is_target, "EQ", 1), x.shape, [0])
    return [hlo.select(predicate, moved, hlo.zeros_like(moved))]


@batch_structure("lift.all_to_all")
def all_to_all(batcher: Batcher, op: Any, operands: list[Tensor], mapped: Mapped) -> list[Tensor]:
    """The pieces of the split axis become the batch, the batch becomes (the slow part of) the other axis."""
    attributes = attributes_of(op)
    split, concat = attributes["split_axis"], attributes["concat_axis"]
    if not _is_ours(batcher, op):
        return remake_lift(op, operands, {}, split_axis=split + 1, concat_axis=concat + 1)
    _refuse_several(op)
    size = batcher.size
    x = operands[0] if mapped[0] else spread(operands[0], size)
    if attributes["tiled"]:
        shape = list(x.shape)
        shape[split + 1 : split + 2] = [size, shape[split + 1] // size]
        x = hlo.reshape(x, shape)
    rest = [axis for axis in range(1, x.rank) if axis != split + 1]
    rest.insert(concat, 0)
    exchanged = hlo.transpose(x, [split + 1, *rest])
    return [hlo.reshape(exchanged, (size, *op.operation.results[0].type.shape))]
