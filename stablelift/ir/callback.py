"""Calls of Python functions: custom calls of targets of our own, with the key of the function.

    stablehlo.custom_call @stablelift.callback(%x) {backend_config = "debug_print:1f0c:3", ...}

The key is good as long as the program is, in its process: see `lowering/callbacks.py`. Ordered ones of a kind
are called in the order in which they stand.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from stablelift.ir.mlir import ir, walk

CALLBACK = "stablelift.callback"
ORDERED = {"debug": "stablelift.ordered_debug", "io": "stablelift.ordered_io"}
"""The targets of ordered ones, by kind."""

CALLBACKS = (CALLBACK, *ORDERED.values())


def may_call_python(bytecode: bytes) -> bool:
    """Whether a module may have such calls; where it may not it need not be parsed."""
    return any(target.encode() in bytecode for target in CALLBACKS)


def create(
    results: Sequence[Any], operands: Sequence[ir.Value], key: str, has_effect: bool, order: str | None
) -> ir.Operation:
    """Append a call of the function behind `key`, which returns values of such types; `order` is the kind of
    an ordered one.
    """
    attributes: dict[str, ir.Attribute] = {
        "call_target_name": ir.StringAttr.get(CALLBACK if order is None else ORDERED[order]),
        "backend_config": ir.StringAttr.get(key),
        "has_side_effect": ir.BoolAttr.get(has_effect),
    }
    return ir.Operation.create(
        "stablehlo.custom_call", results=list(results), operands=list(operands), attributes=attributes
    )


def callbacks(custom_calls: Iterable[Any]) -> list[Any]:
    """Those of some custom calls that call Python functions."""
    return [op for op in custom_calls if target_of(op) in CALLBACKS]


def is_callback(op: Any) -> bool:
    """Whether an op calls a Python function."""
    return op.name == "stablehlo.custom_call" and target_of(op) in CALLBACKS


def has_effect(op: Any) -> bool:
    """Whether a call of a Python function does more than return values."""
    return op.attributes["has_side_effect"].value


def acts(op: Any) -> bool:
    """Whether a call of a Python function does something in the world, and is not only told of values."""
    return primitive_of(op) == "io_callback"


def target_of(op: Any) -> str:
    """The target of a custom call."""
    return op.attributes["call_target_name"].value


def order_of(op: Any) -> str | None:
    """The kind of an ordered call; None for any other custom call."""
    target = target_of(op)
    return next((kind for kind, ordered in ORDERED.items() if target == ordered), None)


def calls_in_order(module: ir.Module) -> bool:
    """Whether a module has ordered calls, past which nothing that may call Python functions is moved."""
    return any(order_of(op) for op in walk(module.operation, "stablehlo.custom_call"))


def key_of(op: Any) -> str:
    """The key of the function that is called."""
    return op.attributes["backend_config"].value


def primitive_of(op: Any) -> str:
    """The name of JAX's primitive that calls it: `debug_print`, `io_callback`, ..."""
    return key_of(op).split(":")[0]
