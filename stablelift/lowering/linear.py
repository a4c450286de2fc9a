"""What the primitives compute, as functions: a lift or Program, and what JAX wants to differentiate it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend.core import Primitive

from stablelift.lowering import jax_compat
from stablelift.lowering.callee import Callee, named
from stablelift.lowering.mapping import vmap
from stablelift.lowering.maps import Maps
from stablelift.lowering.primitive import (
    Recursive,
    gradient_p,
    jvp_p,
    lift_p,
    linear_p,
    primal_p,
    program_p,
    transposed_p,
)
from stablelift.lowering.rule_values import reached

Positions = tuple[int, ...]


def applied(primitive: Primitive, params: dict[str, Any]) -> Any:
    """The function of flat arguments that `primitive` computes."""
    return named(partial(_bind, primitive, params), str(params.get("name", primitive.name)))


def _bind(primitive: Primitive, params: dict[str, Any], *args: Any) -> tuple[Any, ...]:
    return tuple(primitive.bind(*args, **params))


def tangents(
    *args: Any, base: Primitive, params: dict[str, Any], wrt: Positions, of: Positions, avals: Any
) -> tuple[Any, ...]:
    """What `linear_p` computes: the tangents of the results `of`, from primals and tangents of the inputs
    `wrt`.
    """
    del avals
    both = valued_tangents(*args, base=base, params=params, wrt=wrt, of=of, again=True)
    return both[len(both) - len(of) :]


def valued_tangents(
    *args: Any,
    base: Primitive,
    params: dict[str, Any],
    wrt: Positions,
    of: Positions,
    maps: Maps = (),
    avals: Any = None,
    again: bool | None = None,
) -> tuple[Any, ...]:
    """What `jvp_p` computes: the results, then their tangents. `again`: the results have been computed."""
    del avals
    assert not maps  # JAX maps what it has linearised as any other function
    callee = _callee(base, params, args[: len(args) - len(wrt)])
    moved = [jax_compat.tangent_aval(callee.out_avals[index]) for index in of]
    out_avals = [*callee.out_avals, *moved]
    return tuple(callee.bind("lift.jvp", args, out_avals, wrt=callee.shifted(wrt), of=of, again=again))


def primal_values(
    *primals: Any, base: Primitive, params: dict[str, Any], wrt: Positions, maps: Maps = (), avals: Any = None
) -> tuple[Any, ...]:
    """What `primal_p` computes: the results that tangents stand beside.

    It is a call of what `gradients` differentiates, so that both together are one computation.
    """
    del avals
    if maps:
        return _mapped(primal_values, maps, base=base, params=params, wrt=wrt)(*primals)
    return tuple(reached(_callee(base, params, primals), primals, wrt))


def gradients(
    *args: Any, base: Primitive, params: dict[str, Any], wrt: Positions, of: Positions, maps: Maps = ()
) -> tuple[Any, ...]:
    """What `gradient_p` computes: reverse mode of the results `of`, from primals and cotangents of these."""
    if maps:
        return _mapped(gradients, maps, base=base, params=params, wrt=wrt, of=of)(*args)
    both = valued_gradients(*args, base=base, params=params, wrt=wrt, of=of, again=True)
    return both[len(both) - len(wrt) :]


def valued_gradients(
    *args: Any,
    base: Primitive,
    params: dict[str, Any],
    wrt: Positions,
    of: Positions,
    maps: Maps = (),
    again: bool | None = None,
) -> tuple[Any, ...]:
    """Both, of one computation: the results, then the gradients. `again`: the results have been computed."""
    if maps:
        return _mapped(valued_gradients, maps, base=base, params=params, wrt=wrt, of=of)(*args)
    callee = _callee(base, params, args[: len(args) - len(of)])
    given = [jax_compat.tangent_aval(jax_compat.aval_of(args[index])) for index in wrt]
    shifted = callee.shifted(wrt)
    out_avals = [*callee.out_avals, *given]
    return tuple(callee.bind("lift.vjp", args, out_avals, wrt=shifted, of=of, again=again))


def transposed(*args: Any, program: Any, moving: Positions) -> tuple[Any, ...]:
    """What `transposed_p` computes: reverse mode of the program, which is the same at all points."""
    count = len(program.in_avals) - len(moving)
    inputs = inputs_at_zero(program, args[:count], moving)
    of = tuple(
        index for index, aval in enumerate(program.out_avals) if jax_compat.can_carry_tangent(aval)
    )
    params = {"program": program}
    return gradients(*inputs, *args[count:], base=program_p, params=params, wrt=moving, of=of)


def inputs_at_zero(program: Any, held: Sequence[Any], moving: Positions) -> list[Any]:
    """The inputs of a program that is linear in those that are moving, which are zeros."""
    rest = iter(held)
    pairs = enumerate(program.in_avals)
    return [jnp.zeros(aval.shape, aval.dtype) if index in moving else next(rest) for index, aval in pairs]


def _mapped(function: Callable[..., Any], maps: Maps, **params: Any) -> Callable[..., Any]:
    mapped = named(partial(function, **params), str(params["params"].get("name", function.__name__)))
    for one in maps:
        mapped = vmap(mapped, one.in_axes, one.out_axes, one.name, one.size, one.spmd_name)
    return mapped


def _callee(base: Primitive, params: dict[str, Any], args: Sequence[Any]) -> Callee:
    """The function that a primitive applies to such arguments: of a call, what is called."""
    if is_call(base, params):
        return Callee.of(dict(params["callees"])["callee"], params["name"])
    in_tree = jax.tree.structure((tuple(args), {}))
    return Callee(applied(base, params), in_tree, list(map(jax_compat.aval_of, args)))


def is_call(base: Primitive, params: dict[str, Any]) -> bool:
    """Whether it is a lift that only calls a function."""
    return base is lift_p and params["op"] == "lift.call" and not isinstance(params["callees"], Recursive)


FUNCTIONS: dict[Primitive, Callable[..., tuple[Any, ...]]] = {
    jvp_p: valued_tangents,
    linear_p: tangents,
    primal_p: primal_values,
    gradient_p: gradients,
    transposed_p: transposed,
}
"""What each primitive that JAX's differentiation makes of a lift computes."""
