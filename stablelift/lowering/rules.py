"""From JAX's structured primitives to `lift` ops: what JAX's own lowering would erase, kept.

Each rule lowers its callees to private functions of the module and appends one lift op that names them. The
table `OVERRIDES` is built once: JAX keys its lowering cache by it.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.extend.core import Primitive

from stablelift.errors import LiftError
from stablelift.ir import lift, tensor
from stablelift.ir.lift import Signature
from stablelift.lowering import foreign, jax_compat
from stablelift.lowering.jax_compat import Jaxpr
from stablelift.lowering.linear import linear_p, tangents
from stablelift.lowering.primitive import lift_p, program_p, refuse_effects

_RULES: dict[Primitive, jax_compat.Rule] = {}

_AXES = "stablelift axes"
"""Under this key the memo of a module keeps the sizes of the named axes whose maps are being lowered."""


def _lowers(primitive: Primitive) -> Callable[[jax_compat.Rule], jax_compat.Rule]:
    def enter(rule: jax_compat.Rule) -> jax_compat.Rule:
        _RULES[primitive] = rule
        return rule

    return enter


def _callee(ctx: Any, name: str, jaxpr: Jaxpr) -> tuple[str, Signature]:
    """The symbol and types of the function that `jaxpr` lowers to; the same jaxpr gives the same function."""
    memo = jax_compat.memo_of(ctx)
    # The jaxpr stays in the memo's value, so that its id cannot be given to another one.
    key = ("stablelift callee", id(jaxpr))
    if key not in memo:
        refuse_effects(jaxpr)
        function = jax_compat.lower_callee(ctx, name, jaxpr)
        memo[key] = (function.name.value, jaxpr)
    return memo[key][0], _signature(ctx, jaxpr)


def _signature(ctx: Any, jaxpr: Jaxpr) -> Signature:
    return Signature(
        [jax_compat.ir_type(ctx, aval) for aval in jaxpr.in_avals],
        [jax_compat.ir_type(ctx, aval) for aval in jaxpr.out_avals],
    )


def _emit(ctx: Any, op: str, args: Sequence[Any], callees: dict[str, Any], **attributes: Any) -> list[Any]:
    """Append `op`, its callees given as (symbol, signature) or tuples of them."""
    jax_compat.allow_lift_ops(ctx)
    signatures: dict[str, Signature] = {}
    for attribute, found in callees.items():
        many = found if isinstance(found, list) else [found]
        signatures.update(many)
        attributes[attribute] = [symbol for symbol, _ in many] if isinstance(found, list) else found[0]
    return lift.create(op, args, signatures, **attributes)


@_lowers(lift_p)
def _lift(
    ctx: Any, *args: Any, op: str, name: str, callees: Any, attributes: Any, out_avals: Any
) -> list[Any]:
    del out_avals
    given = dict(attributes)
    memo, outer = jax_compat.memo_of(ctx), _axis_sizes(ctx)
    if given.get("axis_name") is not None:
        memo[_AXES] = outer | {given["axis_name"]: given["axis_size"]}
    lowered = {
        attribute: [_callee(ctx, name, one) for one in jaxpr]
        if isinstance(jaxpr, tuple)
        else _callee(ctx, name, jaxpr)
        for attribute, jaxpr in callees
    }
    memo[_AXES] = outer
    return _emit(ctx, op, args, lowered, **given)


@_lowers(program_p)
def _program(ctx: Any, *args: Any, program: Any) -> list[Any]:
    """A program's module joins the one being built, once, lifts and all."""
    memo = jax_compat.memo_of(ctx)
    if program not in memo:
        jax_compat.allow_lift_ops(ctx)
        memo[program] = jax_compat.merge(ctx, program.name, program.bytecode)
    types = [jax_compat.ir_type(ctx, aval) for aval in ctx.avals_out]
    callee = (memo[program], Signature([arg.type for arg in args], types))
    return _emit(ctx, "lift.call", args, {"callee": callee})


