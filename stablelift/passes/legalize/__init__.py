"""lift-legalize: write legacy, dynamic and broadcasting ops as those that rules know.

    %y = chlo.broadcast_add %x, %b : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
      ==>   %0 = stablehlo.broadcast_in_dim %b, dims = [1]
            %y = stablehlo.add %x, %0

StableHLO's own passes write its deprecated ops anew, and its dynamic ones where sizes are constants; the
rewrites of this folder do the rest. An op whose sizes are not known stays as it is. Keeps: results.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stablelift.ir.location import error_at
from stablelift.ir.mlir import PassManager, from_mlir, ir, walk
from stablelift.passes.base import ModulePass
from stablelift.passes.legalize.table import rewrites
from stablelift.passes.module import replace

for _family in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_family.name}")

# It fails on deprecated ops that it has nothing for, such as `map`, unless told otherwise.
_OF_STABLEHLO = "stablehlo-canonicalize-dynamism,stablehlo-legalize-deprecated-ops{fail-on-unused=false}"

_OF_ATTRIBUTES = (ValueError, TypeError, KeyError, IndexError, AttributeError, RuntimeError, ir.MLIRError)
"""What rewrites raise for attributes that say something else than they must, which StableHLO does not verify
of all its ops.
"""

LEGALIZED = frozenset(
    {
        *rewrites,
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
"""The ops that this pass writes as others."""

_NAMES_OF = {"stablehlo.composite": "name", "stablehlo.custom_call": "call_target_name"}


def is_needed(ops: Mapping[str, Sequence[Any]]) -> bool:
    """Whether there is anything to write anew among the ops of a module, by name."""
    if any(name in ops for name in LEGALIZED if name not in _NAMES_OF):
        return True
    return any(
        op.attributes[named].value.startswith(("chlo.", "mhlo."))
        for name, named in _NAMES_OF.items()
        for op in ops.get(name, ())
    )


@dataclass(frozen=True)
class Legalize(ModulePass):
    name = "lift-legalize"

    def run(self, module: ir.Module) -> None:
        manager = PassManager.parse(f"builtin.module(func.func({_OF_STABLEHLO}))")
        manager.enable_verifier(False)
        try:
            manager.run(module.operation)
        except ir.MLIRError as error:
            raise from_mlir(error) from None
        found = [op.operation.opview for op in walk(module.operation) if op.operation.name in rewrites]
        for op in found:
            with ir.InsertionPoint(op.operation), op.operation.location:
                try:
                    results = rewrites[op.operation.name](op)
                except _OF_ATTRIBUTES as error:
                    name, why = op.operation.name, f"{error}".strip() or type(error).__name__
                    raise error_at(op.operation, f"malformed `{name}`: {why}") from None
            if results is not None:
                replace(op, results)
