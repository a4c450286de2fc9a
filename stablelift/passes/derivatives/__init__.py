"""lift-derivatives: generate forward- and reverse-mode derivatives of functions of StableHLO.

    %y, %dy = "lift.jvp"(%x, %dx) {callee = @f, ...}   ==>   %y, %dy = call @f__jvp(%x, %dx)

Needs: lift-verify has run. A transform whose callee holds another one waits for that one (innermost first).
Importing this folder fills the table of rules, one file for each family of ops.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass

from stablelift.ir.lift import attributes_of
from stablelift.ir.mlir import ir
from stablelift.passes.base import ModulePass
from stablelift.passes.callgraph import Nesting
from stablelift.passes.derivatives.sweeps import Derive
from stablelift.passes.derivatives.table import operands_of
from stablelift.passes.module import Functions, call, replace

for _family in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_family.name}")


@dataclass(frozen=True)
class Derivatives(ModulePass):
    name = "lift-derivatives"

    def run(self, module: ir.Module) -> None:
        functions = Functions(module)
        nesting = Nesting(functions.by_name)
        derive = Derive(functions)
        for name in list(functions.by_name):
            for op in nesting.transforms(name):
                if op.operation.name != "lift.vmap" and nesting.ready(op):
                    _replace(op, derive)


def _replace(op: ir.OpView, derive: Derive) -> None:
    attributes = attributes_of(op)
    generate = derive.jvp if op.operation.name == "lift.jvp" else derive.joint
    function = generate(attributes["callee"], attributes["wrt"], attributes["of"])
    with ir.InsertionPoint(op.operation), op.operation.location:
        results = call(function, operands_of(op))
    replace(op, results)
