"""From JAX's structured primitives to `lift` ops: what JAX's own lowering would erase, kept.

Each rule lowers its callees to private functions of the module and appends one lift op that names them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp
from jax.extend.core import Primitive

from stablelift.ir.lift import Signature
from stablelift.lowering import foreign, jax_compat
from stablelift.lowering.checkpoint import with_policy
from stablelift.lowering.jax_compat import Jaxpr
from stablelift.lowering.jaxprs import unordered
from stablelift.lowering.linear import FUNCTIONS
from stablelift.lowering.primitive import Recursive, lift_p, program_p
from stablelift.lowering.sizes import in_buffers, needs_buffers
from stablelift.lowering.table import (
    AXES,
    RULES,
    axis_sizes,
    emit,
    lowered_callee,
    lowered_recursive,
    lowers,
    signature_of_jaxpr,
    unweak,
)


@lowers(lift_p)
def _lift(
    ctx: Any, *args: Any, op: str, name: str, callees: Any, attributes: Any, out_avals: Any
) -> list[Any]:
    del out_avals
    given = dict(attributes)
    memo, outer = jax_compat.memo_of(ctx), axis_sizes(ctx)
    if op == "lift.scan" and jax_compat.sizes_of(ctx):
        jaxpr = dict(callees)["callee"]
        if needs_buffers(jaxpr, given):
            return list(jax_compat.lowered_as(in_buffers(jaxpr, given))(ctx, *args))
    if op == "lift.vmap" and given.get("axis_name") is not None:
        memo[AXES] = outer | {given["axis_name"]: given["axis_size"]}
    lowered = _lowered(ctx, name, callees)
    memo[AXES] = outer
    return emit(ctx, op, args, lowered, **given)


def _lowered(ctx: Any, name: str, callees: Any) -> dict[str, Any]:
    """The callees of a lift, lowered."""
    if isinstance(callees, Recursive):
        return dict(lowered_recursive(ctx, name, callees))
    return {
        attribute: [lowered_callee(ctx, name, one) for one in jaxpr]
        if isinstance(jaxpr, tuple)
        else lowered_callee(ctx, name, jaxpr)
        for attribute, jaxpr in callees
    }


@lowers(program_p)
def _program(ctx: Any, *args: Any, program: Any) -> list[Any]:
    """A program's module joins the one being built, once, lifts and all."""
    memo = jax_compat.memo_of(ctx)
    (platform,) = jax_compat.platforms_of(ctx)  # our traces are for one
    program = program.on(platform)
    if program not in memo:
        jax_compat.allow_lift_ops(ctx)
        memo[program] = jax_compat.merge(ctx, program.name, program.bytecode)
    types = [jax_compat.ir_type(ctx, aval) for aval in ctx.avals_out]
    callee = (memo[program], Signature([arg.type for arg in args], types))
    return emit(ctx, "lift.call", args, {"callee": callee}, jitted=True)


def _computed(function: Callable[..., Any], ctx: Any, *args: Any, **params: Any) -> Sequence[Any]:
    """What a primitive of ours computes, by the lifts that it is made of."""
    jaxpr = jax_compat.make_jaxpr(functools.partial(function, **params), ctx.avals_in)
    return jax_compat.lower_in_place(ctx, unordered(jaxpr), args)


for _primitive, _function in FUNCTIONS.items():
    RULES[_primitive] = functools.partial(_computed, _function)


@lowers(jax_compat.jit_p)
def _jit(ctx: Any, *args: Any, jaxpr: Jaxpr, name: str, **params: Any) -> list[Any]:
    if jax_compat.is_inline(params):
        return list(jax_compat.lower_in_place(ctx, jaxpr, args))
    return emit(ctx, "lift.call", args, {"callee": lowered_callee(ctx, name, jaxpr)}, jitted=True)


@lowers(jax_compat.scan_p)
def _scan(
    ctx: Any, *args: Any, jaxpr: Jaxpr, length: int, reverse: bool, unroll: int, **params: Any
) -> list[Any]:
    consts, carry = jax_compat.scan_counts(params)
    attributes = {
        "num_consts": consts,
        "num_carry": carry,
        "length": length,
        "reverse": reverse,
        "unroll": max(1, int(unroll)),
        "in_axes": (0,) * (len(args) - consts - carry),
        "out_axes": (0,) * (len(jaxpr.out_avals) - carry),
    }
    if jax_compat.sizes_of(ctx) and needs_buffers(jaxpr, attributes):
        return list(jax_compat.lowered_as(in_buffers(jaxpr, attributes))(ctx, *args))
    return emit(ctx, "lift.scan", args, {"callee": lowered_callee(ctx, "scan_body", jaxpr)}, **attributes)


