"""Batching of sharding constraints: they divide the batch as the map says, or leave it to the partitioner."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from stablelift.ir import hlo
from stablelift.ir.location import error_at
from stablelift.ir.mesh import meshes_by_name
from stablelift.ir.mlir import sdy
from stablelift.ir.tensor import Tensor
from stablelift.passes.batching.batcher import Batcher
from stablelift.passes.batching.table import Mapped, all_results, batch, batch_structure, results_mapped

results_mapped("sdy.sharding_constraint")(all_results)


@batch_structure("sdy.sharding_constraint")
def batch_sharding_constraint(batcher: Batcher, op: Any, operands: list[Tensor], _: Mapped) -> list[Tensor]:
    old = sdy.TensorShardingAttr(op.attributes["sharding"])
    dimensions = list(map(sdy.DimensionShardingAttr, old.dimension_shardings))
    of_type = _is_of_type(old, dimensions)
    names = batcher.mesh_axes if of_type else batcher.spmd_axis_name
    used = {sdy.AxisRefAttr(axis).name for dimension in dimensions for axis in dimension.axes}
    if both := used.intersection(names):
        what = f"a sharding constraint uses axes of a mesh, {_named(both)}, as the map around it does"
        raise error_at(op, what, hint=f"the map has spmd_axis_name: {_named(names)}; let it have another one")
    mesh = getattr(old.mesh_or_ref, "value", "")
    known = meshes_by_name(batcher.functions.module).get(mesh, names) if names else ()
    require_axes(names, known, op, "a sharding constraint")
    axes = [sdy.AxisRefAttr.get(name) for name in names]
    batch_axis = sdy.DimensionShardingAttr.get(axes, is_closed=bool(names) and not of_type)
    # Each example is whole along the axes that tell examples apart.
    replicated = [axis for axis in old.replicated_axes if sdy.AxisRefAttr(axis).name not in names]
    sharding = sdy.TensorShardingAttr.get(
        old.mesh_or_ref, [batch_axis, *dimensions], replicated, list(old.unreduced_axes)
    )
    return hlo.remake(op, operands, sharding=sharding)


def require_axes(names: Iterable[str], known: Iterable[str], op: Any, what: str) -> None:
    """Raise a LiftError where a map around something on a mesh names axes that the mesh lacks."""
    if unknown := set(names).difference(known):
        found = f"the map around {what} has spmd_axis_name: {_named(unknown)}"
        raise error_at(op, found, hint=f"axes of the mesh are {_named(known)}")


def _is_of_type(sharding: Any, dimensions: Iterable[Any]) -> bool:
    """Whether JAX has written a constraint because a type says so, on a mesh of which some axes are in types:
    these divide an array or do not, the others may.
    """
    return bool(list(sharding.replicated_axes)) or any(one.axes and not one.is_closed for one in dimensions)


def _named(axes: Iterable[str]) -> str:
    return ", ".join(f"`{axis}`" for axis in sorted(axes))


@batch("sdy.propagation_barrier")
def propagation_barrier(op, x):
    return hlo.remake(op, [x], types=[x.type])
