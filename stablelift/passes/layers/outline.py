"""lift-outline: calls of one function stay calls for XLA, which compiles it once.

    %1 = call @layer(%p1, %0), %2 = call @layer(%p2, %1)   ==>   the same, marked so that XLA keeps them

What is computed behind the boundary of such a call is not fused with what uses it, nor hoisted out of it.
"""

from __future__ import annotations

from stablelift.ir.mlir import ir

INLINEABLE = "mhlo.frontend_attributes"


def keep_call(op: ir.Operation) -> None:
    """Mark a call so that neither we nor XLA inline it."""
    op.attributes[INLINEABLE] = ir.DictAttr.get({"inlineable": ir.StringAttr.get("false")})
