"""lift-modernize: write legacy and dynamic ops of imported programs as the static ops that rules know.

    %y = stablehlo.einsum %a, %b, config = "ij,jk->ik"   ==>   %y = stablehlo.dot_general %a, %b, ...

`MODERNIZING` runs it between StableHLO's own passes for ops that are deprecated, and for dynamic ops whose
shapes are known after all; here is what those leave. Needs: the module verifies. Keeps: results.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass

from stablelift.ir.mlir import ir, walk
from stablelift.passes.base import ModulePass
from stablelift.passes.modernize.table import modern
from stablelift.passes.module import replace

for _family in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_family.name}")

MODERNIZING = ("stablehlo-legalize-deprecated-ops", "lift-modernize", "stablehlo-canonicalize-dynamism")

LEGACY = frozenset(
    {
        *modern,
        "stablehlo.broadcast",
        "stablehlo.create_token",
        "stablehlo.cross-replica-sum",
        "stablehlo.dot",
        "stablehlo.dynamic_conv",
        "stablehlo.dynamic_gather",
        "stablehlo.dynamic_pad",
        "stablehlo.real_dynamic_slice",
        "stablehlo.unary_einsum",
    }
)
"""The ops that `MODERNIZING` removes where shapes are static."""


@dataclass(frozen=True)
class Modernize(ModulePass):
    name = "lift-modernize"

    def run(self, module: ir.Module) -> None:
        for op in [op for op in walk(module.operation) if op.name in modern]:
            with ir.InsertionPoint(op), op.location:
                result = modern[op.name](op.opview)
            if result is not None:
                replace(op, [result])
