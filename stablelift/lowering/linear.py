"""What the primitives compute, as functions: a lift or Program, and what JAX wants to differentiate it."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
from jax.extend.core import Primitive

from stablelift.lowering import jax_compat
from stablelift.lowering.callee import Callee
from stablelift.lowering.gradients import jvp
from stablelift.lowering.rule_search import has_rules
from stablelift.lowering.rule_values import reached


def applied(primitive: Primitive, params: dict[str, Any]) -> Any:
    """The function of flat arguments that `primitive` computes."""
    function = partial(_bind, primitive, params)
    function.__name__ = str(params.get("name", primitive.name))  # type: ignore[attr-defined]
    return function


def _bind(primitive: Primitive, params: dict[str, Any], *args: Any) -> tuple[Any, ...]:
    return tuple(primitive.bind(*args, **params))


def tangents(
    *args: Any, base: Primitive, params: dict[str, Any], wrt: tuple[int, ...], of: tuple[int, ...], avals: Any
) -> tuple[Any, ...]:
    """What `linear_p` computes: the tangents of the results `of`, from primals and tangents of the inputs
    `wrt`.
    """
    del avals
    count = len(args) - len(wrt)
    given = dict(zip(wrt, args[count:], strict=True))
    _, moved = jvp(applied(base, params), args[:count], [given.get(index) for index in range(count)])
    return tuple(moved[index] for index in of)


def primal_values(
    *primals: Any, base: Primitive, params: dict[str, Any], wrt: tuple[int, ...], avals: Any = None
) -> tuple[Any, ...]:
    """What `primal_p` computes: the results that tangents stand beside."""
    del avals
    if not wrt or not has_rules(base, params):
        return tuple(base.bind(*primals, **params))
    in_tree = jax.tree.structure((tuple(primals), {}))
    callee = Callee(applied(base, params), in_tree, list(map(jax_compat.aval_of, primals)))
    return tuple(reached(callee, primals, wrt))


def gradients(
    *args: Any, base: Primitive, params: dict[str, Any], wrt: tuple[int, ...], of: tuple[int, ...]
) -> tuple[Any, ...]:
    """What `gradient_p` computes: reverse mode of the results `of`, from primals and cotangents of these."""
    both = valued_gradients(*args, base=base, params=params, wrt=wrt, of=of)
    return both[len(both) - len(wrt) :]


def valued_gradients(
    *args: Any, base: Primitive, params: dict[str, Any], wrt: tuple[int, ...], of: tuple[int, ...]
) -> tuple[Any, ...]:
    """Both, of one computation: the results, then the gradients."""
    count = len(args) - len(of)
    avals = list(map(jax_compat.aval_of, args[:count]))
    callee = Callee(applied(base, params), jax.tree.structure((tuple(args[:count]), {})), avals)
    given = [jax_compat.tangent_aval(avals[index]) for index in wrt]
    shifted = callee.shifted(wrt)
    return tuple(callee.bind("lift.vjp", args, [*callee.out_avals, *given], wrt=shifted, of=of))
