"""A lift and its derivative, which plain JAX lowers one after the other, as two halves of one program.

XLA would not see that a loop in the derivative computes what the lift's has computed. JAX traces everything
before it lowers anything. So a lift that gradients or tangents have been asked of is lowered to the first
half, and these, where they stand in the same block, to the second.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

from jax.extend.core import Primitive

from stablelift.ir import attr, hlo
from stablelift.ir.mlir import ir
from stablelift.ir.policy import NOTHING_SAVEABLE
from stablelift.ir.tensor import Tensor
from stablelift.lowering import jax_compat
from stablelift.lowering.callbacks import Merged, call, merge
from stablelift.lowering.linear import is_call
from stablelift.lowering.maps import Maps
from stablelift.lowering.primitive import lift_p, name_in, program_p
from stablelift.lowering.rule_search import is_costly
from stablelift.lowering.session import session_memo
from stablelift.passes.derivatives.halves import Halves

_HALVED = "stablelift lifts beside derivatives"


class Asked(NamedTuple):
    """What has been asked of a lift: by `linear_p` or `gradient_p`, of which results, in which maps."""

    by: Primitive
    of: tuple[int, ...]
    maps: Maps


class Params(dict):
    """A primitive's parameters as one parameter of another: compared by identity."""

    asked: Asked | None = None
    __hash__ = object.__hash__  # type: ignore[assignment]
    __eq__ = object.__eq__


def is_paired(primitive: Primitive, params: dict[str, Any]) -> bool:
    """Whether results and gradients are to be one computation, which XLA may not make of them.

    While we trace, a call is a call already, of which our passes see that it and its gradient are a pair.
    """
    if primitive not in (lift_p, program_p):
        return False
    if session_memo() is not None:
        return not is_call(primitive, params)
    return primitive is program_p or not _keeps_nothing(params) and is_costly(primitive, params)


def _keeps_nothing(params: dict[str, Any]) -> bool:
    """Whether a lift computes all that its gradient needs again."""
    policy = dict(params["attributes"]).get("policy")
    return params["op"] == "lift.remat" and policy in (None, str(NOTHING_SAVEABLE))


class _Halved(NamedTuple):
    params: Params  # stays alive, so that its id is its own
    halves: Halves
    block: ir.Block
    residuals: list[ir.Value]


def first_half(
    ctx: Any, halves: Halves, params: Params, operands: Sequence[ir.Value], count: int
) -> list[ir.Value]:
    """The `count` results of a lift, whose residuals are kept for its derivative."""
    found = list(call(ctx, _merged(ctx, params, halves.forward), operands))
    here: Any = ir.InsertionPoint.current
    known = jax_compat.memo_of(ctx).setdefault(_HALVED, {})
    known[id(params), *map(_identity, operands)] = _Halved(params, halves, here.block, found[count:])
    return found[:count]


def second_half(
    ctx: Any, params: Params, primals: Sequence[ir.Value], moving: Sequence[ir.Value]
) -> list[ir.Value] | None:
    """The derivative of a lift along tangents or cotangents, if the first half is in this block; else None.
    """
    known = jax_compat.memo_of(ctx).get(_HALVED, {}).get((id(params), *map(_identity, primals)))
    here: Any = ir.InsertionPoint.current
    if known is None or known.block != here.block:
        return None
    merged = _merged(ctx, params, known.halves.reverse)
    held = [primals[position] for position in known.halves.held]
    return list(call(ctx, merged, [*held, *moving, *known.residuals]))


def _identity(value: ir.Value) -> Hashable:
    """What equal operands have in common: a number that is an operand is a constant of its own each time."""
    constant = hlo.made_by(Tensor(value), "stablehlo.constant")
    return value if constant is None else attr.literal(constant)


def _merged(ctx: Any, params: Params, half: bytes) -> Merged:
    memo = jax_compat.memo_of(ctx)
    key = "stablelift half", half
    if key not in memo:
        memo[key] = merge(ctx, name_in(params), half)
    return memo[key]
