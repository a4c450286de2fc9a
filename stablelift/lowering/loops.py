"""Loops and branches as lifts of pure functions: while_loop, fori_loop, cond and switch.

Signatures and conventions are those of `jax.lax`; what is traced is one lift op with its callees. Beyond JAX,
`while_loop` takes `max_trip_count`, which makes it differentiable in reverse.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from stablelift.lowering import jax_compat
from stablelift.lowering.callee import Callee, as_array, avals_of, flat_arrays, require_callable
from stablelift.lowering.carry import settled
from stablelift.lowering.primitive import bind
from stablelift.lowering.scan import scan

_ABSENT: Any = object()  # None may be an operand


def while_loop(
    cond_fun: Callable, body_fun: Callable, init_val: Any, max_trip_count: int | None = None
) -> Any:
    """Repeat `body_fun` as long as `cond_fun` holds, as `jax.lax.while_loop`.

    Args:
      cond_fun: carry -> a boolean scalar.
      body_fun: carry -> the next carry, of the same types.
      init_val: The first carry, a pytree.
      max_trip_count: The loop ends after that many steps, whatever `cond_fun` says. With it the loop can be
        differentiated in reverse, at the memory of about 2 sqrt(max_trip_count) carries.

    Raises:
      TypeError: The condition is not a boolean scalar, or the carry changes its structure or types.
      ValueError: `max_trip_count` is negative.
    """
    require_callable("while_loop", cond_fun, body_fun)
    if max_trip_count is not None:
        return _bounded(cond_fun, body_fun, init_val, max_trip_count)
    return _while(cond_fun, body_fun, init_val, None)


def _bounded(cond_fun: Callable, body_fun: Callable, init_val: Any, bound: int) -> Any:
    if bound < 0:
        raise ValueError(f"max_trip_count: expected at least 0, found {bound}")
    limit = jnp.int32(bound)

    def cond(state: Any) -> Any:
        return jnp.logical_and(state[0] < limit, cond_fun(state[1]))

    def body(state: Any) -> Any:
        return state[0] + 1, body_fun(state[1])

    body.__name__ = getattr(body_fun, "__name__", "body")
    return _while(cond, body, (jnp.int32(0), init_val), bound)[1]


def _while(cond_fun: Callable, body_fun: Callable, init: Any, bound: int | None) -> Any:
    in_tree = jax.tree.structure(((init,), {}))
    conditions: list[Callee] = []

    def trace(avals: list[Any]) -> Callee:
        conditions.append(Callee(cond_fun, in_tree, avals))
        return Callee(body_fun, in_tree, avals)

    body, carry = settled("while_loop", trace, init)
    cond = conditions[-1]
    found = cond.out_avals
    if len(found) != 1 or found[0].shape != () or found[0].dtype != jnp.bool_:
        spelled = ", ".join(aval.str_short() for aval in found)
        raise TypeError(f"while_loop: expected the condition to be a boolean scalar, found {spelled}")
    results = bind(
        "lift.while",
        [*cond.constants, *body.constants, *carry],
        {"cond": cond.jaxpr, "body": body.jaxpr},
        body.out_avals,
        name=body.name,
        num_cond_consts=len(cond.constants),
        num_body_consts=len(body.constants),
        max_trip_count=bound,
    )
    return jax.tree.unflatten(body.out_tree, results)


def fori_loop(
    lower: Any,
    upper: Any,
    body_fun: Callable,
    init_val: Any,
    max_trip_count: int | None = None,
    *,
    unroll: int | bool | None = None,
) -> Any:
    """`body_fun(i, carry)` for i from `lower` to `upper`, as `jax.lax.fori_loop`.

    With integer bounds the loop has a known length and is differentiable in reverse; with traced bounds it
    is so when `max_trip_count` is given. `unroll` is that of `scan`, and needs integer bounds.

    Raises:
      ValueError: `unroll` is given with bounds that are traced.
    """
    require_callable("fori_loop", body_fun)
    if isinstance(lower, int) and isinstance(upper, int):

        def step(state: Any, _: None) -> Any:
            return (state[0] + 1, body_fun(*state)), None

        start = (jnp.int32(lower), init_val)
        return scan(step, start, length=max(0, upper - lower), unroll=1 if unroll is None else unroll)[0][1]
    if unroll is not None:
        raise ValueError("fori_loop: expected integer bounds, which unroll needs, found arrays")
    lower, upper = jnp.asarray(lower), jnp.asarray(upper)
    lower = lower.astype(jnp.promote_types(lower.dtype, upper.dtype))
    limit = upper.astype(lower.dtype)
    return while_loop(
        lambda state: state[0] < limit,
        lambda state: (state[0] + 1, body_fun(*state)),
        (lower, init_val),
        max_trip_count,
    )[1]


def cond(pred: Any, true_fun: Callable, false_fun: Callable, *operands: Any, operand: Any = _ABSENT) -> Any:
    """`true_fun(*operands)` where `pred` holds, else `false_fun(*operands)`, as `jax.lax.cond`.

    `operand=` is another spelling of one operand.

    Raises:
      TypeError: The predicate is not a scalar boolean or real number, or the branches return different
        structures or types.
    """
    operands = _with_operand("cond", operands, operand)
    require_callable("cond", true_fun, false_fun)
    condition = as_array(pred)
    if condition.shape != () or jnp.iscomplexobj(condition):
        found = jax_compat.aval_of(condition).str_short()
        raise TypeError(f"cond: expected a boolean or a real number as the predicate, found {found}")
    return _chosen(condition.astype(bool).astype(jnp.int32), [true_fun, false_fun], operands, order=(1, 0))


def switch(index: Any, branches: Sequence[Callable], *operands: Any, operand: Any = _ABSENT) -> Any:
    """The branch at `index`, which is clamped to the range, applied to the operands, as `jax.lax.switch`.

    `operand=` is another spelling of one operand.

    Raises:
      ValueError: There is no branch.
      TypeError: The index is not an integer scalar, or the branches return different structures or types.
    """
    if not branches:
        raise ValueError("switch: expected at least one branch, found none")
    operands = _with_operand("switch", operands, operand)
    require_callable("switch", *branches)
    position = as_array(index)
    if position.shape != () or not jnp.issubdtype(position.dtype, jnp.integer):
        found = jax_compat.aval_of(position).str_short()
        raise TypeError(f"switch: expected an integer scalar as index, found {found}")
    position = jnp.clip(position, 0, len(branches) - 1).astype(jnp.int32)
    return _chosen(position, branches, operands, order=range(len(branches)))


def _with_operand(what: str, operands: tuple[Any, ...], operand: Any) -> tuple[Any, ...]:
    if operand is _ABSENT:
        return operands
    if operands:
        raise TypeError(f"{what}: expected operands by position or `operand=`, found both")
    return (operand,)


def _chosen(position: Any, branches: Sequence[Callable], operands: Any, order: Sequence[int]) -> Any:
    """The branch `branches[order[position]]`; they are traced as they stand."""
    values, _ = flat_arrays(operands)
    in_tree = jax.tree.structure((operands, {}))
    as_given = [Callee(branch, in_tree, avals_of(values)) for branch in branches]
    traced = [as_given[number] for number in order]
    _same_results(traced)
    # Each branch closes over values of its own: all branches take all of them.
    constants = [constant for callee in traced for constant in callee.constants]
    jaxprs = tuple(
        _taking_all(traced, number, avals_of(constants), avals_of(values)) for number in range(len(traced))
    )
    out_avals = traced[0].out_avals
    results = bind(
        "lift.switch", [position, *constants, *values], {"branches": jaxprs}, out_avals, name="branch"
    )
    return jax.tree.unflatten(traced[0].out_tree, results)


def _taking_all(
    traced: Sequence[Callee], number: int, constants: Sequence[Any], values: Sequence[Any]
) -> Any:
    """The jaxpr of one branch, as a function of the constants of all of them and the operands."""
    start = sum(len(callee.constants) for callee in traced[:number])
    stop = start + len(traced[number].constants)
    jaxpr = traced[number].jaxpr

    def branch(*args: Any) -> list[Any]:
        return jax_compat.evaluate(jaxpr, *args[start:stop], *args[len(constants) :])

    return jax_compat.make_jaxpr(branch, [*constants, *values])


def _same_results(traced: Sequence[Callee]) -> None:
    first = traced[0]
    for number, callee in enumerate(traced[1:], 1):
        if callee.out_tree != first.out_tree:
            raise TypeError(
                f"switch: expected all branches to return {first.out_tree}, "
                f"branch {number} returns {callee.out_tree}"
            )
        for mine, other in zip(first.out_avals, callee.out_avals, strict=True):
            if mine.shape != other.shape or mine.dtype != other.dtype:
                raise TypeError(
                    f"switch: expected all branches to return {mine.str_short()}, "
                    f"branch {number} returns {other.str_short()}"
                )
