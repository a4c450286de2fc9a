"""Collectives that no map has resolved: between the devices of the mesh that has their axes.

A module that each device of a mesh runs names the mesh (`ir/mesh.py`), as does one with a part that they run
(`sdy.manual_computation`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from stablelift.ir import attr, hlo
from stablelift.ir.lift import attributes_of
from stablelift.ir.location import error_at
from stablelift.ir.mesh import MANUAL, Mesh, manual_axes_of, meshes_by_name
from stablelift.ir.mlir import ir, walk
from stablelift.ir.region import fill
from stablelift.ir.tensor import Tensor, emit
from stablelift.ir.types import i32, tensor_type
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


class _Site(NamedTuple):
    """Between which devices a collective exchanges: all along the axes, or those of groups of positions."""

    mesh_name: str
    mesh: Mesh
    names: list[str]
    within: Sequence[Sequence[int]] | None = None

    @property
    def is_alone(self) -> bool:
        """Whether there is one device along the axes, so that nothing is exchanged."""
        return math.prod(self.mesh[name] for name in self.names) == 1

    @property
    def groups(self) -> list[list[int]]:
        """The devices that exchange, in the order of their positions along the axes: a list per group."""
        axes = [list(self.mesh).index(name) for name in self.names]
        devices = np.arange(math.prod(self.mesh.values())).reshape(list(self.mesh.values()))
        size = math.prod(self.mesh[name] for name in self.names)
        lines = np.moveaxis(devices, axes, range(len(axes))).reshape(size, -1).T.tolist()
        within = self.within or [range(size)]
        return [[line[position] for position in group] for line in lines for group in within]


def _site_of(functions: Functions, op: Any) -> _Site:
    """The mesh that has the axes of a collective, and these.

    Raises:
      LiftError: There is none, or there are several which number their devices in other ways.
    """
    attributes = attributes_of(op)
    names, within = attributes["axis_name"], attributes.get("groups")
    meshes = meshes_by_name(functions.module).items()
    sites = [_Site(name, mesh, names, within) for name, mesh in meshes if set(names) <= mesh.keys()]
    spelled = ", ".join(f"`{name}`" for name in names)
    if not sites:
        hint = "name the axis where the function is mapped, as in vmap(f, axis_name=...)"
        raise error_at(op, f"`{op.operation.name}` over {spelled}, which no enclosing map names", hint=hint)
    if any(site.groups != sites[0].groups for site in sites[1:]):
        hint = "give the axes of different meshes different names"
        raise error_at(op, f"`{op.operation.name}` over {spelled}, which several meshes have", hint=hint)
    return sites[0]


def _exchange(site: _Site, name: str, x: Tensor, type: Any, regions: int = 0, **attributes: Any) -> Any:
    """The exchange `name` between devices, as JAX emits it: devices are partitions of one program."""
    given = {"replica_groups": _padded(site.groups), "channel_handle": _channel()} | attributes
    return ir.Operation.create(name, results=[type], operands=[x.value], attributes=given, regions=regions)


def _padded(groups: Sequence[Sequence[int]]) -> ir.Attribute:
    """Groups as one matrix, as StableHLO has them: -1 fills those that are smaller than others."""
    width = max(map(len, groups))
    return attr.matrix([[*group, *[-1] * (width - len(group))] for group in groups])


def _channel() -> ir.Attribute:
    return ir.Attribute.parse("#stablehlo.channel_handle<handle = 1, type = 1>")


@lowers(*_REDUCTIONS)
def reduction(functions: Functions, op: Any) -> list[Tensor]:
    site, xs = _site_of(functions, op), list(map(Tensor, op.operation.operands))
    combine = _REDUCTIONS[op.operation.name]
    return xs if site.is_alone else [_combined(site, x, combine) for x in xs]


def _combined(site: _Site, x: Tensor, combine: str) -> Tensor:
    op = _exchange(site, "stablehlo.all_reduce", x, x.type, 1, use_global_device_ids=ir.UnitAttr.get())
    fill(op.regions[0], [tensor_type([], x.element_type)] * 2, lambda both: [emit(combine, *both)])
    return Tensor(op.result)


@lowers("lift.pvary")
def pvary(functions: Functions, op: Any) -> list[Tensor]:
    return [Tensor(operand) for operand in op.operation.operands]


@lowers("lift.axis_index")
def axis_index(functions: Functions, op: Any) -> list[Tensor]:
    """Positions along several axes count like digits, those along the last one fastest.

    The number of a device is only defined where it runs on its own along all axes of its mesh.
    """
    site = _site_of(functions, op)
    if site.is_alone:
        return [hlo.index(0)]
    others = site.mesh.keys() - manual_axes_of(functions.module) - _manual_axes_around(functions, op)
    if not others:
        return [_position(site)]
    function = define(functions, "axis_index", [], lambda _: [_position(site)])
    alone = Manual(site.mesh_name, site.mesh, tuple(sorted(others)), (), ((),), is_checked=False)
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


def _position(site: _Site) -> Tensor:
    device = hlo.convert(emit("stablehlo.partition_id"), i32())
    sizes = list(site.mesh.values())
    total = hlo.index(0)
    for name in site.names:
        below = math.prod(sizes[list(site.mesh).index(name) + 1 :])
        position = emit("stablehlo.remainder", device / below, hlo.index(site.mesh[name]))
        total = total * site.mesh[name] + position
    return total


@lowers("lift.all_gather")
def all_gather(functions: Functions, op: Any) -> list[Tensor]:
    site, attributes = _site_of(functions, op), attributes_of(op)
    x, axis = Tensor(op.operation.operands[0]), attributes["dimension"]
    if not attributes["tiled"]:
        x = hlo.reshape(x, [*x.shape[:axis], 1, *x.shape[axis:]])
    if site.is_alone:
        return [x]
    options = {"all_gather_dim": attr.i64(axis), "use_global_device_ids": ir.UnitAttr.get()}
    type = op.operation.results[0].type
    return [Tensor(_exchange(site, "stablehlo.all_gather", x, type, **options).result)]


@lowers("lift.ppermute")
def ppermute(functions: Functions, op: Any) -> list[Tensor]:
    site, permutation = _site_of(functions, op), attributes_of(op)["permutation"]
    x = Tensor(op.operation.operands[0])
    pairs = [[group[source], group[target]] for group in site.groups for source, target in permutation]
    if not pairs:
        return [hlo.zeros_like(x)]
    if site.is_alone:
        return [x]
    attributes = {"source_target_pairs": attr.matrix(pairs), "channel_handle": _channel()}
    return [emit("stablehlo.collective_permute", x, attributes=attributes, type=x.type)]


@lowers("lift.all_to_all")
def all_to_all(functions: Functions, op: Any) -> list[Tensor]:
    """Where it is not tiled, the axis of pieces goes, and one of the pieces that arrive comes."""
    site, attributes = _site_of(functions, op), attributes_of(op)
    x, type = Tensor(op.operation.operands[0]), op.operation.results[0].type
    split, concat = attributes["split_axis"], attributes["concat_axis"]
    if attributes["tiled"]:
        return [_exchanged_pieces(site, x, split, concat, type)]
    x = hlo.move_axis(x, split, 0)
    return [hlo.move_axis(_exchanged_pieces(site, x, 0, 0, x.type), 0, concat)]


def _exchanged_pieces(site: _Site, x: Tensor, split: int, concat: int, type: Any) -> Tensor:
    if site.is_alone:
        return x
    options: dict[str, Any] = {
        "split_dimension": attr.i64(split),
        "concat_dimension": attr.i64(concat),
        "split_count": attr.i64(len(site.groups[0])),
    }
    return Tensor(_exchange(site, "stablehlo.all_to_all", x, type, **options).result)
