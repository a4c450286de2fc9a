"""Ops of CHLO in disguise: composites in portable artefacts, calls of `mhlo.erf` and its like in older files.

    %y = stablehlo.composite "chlo.erf" %x {decomposition = @chlo.erf.impl}   ==>   %y = chlo.erf %x
    %y = stablehlo.custom_call @mhlo.erf(%x)                                  ==>   %y = chlo.erf %x

The decompositions of most are approximations, whose derivatives are not those of what they approximate.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stablelift.ir.mlir import ir
from stablelift.ir.tensor import Tensor, emit
from stablelift.passes.legalize.table import rewrite

_ELEMENTWISE = ("acos", "acosh", "asin", "asinh", "atan", "atanh", "cosh", "erf", "erf_inv", "sinh", "tan")


@rewrite("stablehlo.composite")
def composite(op: Any) -> list[Tensor] | None:
    return _in_chlo(op, op.attributes["name"].value, "composite_attributes")


@rewrite("stablehlo.custom_call")
def custom_call(op: Any) -> list[Tensor] | None:
    return _in_chlo(op, op.call_target_name.value, "mhlo.attributes")


def _in_chlo(op: Any, target: str, settings: str) -> list[Tensor] | None:
    dialect, _, name = target.partition(".")
    operands = [Tensor(operand) for operand in op.operation.operands]
    if dialect not in ("chlo", "mhlo") or len(operands) != 1:
        return None
    if name in _ELEMENTWISE:
        return [emit(f"chlo.{name}", *operands)]
    if name in ("top_k", "topk") and settings in op.attributes:
        return _top_k(op, {entry.name: entry.attr for entry in op.attributes[settings]})
    return None


def _top_k(op: Any, settings: Mapping[str, Any]) -> list[Tensor] | None:
    """The k greatest; an older file may ask for the least."""
    if "largest" in settings and not settings["largest"].value:
        return None
    types = [result.type for result in op.operation.results]
    operands, attributes = list(op.operation.operands), {"k": settings["k"]}
    made = ir.Operation.create("chlo.top_k", results=types, operands=operands, attributes=attributes)
    return [Tensor(result) for result in made.results]
