"""Batching of sharding constraints: they leave the batch to the partitioner."""

from __future__ import annotations

from stablelift.ir import hlo
from stablelift.ir.mlir import sdy
from stablelift.passes.batching.table import batch


@batch("sdy.sharding_constraint")
def sharding_constraint(op, x):
    old = sdy.TensorShardingAttr(op.attributes["sharding"])
    open_axis = sdy.DimensionShardingAttr.get([], is_closed=False)
    dimensions = [open_axis, *old.dimension_shardings]
    sharding = sdy.TensorShardingAttr.get(
        old.mesh_or_ref, dimensions, list(old.replicated_axes), list(old.unreduced_axes)
    )
    return hlo.remake(op, [x], sharding=sharding)


@batch("sdy.propagation_barrier")
def propagation_barrier(op, x):
    return hlo.remake(op, [x], types=[x.type])
