"""The table of lowering rules, and what they share: callees lowered once, lift ops that name them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from jax.extend.core import Primitive

from stablelift.ir import lift
from stablelift.ir.lift import Signature
from stablelift.ir.maxima import note
from stablelift.ir.mlir import func
from stablelift.lowering import jax_compat
from stablelift.lowering.jax_compat import Jaxpr
from stablelift.lowering.jaxprs import unordered
from stablelift.lowering.primitive import Recursive, refuse_effects
from stablelift.lowering.sizes import with_sizes

RULES: dict[Primitive, jax_compat.Rule] = {}
"""How our lowering treats JAX's primitives and ours, where it differs from JAX's own."""

AXES = "stablelift axes"
"""Under this key the memo of a module keeps the sizes of the named axes whose maps are being lowered."""


def lowers(primitive: Primitive) -> Callable[[jax_compat.Rule], jax_compat.Rule]:
    def enter(rule: jax_compat.Rule) -> jax_compat.Rule:
        RULES[primitive] = rule
        return rule

    return enter


def lowered_callee(ctx: Any, name: str, jaxpr: Jaxpr) -> tuple[str, Signature]:
    """The symbol and types of the function that `jaxpr` lowers to; the same jaxpr gives the same function."""
    memo = jax_compat.memo_of(ctx)
    # The jaxpr stays in the memo's value, so that its id cannot be given to another one.
    key = ("stablelift callee", id(jaxpr))
    if key not in memo:
        refuse_effects(jaxpr)
        function = lower_function(ctx, name, jaxpr)
        memo[key] = function.name.value, signature_of_jaxpr(ctx, jaxpr), jaxpr
    return memo[key][:2]


def lower_function(ctx: Any, name: str, jaxpr: Jaxpr) -> Any:
    """Lower `jaxpr` to a function of the module; whatever it does in order stays where it stands.

    It notes which of its results are of an element type whose cotangents are joined by their maximum.
    """
    function = jax_compat.lower_callee(ctx, name, unordered(jaxpr))
    note(function, [index for index, aval in enumerate(jaxpr.out_avals) if jax_compat.is_maximum(aval)])
    return function


def lowered_recursive(ctx: Any, name: str, op: Recursive) -> dict[str, tuple[str, Signature]]:
    """Symbols and types of the callees of an op that occurs in them, by attribute name.

    A use that is met while they are being lowered refers to them by the names they will have.
    """
    memo = jax_compat.memo_of(ctx)
    if op not in memo:
        unique = sum(isinstance(other, Recursive) for other in memo)
        memo[op] = {attribute: f"{name}__{attribute}__{unique}" for attribute in op.callees}
        for attribute, jaxpr in op.callees.items():
            function = lower_function(ctx, memo[op][attribute], jaxpr)
            assert function.name.value == memo[op][attribute], f"`@{memo[op][attribute]}` was taken"
    return {
        attribute: (symbol, signature_of_jaxpr(ctx, op.callees[attribute]))
        for attribute, symbol in memo[op].items()
    }


def signature_of_jaxpr(ctx: Any, jaxpr: Jaxpr) -> Signature:
    """Its types, after those of the sizes that are symbolic: each function takes them."""
    return Signature(
        [
            *(size.type for size in jax_compat.sizes_of(ctx)),
            *(jax_compat.ir_type(ctx, aval) for aval in jaxpr.in_avals),
        ],
        [jax_compat.ir_type(ctx, aval) for aval in jaxpr.out_avals],
    )


def emit(ctx: Any, op: str, args: Sequence[Any], callees: dict[str, Any], **attributes: Any) -> list[Any]:
    """Append `op`, its callees given as (symbol, signature) or tuples of them; a call that says no more than
    whom it calls as `func.call`.
    """
    jax_compat.allow_lift_ops(ctx)
    if (sizes := jax_compat.sizes_of(ctx)) and callees:
        op, args, callees = with_sizes(op, args, callees, attributes, sizes)
    if op == "lift.call" and not attributes:
        symbol, signature = callees["callee"]
        return list(func.CallOp(list(signature.results), symbol, list(args)).results)
    signatures: dict[str, Signature] = {}
    for attribute, found in callees.items():
        many = found if isinstance(found, list) else [found]
        signatures.update(many)
        attributes[attribute] = [symbol for symbol, _ in many] if isinstance(found, list) else found[0]
    return lift.create(op, args, signatures, **attributes)


def axis_sizes(ctx: Any) -> dict[str, int]:
    """The sizes, by name, of the named axes whose maps are being lowered, and of a mesh around them."""
    return jax_compat.axis_sizes_in_scope() | jax_compat.memo_of(ctx).get(AXES, {})


def unweak(aval: Any) -> Any:
    """The abstract value without its weak type."""
    return jax_compat.shaped(aval.shape, aval.dtype)
