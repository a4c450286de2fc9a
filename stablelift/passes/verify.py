"""lift-verify: every lift op is well formed, or an error says what is wrong and where.

Checks each op against the dialect's table (`ir/dialect.py`): attributes, callees, arity, types and axes.
"""

from __future__ import annotations

from dataclasses import dataclass

from stablelift.ir.lift import check, signature_of
from stablelift.ir.mlir import functions, ir, walk
from stablelift.passes.base import ModulePass


@dataclass(frozen=True)
class VerifyLift(ModulePass):
    name = "lift-verify"

    def run(self, module: ir.Module) -> None:
        known = {name: signature_of(function) for name, function in functions(module).items()}
        for op in walk(module.operation, "lift."):
            check(op, known)
