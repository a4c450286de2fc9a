"""`sdy.manual_computation`: a function that each device of a mesh runs on its parts of the operands.

    %y = sdy.manual_computation(%x) in_shardings=[<@mesh, [{"data"}, {}]>] out_shardings=[...]
      manual_axes={"data"} (%part: tensor<2x4xf32>) { %0 = call @f(%part), sdy.return %0 }

It is JAX's `shard_map`. Rules see it as a call of `@f`, and make others like it, with shardings of their own.
"""

from __future__ import annotations

import math
from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Any

from stablelift.ir.lift import attributes_of
from stablelift.ir.location import error_at
from stablelift.ir.mesh import CHECKS_VARYING, MANUAL, Mesh, meshes_by_name
from stablelift.ir.mlir import func, ir, sdy, symbol, walk
from stablelift.ir.region import copy_block, returned
from stablelift.ir.tensor import Tensor
from stablelift.ir.types import tensor_type
from stablelift.passes.callgraph import callees_first
from stablelift.passes.module import Functions, call
from stablelift.passes.structure import define

Axes = tuple[str, ...]
Spec = tuple[Axes, ...]
"""For each dimension of a tensor the axes of the mesh that it is divided along."""


@dataclass(frozen=True)
class Manual:
    """What one is, beside its operands and its function."""

    mesh_name: str
    mesh: Mesh
    axes: Axes
    inputs: tuple[Spec, ...]
    outputs: tuple[Spec, ...]
    is_checked: bool

    @property
    def size(self) -> int:
        """The number of parts along all its axes."""
        return self.parts(self.axes)

    def parts(self, axes: Sequence[str]) -> int:
        return math.prod(self.mesh[axis] for axis in axes if axis in self.axes)

    def mentioned(self, spec: Spec) -> Axes:
        """The axes along which a tensor is divided."""
        return tuple(axis for axis in self.axes if any(axis in found for found in spec))

    def unmentioned(self, spec: Spec) -> Axes:
        """The axes along which a tensor is the same on all devices."""
        return tuple(axis for axis in self.axes if axis not in self.mentioned(spec))


def read(functions: Functions, op: Any) -> Manual:
    """What an op of this name says."""
    found = op.operation.attributes
    shardings: list[list[Any]] = [
        [sdy.TensorShardingAttr(one) for one in sdy.TensorShardingPerValueAttr(found[name]).shardings]
        for name in ("in_shardings", "out_shardings")
    ]
    for sharding in (one for each in shardings for one in each):
        _refuse_others(op, sharding)
    mesh_name = next(one.mesh_or_ref.value for each in shardings for one in each)
    inputs, outputs = (tuple(map(_spec, each)) for each in shardings)
    mesh = meshes_by_name(functions.module)[mesh_name]
    return Manual(mesh_name, mesh, manual_axes(op), inputs, outputs, CHECKS_VARYING in found)


def _refuse_others(op: Any, sharding: Any) -> None:
    """Raise a LiftError for a sharding that names no mesh, or divides a dimension along part of an axis."""
    parts = [sdy.AxisRefAttr(axis).sub_axis_info for one in _dimensions(sharding) for axis in one.axes]
    if not isinstance(sharding.mesh_or_ref, ir.FlatSymbolRefAttr) or any(part is not None for part in parts):
        what = f"a `{MANUAL}` with the sharding {sharding}"
        raise error_at(op, what, hint="name a mesh of the module, and divide along whole axes of it")


def manual_axes(op: Any) -> Axes:
    """The axes along which each device runs the function on its own."""
    found: Any = sdy.ManualAxesAttr(op.operation.attributes["manual_axes"])
    return tuple(map(_unquoted, found))


def _unquoted(axis: Any) -> str:
    return axis if isinstance(axis, str) else axis.value


def _spec(sharding: Any) -> Spec:
    return tuple(tuple(sdy.AxisRefAttr(axis).name for axis in one.axes) for one in _dimensions(sharding))


def _dimensions(sharding: Any) -> list[Any]:
    return list(map(sdy.DimensionShardingAttr, sharding.dimension_shardings))


