"""A call of a function with its derivative rule: both traced, and bound as one lift op.

What function and rule close over goes in as further operands. A rule of tangents takes those as zero; with a
rule for the reverse, a derivative with respect to them is an error: both as in JAX. So is a rule that cannot
be traced, or does not fit the function, once a derivative is asked for; outside of any trace nobody asks, and
the function is called alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax

from stablelift.lowering import jax_compat
from stablelift.lowering.callee import Callee, avals_of, flat_arrays, name_of
from stablelift.lowering.primitive import CHECKS, refuse_effects
from stablelift.lowering.recursion import Recursion
from stablelift.lowering.rule_results import (
    carrying,
    completed,
    gradient_leaves,
    pair_leaves,
    reason_of,
    residual_tree_of,
)


def call_with_vjp(
    function: Callable | Callee,
    forward: Callable,
    backward: Callable,
    *args: Any,
    recursion: Recursion | None = None,
) -> Any:
    """`function(*args)`, whose gradient is `backward(residuals, cotangent)`, where
    `forward(*args)` = (output, residuals). The function may have been traced already, on these arguments.
    """
    recursion = recursion or Recursion({}, None)
    arrays, in_tree = flat_arrays((args, {}))
    if recursion.running:
        return recursion.apply("lift.custom_vjp", arrays)
    avals = avals_of(arrays)
    primal = function if isinstance(function, Callee) else Callee(function, in_tree, avals)
    if jax_compat.is_outside_traces():
        return _alone(primal, arrays)

    def rule() -> list[Callee]:
        fwd = Callee(forward, in_tree, avals)
        residual_tree = residual_tree_of(primal, fwd)
        bwd = _backward_callee(backward, primal, fwd, residual_tree, args)
        checks = _checks_of(primal)
        refuse_effects(fwd.jaxpr, *checks, of_checks=_WITHOUT)
        refuse_effects(bwd.jaxpr, of_checks=_IN_REVERSE)
        return [fwd, bwd]

    try:
        (fwd, bwd), operands = recursion.traced(primal, rule, arrays)
    except Exception as error:
        return _without_derivative(primal, arrays, error)
    residuals = fwd.out_avals[len(primal.out_avals) :]

    def forward_flat(*values: Any) -> list[Any]:
        return [*operands.run(fwd, values), *operands.constants(bwd, values)]

    def backward_flat(*values: Any) -> list[Any]:
        middle, end = len(residuals), len(residuals) + len(bwd.constants)
        found = jax_compat.evaluate(bwd.jaxpr, *values[middle:end], *values[:middle], *values[end:])
        return [*operands.zeros(), *found]

    saved = [*residuals, *avals_of(bwd.constants), *carrying(primal.out_avals)]
    callees = {
        "callee": operands.jaxpr(primal),
        "fwd": jax_compat.make_jaxpr(forward_flat, operands.avals),
        "bwd": jax_compat.make_jaxpr(backward_flat, saved),
    }
    return recursion.bind("lift.custom_vjp", operands, callees)


def _backward_callee(
    backward: Callable, primal: Callee, fwd: Callee, residual_tree: Any, args: Any
) -> Callee:
    """The backward function as one of the residuals and of the cotangents that can be carried."""

    def gradients(residuals: list[Any], cotangents: list[Any]) -> list[Any]:
        cotangent = jax.tree.unflatten(primal.out_tree, completed(cotangents, primal.out_avals))
        return gradient_leaves(backward, backward(residual_tree.unflatten(residuals), cotangent), args)

    gradients.__name__ = name_of(backward)
    given = (fwd.out_avals[len(primal.out_avals) :], carrying(primal.out_avals))
    return Callee(gradients, jax.tree.structure((given, {})), jax.tree.leaves(given))


def call_with_jvp(
    function: Callable, rule: Callable, *args: Any, recursion: Recursion | None = None
) -> Any:
    """`function(*args)`, whose output and tangent are `rule(primals, tangents)`."""
    recursion = recursion or Recursion({}, None)
    arrays, in_tree = flat_arrays((args, {}))
    if recursion.running:
        return recursion.apply("lift.custom_jvp", arrays)
    avals = avals_of(arrays)
    primal = Callee(function, in_tree, avals)
    if jax_compat.is_outside_traces():
        return _alone(primal, arrays)

    def moved(primals: list[Any], tangents: list[Any]) -> list[Any]:
        given = in_tree.unflatten(completed(tangents, avals))[0]
        found = rule(in_tree.unflatten(primals)[0], given)
        return pair_leaves(rule, primal, found)

    moved.__name__ = name_of(rule)

    def rule_callee() -> list[Callee]:
        tangents = carrying(avals)
        jvp = Callee(moved, jax.tree.structure(((avals, tangents), {})), [*avals, *tangents])
        refuse_effects(jvp.jaxpr, *_checks_of(primal), of_checks=_WITHOUT)
        return [jvp]

    try:
        (jvp,), operands = recursion.traced(primal, rule_callee, arrays)
    except Exception as error:
        return _without_derivative(primal, arrays, error)
    count = len(operands.values)

    def moved_flat(*values: Any) -> list[Any]:
        own = values[count + len(operands.zeros()) :]
        return jax_compat.evaluate(
            jvp.jaxpr, *operands.constants(jvp, values), *operands.arguments(values[:count]), *own
        )

    callees = {
        "callee": operands.jaxpr(primal),
        "jvp": jax_compat.make_jaxpr(moved_flat, [*operands.avals, *carrying(operands.avals)]),
    }
    return recursion.bind("lift.custom_jvp", operands, callees)


def _checks_of(primal: Callee) -> list[str]:
    """Checks, if there are some in the function: who makes these, `checkify`, makes those of its rule."""
    return [CHECKS] if CHECKS in jax_compat.effects(primal.jaxpr) else []


_WITHOUT = "a rule may check something where its function does too; let that check it, or move the check out"
_IN_REVERSE = "a reverse cannot report what it finds; check it in the function and in its forward rule"


def _alone(primal: Callee, arrays: Sequence[Any], op: str = "lift.call", **attributes: Any) -> Any:
    """The function without its rule, by an op that has none."""
    results = primal.bind(op, arrays, primal.out_avals, **attributes)
    return jax.tree.unflatten(primal.out_tree, results)


def _without_derivative(primal: Callee, arrays: Sequence[Any], error: Exception) -> Any:
    """The function alone, whose derivative is the error that its rule ended in."""
    return _alone(primal, arrays, "lift.no_derivative", reason=reason_of(primal.name, error))