_RULES[linear_p] = jax_compat.lowered_as(tangents)


@_lowers(jax_compat.jit_p)
def _jit(ctx: Any, *args: Any, jaxpr: Jaxpr, name: str, **_: Any) -> list[Any]:
    return _emit(ctx, "lift.call", args, {"callee": _callee(ctx, name, jaxpr)})


@_lowers(jax_compat.scan_p)
def _scan(
    ctx: Any, *args: Any, jaxpr: Jaxpr, length: int, reverse: bool, unroll: int, **params: Any
) -> list[Any]:
    consts, carry = jax_compat.scan_counts(params)
    return _emit(
        ctx,
        "lift.scan",
        args,
        {"callee": _callee(ctx, "scan_body", jaxpr)},
        num_consts=consts,
        num_carry=carry,
        length=length,
        reverse=reverse,
        unroll=max(1, int(unroll)),
        in_axes=(0,) * (len(args) - consts - carry),
        out_axes=(0,) * (len(jaxpr.out_avals) - carry),
    )


@_lowers(jax_compat.while_p)
def _while(
    ctx: Any, *args: Any, cond_jaxpr: Jaxpr, body_jaxpr: Jaxpr, cond_nconsts: int, body_nconsts: int, **_: Any
) -> list[Any]:
    if cond_jaxpr.out_avals[0].shape:
        cond_jaxpr, body_jaxpr = _one_predicate(cond_jaxpr, body_jaxpr, cond_nconsts, body_nconsts)
        args = (*args[:cond_nconsts], *args)
        body_nconsts += cond_nconsts
    callees = {"cond": _callee(ctx, "while_cond", cond_jaxpr), "body": _callee(ctx, "while_body", body_jaxpr)}
    counts = {"num_cond_consts": cond_nconsts, "num_body_consts": body_nconsts}
    return _emit(ctx, "lift.while", args, callees, **counts)


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


@_lowers(jax_compat.cond_p)
def _cond(ctx: Any, index: Any, *args: Any, branches: Sequence[Jaxpr], **_: Any) -> list[Any]:
    lowered = [_callee(ctx, f"branch_{position}", branch) for position, branch in enumerate(branches)]
    return _emit(ctx, "lift.switch", [index, *args], {"branches": lowered})


@_lowers(jax_compat.remat_p)
def _remat(ctx: Any, *args: Any, jaxpr: Any, prevent_cse: Any, policy: Any, **_: Any) -> list[Any]:
    keep = prevent_cse if isinstance(prevent_cse, bool) else any(prevent_cse)
    callee = _callee(ctx, "checkpoint", jax_compat.close(jaxpr))
    return _emit(ctx, "lift.remat", args, {"callee": callee}, prevent_cse=keep, policy=_policy_name(policy))


def _policy_name(policy: Any) -> str | None:
    """The name of a rematerialisation policy among JAX's, else that of the function; None for the default."""
    if policy is None:
        return None
    known = [name for name, one in vars(jax.checkpoint_policies).items() if one is policy]
    return known[0] if known else getattr(policy, "__name__", type(policy).__name__)


def _axis_names(name: Any, groups: Any = None) -> dict[str, list[str]]:
    """The attribute that names the mapped axes of a collective.

    Raises:
      LiftError: Groups of positions along an axis, or a positional axis, are asked for.
    """
    names = list(name) if isinstance(name, (tuple, list)) else [name]
    if groups is not None or not all(isinstance(one, str) for one in names):
        place = jax_compat.user_frame()
        raise LiftError(
            f"{place + ': ' if place else ''}"
            f"error: a collective over {names} with axis_index_groups={groups}\n"
            "  hint: collectives of a lifted map run over whole axes that have names"
        )
    return {"axis_name": names}


def _reduction(
    ctx: Any, *args: Any, op: str, axes: Any, axis_index_groups: Any = None, **_: Any
) -> list[Any]:
    return _emit(ctx, op, args, {}, **_axis_names(axes, axis_index_groups))


