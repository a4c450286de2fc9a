"""Calls of Python functions: custom calls of a target of our own, with the key of the function.

    stablehlo.custom_call @stablelift.callback(%x) {backend_config = "debug_print:1f0c:3", ...}

The key is good for the life of the process, see `lowering/callbacks.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from stablelift.ir.mlir import ir

CALLBACK = "stablelift.callback"
"""The target of such a call."""


def create(results: Sequence[Any], operands: Sequence[ir.Value], key: str, has_effect: bool) -> ir.Operation:
    """Append a call of the function behind `key`, which returns values of such types."""
    attributes: dict[str, ir.Attribute] = {
        "call_target_name": ir.StringAttr.get(CALLBACK),
        "backend_config": ir.StringAttr.get(key),
        "has_side_effect": ir.BoolAttr.get(has_effect),
    }
    return ir.Operation.create(
        "stablehlo.custom_call", results=list(results), operands=list(operands), attributes=attributes
    )


def callbacks(custom_calls: Iterable[Any]) -> list[Any]:
    """Those of some custom calls that call Python functions."""
    return [op for op in custom_calls if op.attributes["call_target_name"].value == CALLBACK]


def key_of(op: Any) -> str:
    """The key of the function that is called."""
    return op.attributes["backend_config"].value


def primitive_of(op: Any) -> str:
    """The name of JAX's primitive that calls it: `debug_print`, `io_callback`, ..."""
    return key_of(op).split(":")[0]
