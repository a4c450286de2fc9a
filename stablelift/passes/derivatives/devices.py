"""Derivatives of collectives between devices: each transpose is taken over all devices together.

So a sum that every device gets is its own transpose: the gradient is that of the sum of what the devices
return. The groups and channels of an op are those of its derivative.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stablelift.ir import attr, hlo
from stablelift.ir.location import error_at
from stablelift.ir.mlir import ir
from stablelift.ir.region import combined_by, fill
from stablelift.ir.tensor import Tensor, emit
from stablelift.ir.types import i1, tensor_type
from stablelift.passes.derivatives.sweeps import Derive
from stablelift.passes.derivatives.table import (
    LinearMap,
    Tangents,
    instantiate,
    jvp,
    operands_of,
    results_of,
    transposition,
    vjp,
)

_GROUPS = ("replica_groups", "channel_handle", "use_global_device_ids")


def _exchange(op: Any, name: str, x: Tensor, type: Any, *, sums: bool = False, **attributes: Any) -> Tensor:
    """The collective `name` of `x` in the groups of `op`."""
    kept = {key: op.operation.attributes[key] for key in _GROUPS if key in op.operation.attributes}
    new = ir.Operation.create(
        name, results=[type], operands=[x.value], attributes=kept | attributes, regions=int(sums)
    )
    if sums:
        scalar = tensor_type([], x.element_type)
        fill(new.regions[0], [scalar] * 2, lambda both: [emit("stablehlo.add", *both)])
    return Tensor(new.result)


def _sum(op: Any, x: Tensor) -> Tensor:
    return _exchange(op, "stablehlo.all_reduce", x, x.type, sums=True)


# Reductions ---------------------------------------------------------------------------------------


def _reducing(op: Any, *known: str) -> str:
    """What the region of `op` combines by, one of `known`.

    Raises:
      LiftError: It is another.
    """
    combine = combined_by(op.operation.regions[0].blocks[0])
    if combine in known:
        return combine
    names = ", ".join(f"`{name}`" for name in known)
    what = f"no derivative rule for a `{op.operation.name}` with this region"
    raise error_at(op, what, hint=f"known are {names}")


@jvp("stablehlo.all_reduce")
def all_reduce_jvp(derive: Derive, op: Any, tangents: Tangents) -> Tangents:
    maps = _reductions(op)
    return [t if t is None else each.apply(t) for each, t in zip(maps, tangents, strict=True)]


@vjp("stablehlo.all_reduce")
def all_reduce_vjp(derive: Derive, op: Any, cotangents: Tangents, wanted: Sequence[bool]) -> Tangents:
    maps = _reductions(op)
    return [ct if ct is None else each.transpose(ct) for each, ct in zip(maps, cotangents, strict=True)]


def _reductions(op: Any) -> list[LinearMap]:
    """A map for each operand; devices whose value is the greatest, or the least, share evenly."""
    if _reducing(op, "stablehlo.add", "stablehlo.maximum", "stablehlo.minimum") == "stablehlo.add":
        total = LinearMap(lambda t: _sum(op, t), lambda ct: _sum(op, ct))
        return [total] * len(op.operation.results)

    def choice(x: Tensor, y: Tensor) -> LinearMap:
        def share() -> Tensor:
            chosen = hlo.convert(hlo.compare(x, "EQ", y), x.element_type)
            return chosen / _sum(op, chosen)

        return LinearMap(lambda t: _sum(op, t * share()), lambda ct: _sum(op, ct) * share())

    return [choice(x, y) for x, y in zip(operands_of(op), results_of(op), strict=True)]


@transposition("stablehlo.reduce_scatter")
def reduce_scatter(op, ct):
    axis = op.scatter_dimension.value
    return _exchange(op, "stablehlo.all_gather", ct, op.operand.type, all_gather_dim=attr.i64(axis))


# Movement -----------------------------------------------------------------------------------------


def _each(op: Any, values: Tangents, emit: Any) -> Tangents:
    return [
        None if value is None else emit(value, x) for value, x in zip(values, operands_of(op), strict=True)
    ]


@jvp("stablehlo.all_gather", "stablehlo.all_to_all")
def exchange_jvp(derive: Derive, op: Any, tangents: Tangents) -> Tangents:
    moved = [instantiate(t, x) for t, x in zip(tangents, operands_of(op), strict=True)]
    return hlo.remake(op, moved, types=[result.type for result in op.operation.results])


@vjp("stablehlo.all_gather")
def all_gather_vjp(derive: Derive, op: Any, cotangents: Tangents, wanted: Sequence[bool]) -> Tangents:
    """Each device takes the sum, over all of its group, of the cotangents of what it gave."""
    axis = attr.i64(op.all_gather_dim.value)

    def back(ct: Tensor, x: Tensor) -> Tensor:
        name = "stablehlo.reduce_scatter"
        return _exchange(op, name, ct, x.type, sums=True, scatter_dimension=axis)

    return _each(op, cotangents, back)


@vjp("stablehlo.all_to_all")
def all_to_all_vjp(derive: Derive, op: Any, cotangents: Tangents, wanted: Sequence[bool]) -> Tangents:
    found = op.operation.attributes
    turned = {
        "split_dimension": found["concat_dimension"],
        "concat_dimension": found["split_dimension"],
        "split_count": found["split_count"],
    }
    return _each(op, cotangents, lambda ct, x: _exchange(op, "stablehlo.all_to_all", ct, x.type, **turned))


@transposition("stablehlo.collective_permute")
def collective_permute(op, ct):
    back = [[target, source] for source, target in attr.rows(op.source_target_pairs)]
    (found,) = hlo.remake(op, [ct], types=[ct.type], source_target_pairs=attr.matrix(back))
    return found


@transposition("stablehlo.collective_broadcast")
def collective_broadcast(op, ct):
    """The first device of each group gave what all of it got; the others gave nothing."""
    channel = (
        op.operation.attributes["channel_handle"] if "channel_handle" in op.operation.attributes else None
    )
    across_partitions = channel is not None and "handle = 0" not in str(channel)
    name = "stablehlo.partition_id" if across_partitions else "stablehlo.replica_id"
    here = emit(name)
    gives = hlo.constant(False, tensor_type([], i1()))
    for group in attr.rows(op.replica_groups):
        gives = hlo.logical_or(gives, hlo.compare(here, "EQ", group[0]))
    total = _sum(op, ct)
    return hlo.select(gives, total, hlo.zeros_like(total))
