"""Collectives that no map has resolved: between the devices of the mesh that has their axes.

A module that each device of a mesh runs names the mesh (`ir/mesh.py`), as does one with a part that they run
(`sdy.manual_computation`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from stablelift.ir import hlo
from stablelift.ir.lift import attributes_of
from stablelift.ir.location import error_at
from stablelift.ir.mesh import MANUAL, Mesh, manual_axes_of, meshes_by_name
from stablelift.ir.mlir import ir, walk
from stablelift.ir.region import fill
from stablelift.ir.tensor import Tensor, emit
from stablelift.passes.callgraph import callees, callees_first
from stablelift.passes.lower.table import lowers
from stablelift.passes.manual import Manual, make, manual_axes
from stablelift.passes.module import Functions
from stablelift.passes.structure import define

_REDUCTIONS = {
    "lift.psum": "stablehlo.add",
    "lift.psum_invariant": "stablehlo.add",
    "lift.pmax": "stablehlo.maximum",
    "lift.pmin": "stablehlo.minimum",
}


def _mesh_of(functions: Functions, op: Any) -> tuple[str, Mesh, list[str]]:
    """The mesh that has the axes of a collective, and its name, and these.

    Raises:
      LiftError: There is none, or there are several which number their devices in other ways.
    """
    names = attributes_of(op)["axis_name"]
    having = [
        (name, mesh) for name, mesh in meshes_by_name(functions.module).items() if set(names) <= mesh.keys()
    ]
    spelled = ", ".join(f"`{name}`" for name in names)
    if not having:
        hint = "name the axis where the function is mapped, as in vmap(f, axis_name=...)"
        raise error_at(op, f"`{op.operation.name}` over {spelled}, which no enclosing map names", hint=hint)
    if any(_groups(mesh, names) != _groups(having[0][1], names) for _, mesh in having):
        hint = "give the axes of different meshes different names"
        raise error_at(op, f"`{op.operation.name}` over {spelled}, which several meshes have", hint=hint)
    return *having[0], names


def _groups(mesh: Mesh, names: Sequence[str]) -> list[list[int]]:
    """The devices that exchange along the axes, in the order of their positions; a list for each group."""
    axes = [list(mesh).index(name) for name in names]
    devices = np.arange(math.prod(mesh.values())).reshape(list(mesh.values()))
    size = math.prod(mesh[name] for name in names)
    return np.moveaxis(devices, axes, range(len(axes))).reshape(size, -1).T.tolist()


def _exchange(
    functions: Functions, name: str, op: Any, x: Tensor, type: Any, regions: int = 0, **attributes: Any
) -> ir.Operation:
    """The exchange `name` between devices, as JAX emits it: devices are partitions of one program."""
    _, mesh, names = _mesh_of(functions, op)
    given = {
        "replica_groups": hlo.i64_matrix(_groups(mesh, names)),
        "channel_handle": _channel(),
    } | attributes
    return ir.Operation.create(name, results=[type], operands=[x.value], attributes=given, regions=regions)


def _channel() -> ir.Attribute:
    return ir.Attribute.parse("#stablehlo.channel_handle<handle = 1, type = 1>")


def _is_alone(functions: Functions, op: Any) -> bool:
    """Whether there is one device along the axes of a collective, so that nothing is exchanged."""
    _, mesh, names = _mesh_of(functions, op)
    return math.prod(mesh[name] for name in names) == 1


@lowers(*_REDUCTIONS)
def reduction(functions: Functions, op: Any) -> list[Tensor]:
    if _is_alone(functions, op):
        return pvary(functions, op)
    found: list[Tensor] = []
    for x in map(Tensor, op.operation.operands):
        new = _exchange(
            *(functions, "stablehlo.all_reduce", op, x, x.type, 1), use_global_device_ids=ir.UnitAttr.get()
        )
        scalar = hlo.tensor_type([], x.element_type)
        combine = _REDUCTIONS[op.operation.name]
        fill(new.regions[0], [scalar] * 2, lambda both, combine=combine: [emit(combine, *both)])
        found.append(Tensor(new.result))
    return found


@lowers("lift.pvary")
def pvary(functions: Functions, op: Any) -> list[Tensor]:
    return [Tensor(operand) for operand in op.operation.operands]


@lowers("lift.axis_index")
def axis_index(functions: Functions, op: Any) -> list[Tensor]:
    """Positions along several axes count like digits, those along the last one fastest.

    The number of a device is only defined where it runs on its own along all axes of its mesh.
    """
    if _is_alone(functions, op):
        return [hlo.index(0)]
    name, mesh, names = _mesh_of(functions, op)
    others = mesh.keys() - manual_axes_of(functions.module) - _manual_axes_around(functions, op)
    if not others:
        return [_position(mesh, names)]
    function = define(functions, "axis_index", [], lambda _: [_position(mesh, names)])
    alone = Manual(name, mesh, tuple(sorted(others)), (), ((),), is_checked=False)
    return make(alone, [], function, alone.inputs, alone.outputs)


def _manual_axes_around(functions: Functions, op: Any) -> set[str]:
    """The axes of what each device runs on its own, if that holds the op, or a call of its function."""
    function = op.operation
    while function.name != "func.func":
        function = function.parent.operation
    name = function.attributes["sym_name"].value
    found: set[str] = set()
    for manual in walk(functions.module.operation, MANUAL):
        inside = walk(manual)
        called = callees_first(functions.by_name, [each for one in inside for each in callees(one)])
        if op.operation in inside or name in called:
            found.update(manual_axes(manual))
    return found


def _position(mesh: Mesh, names: Sequence[str]) -> Tensor:
    device = hlo.convert(emit("stablehlo.partition_id"), ir.IntegerType.get_signless(32))
    total = hlo.index(0)
    for name in names:
        below = math.prod(list(mesh.values())[list(mesh).index(name) + 1 :])
        position = emit("stablehlo.remainder", device / below, hlo.index(mesh[name]))
        total = total * mesh[name] + position
    return total


@lowers("lift.all_gather")
def all_gather(functions: Functions, op: Any) -> list[Tensor]:
    attributes, x = attributes_of(op), Tensor(op.operation.operands[0])
    axis = attributes["dimension"]
    if not attributes["tiled"]:
        x = hlo.reshape(x, [*x.shape[:axis], 1, *x.shape[axis:]])
    type = op.operation.results[0].type
    if _is_alone(functions, op):
        return [x]
    options = {"all_gather_dim": hlo.i64(axis), "use_global_device_ids": ir.UnitAttr.get()}
    return [Tensor(_exchange(functions, "stablehlo.all_gather", op, x, type, **options).result)]


@lowers("lift.ppermute")
def ppermute(functions: Functions, op: Any) -> list[Tensor]:
    _, mesh, names = _mesh_of(functions, op)
    x, permutation = Tensor(op.operation.operands[0]), attributes_of(op)["permutation"]
    pairs = [
        [group[source], group[target]] for group in _groups(mesh, names) for source, target in permutation
    ]
    if not pairs:
        return [hlo.zeros_like(x)]
    if _is_alone(functions, op):
        return [x]
    attributes = {"source_target_pairs": hlo.i64_matrix(pairs), "channel_handle": _channel()}
    return [emit("stablehlo.collective_permute", x, attributes=attributes, type=x.type)]


@lowers("lift.all_to_all")
def all_to_all(functions: Functions, op: Any) -> list[Tensor]:
    """Where it is not tiled, the axis of pieces goes, and one of the pieces that arrive comes."""
    attributes, x = attributes_of(op), Tensor(op.operation.operands[0])
    split, concat = attributes["split_axis"], attributes["concat_axis"]
    type = op.operation.results[0].type
    if not attributes["tiled"]:
        x = hlo.move_axis(x, split, 0)
        return [hlo.move_axis(_exchanged_pieces(functions, op, x, 0, 0, x.type), 0, concat)]
    return [_exchanged_pieces(functions, op, x, split, concat, type)]


def _exchanged_pieces(functions: Functions, op: Any, x: Tensor, split: int, concat: int, type: Any) -> Tensor:
    if _is_alone(functions, op):
        return x
    options: dict[str, Any] = {
        "split_dimension": hlo.i64(split),
        "concat_dimension": hlo.i64(concat),
        "split_count": hlo.i64(attributes_of(op)["axis_size"]),
    }
    return Tensor(_exchange(functions, "stablehlo.all_to_all", op, x, type, **options).result)
