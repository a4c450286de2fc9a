"""Arithmetic whose lowering by JAX computes the same, but has a worse derivative."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp
from jax import lax
from jax.extend.core import Primitive

from stablelift.ir.tensor import Tensor, emit
from stablelift.lowering import jax_compat, table
from stablelift.lowering.rules import keep_foreign
from stablelift.lowering.table import RULES, lowers, unweak
from stablelift.lowering.user_rules import rule_callees


@lowers(jax_compat.logistic_p)
def _logistic(ctx: Any, x: Any, **_: Any) -> list[Any]:
    """JAX writes 1 / (1 + exp(-x)), whose derivative is NaN where exp(-x) overflows; the op's is not."""
    return [emit("stablehlo.logistic", Tensor(x)).value]


def _of_complex(ctx: Any, *args: Any, primitive: Primitive, **params: Any) -> Sequence[Any]:
    """Of complex numbers JAX selects among parts: what the derivative is at ties and zeros is not seen there.

    Scalars are compared as JAX lowers it: that is what the regions of reductions combine.
    """
    aval = ctx.avals_in[0]
    is_complex = jnp.issubdtype(aval.dtype, jnp.complexfloating)
    hides = is_complex and (aval.shape or len(args) == 1)
    lower = keep_foreign if hides else jax_compat.lower_as_jax
    return lower(primitive, ctx, *args, **params)


for _primitive in jax_compat.OPAQUE_OF_COMPLEX:
    RULES[_primitive] = functools.partial(_of_complex, primitive=_primitive)


@lowers(jax_compat.integer_pow_p)
def _integer_pow(ctx: Any, x: Any, *, y: int) -> Sequence[Any]:
    if y < 0:
        return _reciprocal_pow(ctx, x, -y)
    return jax_compat.lower_as_jax(jax_compat.integer_pow_p, ctx, x, y=y)


def _reciprocal_pow(ctx: Any, x: Any, n: int) -> list[Any]:
    """x to the power of -n, whose derivative is not that of 1 / (x x ...): its square would overflow."""

    def primal(x: Any) -> Any:
        return lax.div(jnp.ones_like(x), lax.integer_pow(x, n))

    def rule(x: Any, dx: Any) -> Any:
        return primal(x), dx * lax.div(jnp.full_like(x, -n), lax.integer_pow(x, n + 1))

    return _with_rule(ctx, "reciprocal_pow", x, primal, rule)


def _one_minus_square(ctx: Any, x: Any, primitive: Primitive) -> Sequence[Any]:
    """(1 + x) (1 - x), whose derivative is not that of the product: for small x its terms cancel."""
    if jax_compat.tangent_aval(ctx.avals_in[0]) is None:
        return jax_compat.lower_as_jax(primitive, ctx, x)

    def primal(x: Any) -> Any:
        return (1 + x) * (1 - x)

    def rule(x: Any, dx: Any) -> Any:
        return primal(x), dx * (-2 * x)

    return _with_rule(ctx, "one_minus_square", x, primal, rule)


if (_found := jax_compat.one_minus_square_p) is not None:
    RULES[_found] = functools.partial(_one_minus_square, primitive=_found)


def _with_rule(
    ctx: Any, name: str, x: Any, primal: Callable[[Any], Any], rule: Callable[[Any, Any], Any]
) -> list[Any]:
    """A function of one array, with the forward rule that is to be its derivative."""
    aval = unweak(ctx.avals_in[0])
    jaxprs = [jax_compat.make_jaxpr(primal, [aval]), jax_compat.make_jaxpr(rule, [aval, aval])]
    callee, jvp = rule_callees(ctx, (name, f"{name}_rule"), jaxprs)
    return table.emit(ctx, "lift.custom_jvp", [x], {"callee": callee, "jvp": jvp})
