"""Derivative rules that users attached to functions, kept as `lift.custom_jvp` and `lift.custom_vjp`."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from functools import partial
from typing import Any

from jax import lax
from jax.extend.core import Primitive

from stablelift.ir.lift import Signature
from stablelift.ir.maxima import note
from stablelift.lowering import jax_compat
from stablelift.lowering.jax_compat import Jaxpr
from stablelift.lowering.primitive import refuse_effects
from stablelift.lowering.recursion import ORDERS, beyond_orders, without_gradients
from stablelift.lowering.rule_closures import are_of, held_by, rules_inside
from stablelift.lowering.rule_results import reason_of
from stablelift.lowering.structure import UnlikeAnything, structure_of
from stablelift.lowering.table import (
    RULES,
    emit,
    lower_function,
    lowered_callee,
    lowers,
    signature_of_jaxpr,
)

_NESTED = "stablelift rules being lowered"

_RULE = "stablelift rule"
"""What begins the keys of rules in the memo of a module."""


def _orders(ctx: Any) -> int:
    """Inside of how many rules, one in the other, the op that is being lowered is."""
    return jax_compat.memo_of(ctx).get(_NESTED, 0)


def _rule_of(params: dict[str, Any], in_avals: Sequence[Any], orders: int) -> Jaxpr:
    """The forward rule of a function that is used inside of so many rules."""
    if orders >= ORDERS:
        raise beyond_orders()
    return jax_compat.jvp_function(params, in_avals)


def _of_jax(call_jaxpr: Jaxpr, params: dict[str, Any]) -> Hashable:
    """What uses of a function of JAX's, as `nn.relu`, are known by in a module: its rule is traced once.

    None for a function of a user's.
    """
    rules = jax_compat.rules_in(params)
    if not are_of("jax", rules):
        return None
    try:
        return _RULE, structure_of(call_jaxpr), held_by(rules, id)
    except UnlikeAnything:
        return None


@lowers(jax_compat.custom_jvp_call_p)
def _custom_jvp(ctx: Any, *args: Any, call_jaxpr: Jaxpr, **params: Any) -> list[Any]:
    key = _of_jax(call_jaxpr, params)
    if key in jax_compat.memo_of(ctx):
        callee, jvp = _known_callees(ctx, key)
    else:
        try:
            rule = _rule_of({"call_jaxpr": call_jaxpr, **params}, call_jaxpr.in_avals, _orders(ctx))
            refuse_effects(rule)
        except Exception as error:
            return _without_derivative(ctx, args, call_jaxpr, error)
        names = ("custom_jvp", "custom_jvp_rule")
        callee, jvp = rule_callees(ctx, names, [call_jaxpr, rule], key)
    return emit(ctx, "lift.custom_jvp", args, {"callee": callee, "jvp": jvp})


@lowers(jax_compat.custom_vjp_call_p)
def _custom_vjp(ctx: Any, *args: Any, call_jaxpr: Jaxpr, **params: Any) -> list[Any]:
    try:
        fwd, bwd, closed = jax_compat.vjp_functions({"call_jaxpr": call_jaxpr, **params}, call_jaxpr.in_avals)
        refuse_effects(fwd)
        refuse_effects(bwd)
    except Exception as error:
        return _without_derivative(ctx, args, call_jaxpr, error)
    names = ("custom_vjp", "custom_vjp_fwd", "custom_vjp_bwd")
    callee, fwd, bwd = rule_callees(ctx, names, [call_jaxpr, fwd, bwd])
    if closed:
        kept_apart = partial(without_gradients, jax_compat.name_of_traced(call_jaxpr))
        apart = jax_compat.make_jaxpr(kept_apart, call_jaxpr.in_avals[:closed])
        args = (*jax_compat.lower_in_place(ctx, apart, args[:closed]), *args[closed:])
    return emit(ctx, "lift.custom_vjp", args, {"callee": callee, "fwd": fwd, "bwd": bwd})


def _converted(primitive: Primitive, ctx: Any, x: Any, **params: Any) -> Sequence[Any]:
    """The same numbers in an element type of the user's, or in their own again: the rule keeps apart the
    cotangents that the two types join in different ways.
    """
    (given,), (made,) = ctx.avals_in, ctx.avals_out
    if not any(map(jax_compat.is_maximum, (given, made))) or jax_compat.sizes_of(ctx):
        return jax_compat.lower_as_jax(primitive, ctx, x, **params)
    there = jax_compat.make_jaxpr(partial(primitive.bind, **params), [given])
    back = jax_compat.make_jaxpr(partial(lax.convert_element_type, new_dtype=given.dtype), [made])
    symbols = []
    for jaxpr in (there, back):
        function = jax_compat.lower_callee(ctx, "converted", jaxpr, rules={})
        note(function, [0] if jax_compat.is_maximum(jaxpr.out_avals[0]) else [])
        symbols.append((function.name.value, signature_of_jaxpr(ctx, jaxpr)))
    callee, bwd = symbols
    return emit(ctx, "lift.custom_vjp", [x], {"callee": callee, "fwd": callee, "bwd": bwd})


for _primitive in (jax_compat.to_element_type_p, jax_compat.from_element_type_p):
    RULES[_primitive] = partial(_converted, _primitive)


def _without_derivative(ctx: Any, args: Sequence[Any], call_jaxpr: Jaxpr, error: Exception) -> list[Any]:
    """The function alone: its rule cannot be traced, which is an error once a derivative is asked for."""
    name = jax_compat.name_of_traced(call_jaxpr)
    callee = lowered_callee(ctx, "without_derivative", call_jaxpr)
    return emit(ctx, "lift.no_derivative", args, {"callee": callee}, reason=reason_of(name, error))


_TOLD_APART = 2
"""Inside of more rules than that, objects of which nothing is known are told apart by their types alone: a
rule may make another one each time, and so without end."""


def _identity(orders: int, value: Any) -> Hashable:
    """What an object is told by while a jaxpr holds it; a tracer, which rules cannot use, by its type."""
    if jax_compat.is_tracer(value):
        return jax_compat.aval_of(value)
    return id(value) if orders < _TOLD_APART else type(value)


def rule_callees(
    ctx: Any, names: Sequence[str], jaxprs: Sequence[Jaxpr], key: Hashable = None
) -> list[tuple[str, Signature]]:
    """The functions of a user's rule, shared by every use of one key: of those whose primal and rule read the
    same, where none is given.

    A rule usually calls its own primal, whose lowering meets the rule again: a use found while its own
    functions are being lowered refers to them by the names they will have, so the recursion ends.
    """
    memo = jax_compat.memo_of(ctx)
    if key is None:
        constants = tuple(id(constant) for jaxpr in jaxprs for constant in jaxpr.consts)
        text = "\n".join(map(str, jaxprs))  # which leaves out the rules of what they apply
        key = _RULE, text, constants, held_by(rules_inside(jaxprs), partial(_identity, _orders(ctx)))
    if key not in memo:
        unique = sum(isinstance(other, tuple) and other[0] == _RULE for other in memo)
        memo[key] = ([f"{name}_{unique}" for name in names], jaxprs)
        for number, (symbol, jaxpr) in enumerate(zip(*memo[key], strict=True)):
            refuse_effects(jaxpr)
            memo[_NESTED] = _orders(ctx) + (number > 0)
            function = lower_function(ctx, symbol, jaxpr)
            memo[_NESTED] -= number > 0
            assert function.name.value == symbol, f"`@{symbol}` was taken"
    return _known_callees(ctx, key)


def _known_callees(ctx: Any, key: Hashable) -> list[tuple[str, Signature]]:
    symbols, jaxprs = jax_compat.memo_of(ctx)[key]
    return [(symbol, signature_of_jaxpr(ctx, jaxpr)) for symbol, jaxpr in zip(symbols, jaxprs, strict=True)]
