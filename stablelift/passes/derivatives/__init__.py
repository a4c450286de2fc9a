"""lift-derivatives: generate forward- and reverse-mode derivatives of functions of StableHLO.

    %y, %dy = "lift.jvp"(%x, %dx) {callee = @f, ...}   ==>   %y, %dy = call @f__jvp(%x, %dx)

Needs: lift-verify has run. A transform whose callee holds another one waits for that one (innermost first).
Importing this folder fills the table of rules, one file for each family of ops.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass

from stablelift.ir.mlir import ir
from stablelift.ir.policy import Policy
from stablelift.passes.base import ModulePass
from stablelift.passes.callgraph import Nesting
from stablelift.passes.derivatives.pairs import calls_beside, is_value, replace_pair, replace_transform
from stablelift.passes.derivatives.sweeps import Derive
from stablelift.passes.module import Functions

for _family in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_family.name}")


@dataclass(frozen=True)
class Derivatives(ModulePass):
    """`policy`, where there is one, says what the reverse of a loop or of a repeated layer keeps."""

    name = "lift-derivatives"
    policy: Policy | None = None

    def run(self, module: ir.Module) -> None:
        functions = Functions(module)
        nesting = Nesting(functions.by_name)
        derive = Derive(functions, self.policy)
        for name in list(functions.by_name):
            ready = [op for op in nesting.transforms(name) if op.name != "lift.vmap" and nesting.ready(op)]
            pairs = calls_beside(functions[name], ready)
            paired = {op for pair in pairs for op in pair}
            alone = [op for op in ready if op not in paired]
            for op, beside in pairs:
                replace_pair(op, beside, derive)
            for op in sorted(alone, key=is_value):
                replace_transform(op, derive)
