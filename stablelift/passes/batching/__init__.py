"""lift-batching: map functions of StableHLO over an axis.

    %y = "lift.vmap"(%x) {callee = @f, in_axes = [1], out_axes = [0], ...}
      ==>   %t = stablehlo.transpose %x, dims = [1, 0]
            %y = call @f__vmap(%t)

Needs: lift-verify has run. A transform whose callee holds another one waits for that one (innermost first).
Importing this folder fills the table of rules, one file for each family of ops.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from typing import Any

from stablelift.ir import hlo
from stablelift.ir.lift import attributes_of
from stablelift.ir.location import error_at
from stablelift.ir.mlir import ir
from stablelift.ir.tensor import Tensor
from stablelift.passes.base import ModulePass
from stablelift.passes.batching.batcher import Batcher
from stablelift.passes.batching.table import as_many_as, spread
from stablelift.passes.callgraph import Nesting
from stablelift.passes.module import Functions, call

for _family in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_family.name}")


@dataclass(frozen=True)
class Batching(ModulePass):
    name = "lift-batching"

    def run(self, module: ir.Module) -> None:
        functions = Functions(module)
        nesting = Nesting(functions.by_name)
        batchers: dict[Any, Batcher] = {}
        for name in list(functions.by_name):
            for op in nesting.transforms(name):
                if op.operation.name == "lift.vmap" and nesting.ready(op):
                    attributes = attributes_of(op)
                    key = attributes["axis_size"], *(attributes.get(name) for name in _NAMES)
                    _replace(op, batchers.setdefault(key, Batcher(functions, *key)))


_NAMES = "axis_name", "spmd_axis_name", "mesh_axes"


def _replace(op: ir.OpView, batcher: Batcher) -> None:
    """The boundary of a map: axes move to the front, the batched function is called, axes move back."""
    attributes = attributes_of(op)
    callee, in_axes, out_axes = attributes["callee"], attributes["in_axes"], attributes["out_axes"]
    mapped = [axis is not None for axis in in_axes]
    depends = batcher.results_mapped(callee, mapped)
    for index, axis in enumerate(out_axes):
        if depends[index] and axis is None:
            names = attributes.get("result_names")
            name = f"`{names[index]}`" if names and index < len(names) else f"result {index}"
            what = f"out_axes is None for {name}, which depends on a mapped argument"
            hint = "give it an axis in out_axes, or make it independent of the mapped arguments"
            raise error_at(op, what, hint=hint)
    function = batcher.functions[batcher.batch(callee, mapped)]
    with ir.InsertionPoint(op.operation), op.operation.location:
        operands = [
            Tensor(operand) if axis is None else hlo.move_axis(Tensor(operand), axis, 0)
            for operand, axis in zip(op.operation.operands, in_axes, strict=True)
        ]
        examples = next((x for x, axis in zip(operands, in_axes, strict=True) if axis is not None), None)
        results = call(function, operands)
        with as_many_as(examples):
            for old, new, is_mapped, axis in zip(
                list(op.operation.results), results, depends, out_axes, strict=True
            ):
                if axis is not None:
                    new = new if is_mapped else spread(new, batcher.size)
                    new = hlo.move_axis(new, 0, axis)
                old.replace_all_uses_with(new.value)
    op.operation.erase()