for _primitive in (jax_compat.psum_p, jax_compat.pmax_p, jax_compat.pmin_p):
    _RULES[_primitive] = functools.partial(_reduction, op=f"lift.{_primitive.name}")


@_lowers(jax_compat.axis_index_p)
def _axis_index(ctx: Any, *, axis_name: Any) -> list[Any]:
    return _emit(ctx, "lift.axis_index", [], {}, **_axis_names(axis_name))


@_lowers(jax_compat.all_gather_p)
def _all_gather(
    ctx: Any, x: Any, *, axis_name: Any, all_gather_dimension: int, axis_size: int, tiled: bool, **params: Any
) -> list[Any]:
    names = _axis_names(axis_name, params["axis_index_groups"])
    shape = {"axis_size": axis_size, "dimension": all_gather_dimension, "tiled": tiled}
    return _emit(ctx, "lift.all_gather", [x], {}, **names, **shape)


@_lowers(jax_compat.ppermute_p)
def _ppermute(ctx: Any, x: Any, *, axis_name: Any, perm: Any, **_: Any) -> list[Any]:
    return _emit(ctx, "lift.ppermute", [x], {}, permutation=perm, **_axis_names(axis_name))


@_lowers(jax_compat.all_to_all_p)
def _all_to_all(
    ctx: Any, x: Any, *, axis_name: Any, split_axis: int, concat_axis: int, **params: Any
) -> list[Any]:
    """JAX adds and removes the axes of an exchange that is not tiled around the primitive, which always is.
    """
    names = _axis_names(axis_name, params["axis_index_groups"])
    axes = {"split_axis": split_axis, "concat_axis": concat_axis, "tiled": True}
    size = math.prod(_axis_sizes(ctx).get(name, 1) for name in names["axis_name"])
    return _emit(ctx, "lift.all_to_all", [x], {}, axis_size=size, **names, **axes)


@_lowers(jax_compat.reduce_scatter_p)
def _reduce_scatter(
    ctx: Any, x: Any, *, axis_name: Any, scatter_dimension: int, axis_size: int, tiled: bool, **params: Any
) -> list[Any]:
    """The sum, of which each position keeps its own piece."""
    names = _axis_names(axis_name, params["axis_index_groups"])
    if len(names["axis_name"]) > 1:
        _axis_names(axis_name, "several axes")

    def scatter(x: Any) -> list[Any]:
        summed = jax_compat.psum_p.bind(x, axes=tuple(names["axis_name"]), axis_index_groups=None)
        position = jax_compat.axis_index_p.bind(axis_name=names["axis_name"][0])
        width = x.shape[scatter_dimension] // axis_size
        piece = lax.dynamic_slice_in_dim(summed, position * width, width, scatter_dimension)
        return [piece if tiled else lax.squeeze(piece, [scatter_dimension])]

    axes = [(name, axis_size) for name in names["axis_name"]]
    jaxpr = jax_compat.make_jaxpr(scatter, [_unweak(ctx.avals_in[0])], axes)
    return _emit(ctx, "lift.call", [x], {"callee": _callee(ctx, "reduce_scatter", jaxpr)})


def _axis_sizes(ctx: Any) -> dict[str, int]:
    """The sizes of the named axes whose maps are being lowered, by name."""
    return jax_compat.memo_of(ctx).get(_AXES, {})


@_lowers(jax_compat.name_p)
def _name(ctx: Any, x: Any, *, name: str) -> list[Any]:
    return _emit(ctx, "lift.name", [x], {}, name=name)


@_lowers(jax_compat.stop_gradient_p)
def _stop_gradient(ctx: Any, x: Any) -> list[Any]:
    return _emit(ctx, "lift.stop_gradient", [x], {})