@lowers(jax_compat.while_p)
def _while(
    ctx: Any, *args: Any, cond_jaxpr: Jaxpr, body_jaxpr: Jaxpr, cond_nconsts: int, body_nconsts: int, **_: Any
) -> list[Any]:
    if cond_jaxpr.out_avals[0].shape:
        cond_jaxpr, body_jaxpr = _one_predicate(cond_jaxpr, body_jaxpr, cond_nconsts, body_nconsts)
        args = (*args[:cond_nconsts], *args)
        body_nconsts += cond_nconsts
    callees = {
        "cond": lowered_callee(ctx, "while_cond", cond_jaxpr),
        "body": lowered_callee(ctx, "while_body", body_jaxpr),
    }
    counts = {"num_cond_consts": cond_nconsts, "num_body_consts": body_nconsts}
    return emit(ctx, "lift.while", args, callees, **counts)


def _one_predicate(cond: Jaxpr, body: Jaxpr, cond_consts: int, body_consts: int) -> tuple[Jaxpr, Jaxpr]:
    """A loop whose predicate JAX has batched, as one that runs while any element holds.

    The new body takes cond's constants before its own, and keeps the carry of elements that do not hold.
    """

    def any_holds(*args: Any) -> Any:
        return jnp.any(jax_compat.evaluate(cond, *args)[0])

    def step(*args: Any) -> list[Any]:
        carry = args[cond_consts + body_consts :]
        (holds,) = jax_compat.evaluate(cond, *args[:cond_consts], *carry)
        following = jax_compat.evaluate(body, *args[cond_consts:])
        return [_where(holds, new, old) for new, old in zip(following, carry, strict=True)]

    cond_avals, carry_avals = cond.in_avals[:cond_consts], body.in_avals
    return (
        jax_compat.make_jaxpr(any_holds, cond.in_avals),
        jax_compat.make_jaxpr(step, [*cond_avals, *carry_avals]),
    )


def _where(holds: Any, new: Any, old: Any) -> Any:
    """`new` where a predicate over the leading axes holds."""
    return jnp.where(holds.reshape(holds.shape + (1,) * (new.ndim - holds.ndim)), new, old)


@lowers(jax_compat.cond_p)
def _cond(ctx: Any, index: Any, *args: Any, branches: Sequence[Jaxpr], **_: Any) -> list[Any]:
    lowered = [lowered_callee(ctx, f"branch_{position}", branch) for position, branch in enumerate(branches)]
    return emit(ctx, "lift.switch", [index, *args], {"branches": lowered})


@lowers(jax_compat.remat_p)
def _remat(ctx: Any, *args: Any, jaxpr: Any, prevent_cse: Any, policy: Any, **_: Any) -> list[Any]:
    keep = prevent_cse if isinstance(prevent_cse, bool) else any(prevent_cse)
    closed, text = with_policy(jax_compat.close(jaxpr), policy)
    callee = lowered_callee(ctx, "checkpoint", closed)
    return emit(ctx, "lift.remat", args, {"callee": callee}, prevent_cse=keep, policy=text)


@lowers(jax_compat.name_p)
def _name(ctx: Any, x: Any, *, name: str) -> list[Any]:
    return emit(ctx, "lift.name", [x], {}, name=name)


@lowers(jax_compat.stop_gradient_p)
def _stop_gradient(ctx: Any, x: Any) -> list[Any]:
    return emit(ctx, "lift.stop_gradient", [x], {})


def keep_foreign(
    primitive: Primitive, ctx: Any, *args: Any, lowered: Callable[..., Any] | None = None, **params: Any
) -> list[Any]:
    """An opaque primitive: the callee is JAX's own lowering of it, or of what to have `lowered` in its place;
    the op keeps its name.
    """

    def apply(*operands: Any) -> list[Any]:
        results = primitive.bind(*operands, **params)
        return list(results) if primitive.multiple_results else [results]

    avals = [unweak(aval) for aval in ctx.avals_in]
    jaxpr = jax_compat.make_jaxpr(lowered or apply, avals)
    function = jax_compat.lower_callee(ctx, primitive.name, jaxpr, rules={})
    callee = (function.name.value, signature_of_jaxpr(ctx, jaxpr))
    (platform,) = jax_compat.platforms_of(ctx)  # our traces are for one
    key = foreign.register(primitive.name, apply, avals, params, platform)
    return emit(ctx, "lift.foreign", args, {"callee": callee}, primitive=primitive.name, key=key)


@lowers(jax_compat.high_p)
def _high(ctx: Any, *args: Any, **params: Any) -> Sequence[Any]:
    """What JAX expands is lowered so, and keeps the derivative of its own that it may have."""
    expanded = functools.partial(jax_compat.expanded, **params)
    if any(map(jax_compat.can_carry_tangent, ctx.avals_out)):
        return keep_foreign(jax_compat.high_p, ctx, *args, lowered=expanded, **params)
    return jax_compat.lowered_as(expanded)(ctx, *args)


for _primitive in jax_compat.OPAQUE:
    RULES[_primitive] = functools.partial(keep_foreign, _primitive)