def outlined(functions: Functions, op: Any) -> func.FuncOp:
    """The function that an op of this name runs, made of its region if that is more than a call."""
    block = op.operation.regions[0].blocks[0]
    first = block.operations[0].operation
    if first.name == "func.call" and _is_all(first, block):
        return functions[first.attributes["callee"].value]
    types = [argument.type for argument in block.arguments]
    with op.operation.location:
        return define(
            functions, "manual", types, lambda arguments: copy_block(block, arguments, returned(block))
        )


def _is_all(first: ir.Operation, block: Any) -> bool:
    """Whether a call hands on all arguments, and all its results are returned."""
    return (
        len(block.operations) == 2
        and list(first.operands) == list(block.arguments)
        and returned(block) == list(first.results)
    )


def speaks_of(functions: Functions, name: str, axes: Container[str | None]) -> bool:
    """Whether a function, or one it calls, tells devices along one of these axes apart, or has them exchange
    values.
    """
    for each in callees_first(functions.by_name, [name]):
        if walk(functions[each], *EXCHANGES, "stablehlo.partition_id"):
            return True
        named = [op for op in walk(functions[each], "lift.") if "axis_name" in op.operation.attributes]
        if any(axis in axes for op in named for axis in _axis_names(op)):
            return True
    return False


def _axis_names(op: Any) -> Sequence[str]:
    """The axes that a collective is over; that of a map is its own."""
    found = attributes_of(op)["axis_name"]
    return () if isinstance(found, str) else found


EXCHANGES = (
    "stablehlo.all_reduce",
    "stablehlo.all_gather",
    "stablehlo.reduce_scatter",
    "stablehlo.all_to_all",
    "stablehlo.collective_broadcast",
    "stablehlo.collective_permute",
)
"""Ops by which devices exchange values, by their numbers: along any axis."""


def differing(functions: Functions, manual: Manual, name: str) -> Axes:
    """The axes along which what the function computes may differ from device to device."""
    return tuple(
        axis
        for axis in manual.axes
        if any(axis in manual.mentioned(spec) for spec in manual.inputs)
        or speaks_of(functions, name, (axis,))
    )


def make(
    manual: Manual,
    operands: Sequence[Tensor],
    function: func.FuncOp,
    inputs: Sequence[Spec],
    outputs: Sequence[Spec],
) -> list[Tensor]:
    """A function run by each device, with these specs of its operands and results, here."""
    types = list(function.type.results)
    op = ir.Operation.create(
        MANUAL,
        results=[_whole(manual, type, spec) for type, spec in zip(types, outputs, strict=True)],
        operands=[operand.value for operand in operands],
        attributes={
            "in_shardings": _shardings(manual, inputs),
            "out_shardings": _shardings(manual, outputs),
            "manual_axes": sdy.ManualAxesAttr.get([ir.StringAttr.get(axis) for axis in manual.axes]),
            **({CHECKS_VARYING: ir.UnitAttr.get()} if manual.is_checked else {}),
        },
        regions=1,
    )
    block = op.regions[0].blocks.append(*function.type.inputs)
    with ir.InsertionPoint(block):
        results = call(function, [Tensor(argument) for argument in block.arguments])
        ir.Operation.create("sdy.return", operands=[result.value for result in results])
    return [Tensor(result) for result in op.results]


def _whole(manual: Manual, type: Any, spec: Spec) -> Any:
    """The type of what the parts make up."""
    sizes = [size * manual.parts(axes) for size, axes in zip(type.shape, spec, strict=True)]
    return tensor_type(sizes, type.element_type)


def _shardings(manual: Manual, specs: Sequence[Spec]) -> Any:
    # What is not manual is the partitioner's, who may divide it further.
    is_closed = len(manual.axes) == len(manual.mesh)
    values = [
        sdy.TensorShardingAttr.get(
            symbol(manual.mesh_name),
            [
                sdy.DimensionShardingAttr.get(
                    [sdy.AxisRefAttr.get(axis) for axis in axes], is_closed=is_closed
                )
                for axes in spec
            ],
        )
        for spec in specs
    ]
    return sdy.TensorShardingPerValueAttr.get(values)