@_lowers(jax_compat.logistic_p)
def _logistic(ctx: Any, x: Any, **_: Any) -> list[Any]:
    """JAX writes 1 / (1 + exp(-x)), whose derivative is NaN where exp(-x) overflows; the op's is not."""
    return [tensor.emit("stablehlo.logistic", tensor.Tensor(x)).value]


@_lowers(jax_compat.custom_jvp_call_p)
def _custom_jvp(ctx: Any, *args: Any, call_jaxpr: Jaxpr, **params: Any) -> list[Any]:
    in_avals = call_jaxpr.in_avals
    rule = jax_compat.jvp_function({"call_jaxpr": call_jaxpr, **params}, in_avals)
    names = ("custom_jvp", "custom_jvp_rule")
    callee, jvp = _rule_callees(ctx, names, [call_jaxpr, rule])
    return _emit(ctx, "lift.custom_jvp", args, {"callee": callee, "jvp": jvp})


@_lowers(jax_compat.custom_vjp_call_p)
def _custom_vjp(ctx: Any, *args: Any, call_jaxpr: Jaxpr, **params: Any) -> list[Any]:
    fwd, bwd = jax_compat.vjp_functions({"call_jaxpr": call_jaxpr, **params}, call_jaxpr.in_avals)
    names = ("custom_vjp", "custom_vjp_fwd", "custom_vjp_bwd")
    callee, fwd, bwd = _rule_callees(ctx, names, [call_jaxpr, fwd, bwd])
    return _emit(ctx, "lift.custom_vjp", args, {"callee": callee, "fwd": fwd, "bwd": bwd})


def _rule_callees(ctx: Any, names: Sequence[str], jaxprs: Sequence[Jaxpr]) -> list[tuple[str, Signature]]:
    """The functions of a user's rule, shared by every use whose primal and rule read the same.

    A rule usually calls its own primal, whose lowering meets the rule again: a use found while its own
    functions are being lowered refers to them by the names they will have, so the recursion ends.
    """
    memo = jax_compat.memo_of(ctx)
    constants = tuple(id(constant) for jaxpr in jaxprs for constant in jaxpr.consts)
    key = ("stablelift rule", "\n".join(map(str, jaxprs)), constants)
    if key not in memo:
        unique = sum(isinstance(other, tuple) and other[0] == "stablelift rule" for other in memo)
        memo[key] = ([f"{name}_{unique}" for name in names], jaxprs)
        for symbol, jaxpr in zip(memo[key][0], jaxprs, strict=True):
            refuse_effects(jaxpr)
            function = jax_compat.lower_callee(ctx, symbol, jaxpr)
            assert function.name.value == symbol, f"`@{symbol}` was taken"
    return [(symbol, _signature(ctx, jaxpr)) for symbol, jaxpr in zip(memo[key][0], jaxprs, strict=True)]


def _foreign(ctx: Any, *args: Any, primitive: Primitive, **params: Any) -> list[Any]:
    """An opaque primitive: the callee is JAX's own lowering of it, the op keeps its name."""

    def apply(*operands: Any) -> list[Any]:
        results = primitive.bind(*operands, **params)
        return list(results) if primitive.multiple_results else [results]

    avals = [_unweak(aval) for aval in ctx.avals_in]
    jaxpr = jax_compat.make_jaxpr(apply, avals)
    function = jax_compat.lower_callee(ctx, primitive.name, jaxpr, overrides=False)
    callee = (function.name.value, _signature(ctx, jaxpr))
    key = foreign.register(primitive.name, apply, avals, params)
    return _emit(ctx, "lift.foreign", args, {"callee": callee}, primitive=primitive.name, key=key)


def _unweak(aval: Any) -> Any:
    return jax_compat.shaped(aval.shape, aval.dtype)


for _primitive in jax_compat.OPAQUE:
    _RULES[_primitive] = functools.partial(_foreign, primitive=_primitive)

OVERRIDES = jax_compat.override(_RULES)
"""The lowering parameters under which JAX emits `lift` ops."""
