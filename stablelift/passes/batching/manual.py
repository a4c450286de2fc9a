"""Batching of what each device of a mesh runs: the batch is an axis in front.

All devices have it whole, or each its part of it along the axes of the mesh that the map has been given for
that (`spmd_axis_name`), where these say nothing of one example.
"""

from __future__ import annotations

from typing import Any

from stablelift.ir.mesh import MANUAL
from stablelift.ir.mlir import func
from stablelift.ir.tensor import Tensor
from stablelift.passes import manual
from stablelift.passes.batching.batcher import Batcher
from stablelift.passes.batching.sharding import require_axes
from stablelift.passes.batching.table import Mapped, batch_structure, results_mapped
from stablelift.passes.manual import Axes, Manual, Spec
from stablelift.passes.module import call
from stablelift.passes.structure import define, lift_op


@results_mapped(MANUAL)
def manual_results_mapped(batcher: Batcher, op: Any, mapped: Mapped) -> list[bool]:
    return list(batcher.results_mapped(manual.outlined(batcher.functions, op).name.value, mapped))


@batch_structure(MANUAL)
def batch_manual(batcher: Batcher, op: Any, operands: list[Tensor], mapped: Mapped) -> list[Tensor]:
    this, name = manual.read(batcher.functions, op), manual.outlined(batcher.functions, op).name.value
    depends = batcher.results_mapped(name, mapped)
    require_axes(batcher.spmd_axis_name, this.mesh, op, f"a `{MANUAL}`")
    axes = _dividing(batcher, this, name)
    inside = batcher.on_each(this.parts(axes), this.axes)
    function = batcher.functions[inside.batch(name, mapped)]
    if axes and this.is_checked and not all(mapped):
        function = _of_each(batcher, function, axes, mapped, depends)
    inputs, outputs = _with_batch(this.inputs, mapped, axes), _with_batch(this.outputs, depends, axes)
    return manual.make(this, operands, function, inputs, outputs)


def _with_batch(specs: tuple[Spec, ...], mapped: Mapped, axes: Axes) -> list[Spec]:
    return [(axes, *spec) if is_mapped else spec for spec, is_mapped in zip(specs, mapped, strict=True)]


def _dividing(batcher: Batcher, this: Manual, name: str) -> Axes:
    """The axes along which the batch is divided; none where that does not go, or would mix examples: where
    devices along them, or examples along the map's own axis, exchange values or tell each other apart.
    """
    names = () if batcher.mesh_axes else batcher.spmd_axis_name  # types are what they are
    axes = tuple(axis for axis in names if axis in this.axes)
    parts = this.parts(axes)
    used = {axis for spec in (*this.inputs, *this.outputs) for one in spec for axis in one}
    if not axes or batcher.size < 0 or batcher.size % parts or used.intersection(axes):
        return ()
    return () if manual.speaks_of(batcher.functions, name, (*axes, batcher.axis_name)) else axes


def _of_each(
    batcher: Batcher, function: func.FuncOp, axes: Axes, mapped: Mapped, depends: Mapped
) -> func.FuncOp:
    """The function where what examples share is, to those of their results that they do not, a value of each
    device: its gradients are added up.
    """

    def of_each(arguments: list[Tensor]) -> list[Tensor]:
        given = [
            x if is_mapped else lift_op("lift.pvary", [x], {}, axis_name=list(axes))[0]
            for x, is_mapped in zip(arguments, mapped, strict=True)
        ]
        each = call(function, given)
        shared = each if all(depends) else call(function, arguments)
        return [x if varies else y for x, y, varies in zip(each, shared, depends, strict=True)]

    return define(batcher.functions, f"{function.name.value}__each", list(function.type.inputs), of_each)
