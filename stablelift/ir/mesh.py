"""Meshes of devices in a module: `sdy.mesh @mesh = <["data"=2, "model"=4]>` names the axes of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from stablelift.ir.mlir import ir, sdy, walk

Mesh = dict[str, int]
"""The sizes of a mesh's axes by name, the slowest first: devices are numbered in row-major order."""


class Surroundings(NamedTuple):
    """The mesh whose devices each run a whole module, and the axes of it along which they do.

    Along its other axes a partitioner divides what they do together.
    """

    mesh: Mesh
    manual_axes: tuple[str, ...]


MANUAL = "sdy.manual_computation"
"""The op that has each device of a mesh run a function on its parts of the operands."""

CHECKS_VARYING = "lift.checks_varying"
"""A mark on one whose function says where a value becomes the same on all devices, and one of each."""

_OURS = "lift_mesh"
_MANUAL_AXES = "lift.manual_axes"


def meshes_by_name(module: ir.Module) -> dict[str, Mesh]:
    """The meshes of a module by symbol name."""
    found: list[Any] = [op.operation for op in module.body.operations if op.operation.name == "sdy.mesh"]
    return {op.attributes["sym_name"].value: _axes_of(op.attributes["mesh"]) for op in found}


def _axes_of(attribute: Any) -> Mesh:
    axes = map(sdy.MeshAxisAttr, sdy.MeshAttr(attribute).axes)
    return {axis.name: axis.size for axis in axes}


def add_mesh(module: ir.Module, mesh: Mapping[str, int], manual_axes: Sequence[str] = ()) -> None:
    """Name a mesh in a module. Along its `manual_axes` each device runs all of the module."""
    known = meshes_by_name(module)
    if mesh in known.values() and not manual_axes:
        return
    with module.context, ir.Location.unknown(), ir.InsertionPoint.at_block_begin(module.body):
        axes = [sdy.MeshAxisAttr.get(name, size) for name, size in mesh.items()]
        op = sdy.MeshOp(f"{_OURS}_{len(known)}", sdy.MeshAttr.get(axes))
        if manual_axes:
            op.attributes[_MANUAL_AXES] = ir.ArrayAttr.get([*map(ir.StringAttr.get, manual_axes)])


def manual_axes_of(module: ir.Module) -> set[str]:
    """The axes along which each device runs all of a module."""
    found: list[Any] = [op.attributes for op in module.body.operations if _MANUAL_AXES in op.attributes]
    return {axis.value for attributes in found for axis in attributes[_MANUAL_AXES]}


def drop_surroundings(module: ir.Module) -> None:
    """Remove the mesh along whose axes each device runs all of a module, unless something refers to it."""
    ours: list[Any] = [op for op in module.body.operations if _MANUAL_AXES in op.attributes]
    used = [str(op.attributes["out_shardings"]) for op in walk(module.operation, MANUAL)] if ours else []
    for op in ours:
        del op.attributes[_MANUAL_AXES]
        if not any(f"<@{op.attributes['sym_name'].value}," in shardings for shardings in used):
            op.operation.erase()
