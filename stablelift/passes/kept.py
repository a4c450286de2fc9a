"""Calls that stay calls: neither we nor XLA inline them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stablelift.ir.mlir import func, ir, walk
from stablelift.ir.tensor import Tensor

_FRONTEND_ATTRIBUTES = "mhlo.frontend_attributes"


def keep_call(op: Any) -> None:
    """Mark a call so that neither we nor XLA inline it."""
    never: dict[str, ir.Attribute] = {"inlineable": ir.StringAttr.get("false")}
    op.operation.attributes[_FRONTEND_ATTRIBUTES] = ir.DictAttr.get(never)


def release_calls(function: func.FuncOp) -> None:
    """Take the mark from the calls in a function."""
    for op in walk(function, "func.call"):
        if is_kept(op):
            del op.attributes[_FRONTEND_ATTRIBUTES]


def keep_like(op: Any, results: Sequence[Tensor]) -> Sequence[Tensor]:
    """The `results` of a call, which is marked if `op` is."""
    if results and is_kept(op):
        keep_call(results[0].value.owner)
    return results


def is_kept(op: Any) -> bool:
    """Whether a call is marked."""
    attributes = op.operation.attributes
    return _FRONTEND_ATTRIBUTES in attributes and "inlineable" in str(attributes[_FRONTEND_ATTRIBUTES])
