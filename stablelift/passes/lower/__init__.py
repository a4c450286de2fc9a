"""lift-lower: turn the lift ops that stand for structure into plain StableHLO and function calls.

    %y = "lift.call"(%x) {callee = @f}   ==>   %y = call @f(%x)

Needs: no transform (`lift.vmap`, `lift.jvp`, `lift.vjp`) is left. Keeps: results. User rules, names and
remat have done their part once derivatives are generated; loops and branches become `stablehlo.while` and
`case`.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Collection
from dataclasses import dataclass

from stablelift.ir.mesh import drop_surroundings
from stablelift.ir.mlir import ir, walk
from stablelift.passes.base import ModulePass
from stablelift.passes.lower.table import lowerings
from stablelift.passes.module import Functions, replace

for _family in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_family.name}")


LOOPS = ("lift.scan", "lift.while", "lift.switch")
"""The ops that stay when calls are lowered: passes over loops work on them."""


@dataclass(frozen=True)
class Lower(ModulePass):
    name = "lift-lower"

    def run(self, module: ir.Module) -> None:
        _lower(module, kept=())
        drop_surroundings(module)


@dataclass(frozen=True)
class LowerCalls(ModulePass):
    """All but loops and branches: once calls are inlined, a loop's body is one block. Threefry stays one op.
    """

    name = "lift-lower-calls"

    def run(self, module: ir.Module) -> None:
        _lower(module, kept=(*LOOPS, "lift.threefry2x32"))


def _lower(module: ir.Module, kept: Collection[str]) -> None:
    functions = Functions(module)
    for op in walk(module.operation, "lift."):
        if op.name in kept:
            continue
        rule = lowerings.find(op)
        with ir.InsertionPoint(op), op.location:
            results = rule(functions, op)
        replace(op, results)
