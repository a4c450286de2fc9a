"""Meshes of devices in a module: `sdy.mesh @mesh = <["data"=2, "model"=4]>` names the axes of one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stablelift.ir.mlir import ir, sdy

Mesh = dict[str, int]
"""The sizes of a mesh's axes by name, the slowest first: devices are numbered in row-major order."""

MANUAL = "sdy.manual_computation"
"""The op that has each device of a mesh run a function on its parts of the operands."""

CHECKS_VARYING = "lift.checks_varying"
"""A mark on one whose function says where a value becomes the same on all devices, and one of each."""

_OURS = "lift_mesh"


def meshes_by_name(module: ir.Module) -> dict[str, Mesh]:
    """The meshes of a module by symbol name."""
    found: list[Any] = [op.operation for op in module.body.operations if op.operation.name == "sdy.mesh"]
    return {op.attributes["sym_name"].value: _axes_of(op.attributes["mesh"]) for op in found}


def _axes_of(attribute: Any) -> Mesh:
    axes = map(sdy.MeshAxisAttr, sdy.MeshAttr(attribute).axes)
    return {axis.name: axis.size for axis in axes}


def add_mesh(module: ir.Module, mesh: Mapping[str, int]) -> None:
    """Name a mesh in a module, each of whose devices runs all of it."""
    with module.context, ir.Location.unknown(), ir.InsertionPoint.at_block_begin(module.body):
        axes = [sdy.MeshAxisAttr.get(name, size) for name, size in mesh.items()]
        sdy.MeshOp(_OURS, sdy.MeshAttr.get(axes))


def drop_mesh(module: ir.Module) -> None:
    """Remove what `add_mesh` has named, once nothing asks for it."""
    for op in list(module.body.operations):
        if op.operation.name == "sdy.mesh" and op.attributes["sym_name"].value == _OURS:
            op.operation.erase()
