"""Jaxprs: what is in them, what else they may stand for, and others made of their equations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from jax.extend.core import Primitive

from stablelift.lowering import jax_compat
from stablelift.lowering.jax_compat import CALLBACKS, Jaxpr

T = TypeVar("T")


def jaxprs_in(value: Any) -> list[Jaxpr]:
    """The jaxprs of a parameter: itself, or those in tuples."""
    if isinstance(value, tuple):
        return [jaxpr for entry in value for jaxpr in jaxprs_in(entry)]
    return [value] if jax_compat.is_jaxpr(value) else []


def any_equation(jaxpr: Jaxpr, holds: Callable[[Primitive, dict[str, Any]], bool]) -> bool:
    """Whether something holds of an equation of a jaxpr, by its primitive and parameters; asked once of each
    jaxpr.
    """
    known = _answers.setdefault(holds, WeakKeyDictionary())
    body = jax_compat.opened(jaxpr)
    if body not in known:
        known[body] = any(holds(eqn.primitive, eqn.params) for eqn in body.eqns)
    return known[body]


_answers: dict[Any, WeakKeyDictionary[Any, bool]] = {}


def part_of(body: Any, numbers: Sequence[int], inputs: Sequence[Any], outputs: Sequence[Any]) -> Jaxpr:
    """Some equations of an opened jaxpr as a jaxpr of their own."""
    eqns = [body.eqns[number] for number in numbers]
    names = body.debug_info.with_unknown_names()
    return jax_compat.close(
        body.replace(constvars=[], invars=list(inputs), outvars=list(outputs), eqns=eqns, debug_info=names)
    )


def replaced_equation(
    eqn: Any, primitive: Primitive, inputs: Sequence[Any], outputs: Sequence[Any], params: dict[str, Any]
) -> Any:
    """Another equation in the place of one, without effects."""
    given = {"invars": list(inputs), "outvars": list(outputs), "effects": frozenset()}
    return eqn.replace(primitive=primitive, params=params, **given)


def with_equations(jaxpr: Jaxpr, eqns: Sequence[Any]) -> Jaxpr:
    """A jaxpr of the same inputs, constants and results."""
    return jax_compat.with_body(jaxpr, jax_compat.opened(jaxpr).replace(eqns=list(eqns)))


def silent(jaxpr: Jaxpr) -> Jaxpr:
    """The jaxpr without calls of Python functions that return nothing, in what it calls as well."""
    if not jax_compat.callback_effects([jaxpr]):
        return jaxpr
    body = jax_compat.opened(jaxpr)
    eqns = [_silent_equation(eqn) for eqn in body.eqns if eqn.outvars or eqn.primitive not in CALLBACKS]
    effects = frozenset().union(*(eqn.effects for eqn in eqns))
    return jax_compat.with_body(jaxpr, body.replace(eqns=eqns, effects=effects))


def _silent_equation(eqn: Any) -> Any:
    if eqn.primitive in CALLBACKS or not (told := jax_compat.callback_effects([eqn])):
        return eqn
    params = {name: _silent_parameter(value) for name, value in eqn.params.items()}
    inside = [jaxpr for value in params.values() for jaxpr in jaxprs_in(value)]
    return eqn.replace(params=params, effects=eqn.effects - told | jax_compat.callback_effects(inside))


def _silent_parameter(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_silent_parameter, value))
    return silent(value) if jax_compat.is_jaxpr(value) else value


def interpreted(
    jaxpr: Jaxpr,
    inputs: Sequence[T],
    constant: Callable[[Any], T],
    rule: Callable[[Primitive, dict[str, Any], list[T], int], Sequence[T]],
) -> list[T]:
    """What stands for a jaxpr's results, from what stands for its inputs.

    `constant(value)` stands for a constant, `rule(primitive, params, operands, number of results)` for the
    results of an equation.
    """
    body = jax_compat.opened(jaxpr)
    known = dict(zip(body.invars, inputs, strict=True))
    known.update(zip(body.constvars, map(constant, jaxpr.consts), strict=True))

    def of(atom: Any) -> T:
        return constant(atom.val) if jax_compat.is_literal(atom) else known[atom]

    for eqn in body.eqns:
        results = rule(eqn.primitive, eqn.params, [of(atom) for atom in eqn.invars], len(eqn.outvars))
        known.update(zip(eqn.outvars, results, strict=True))
    return [of(atom) for atom in body.outvars]


def inlined(jaxpr: Jaxpr) -> Jaxpr:
    """The jaxpr with what is jitted to be inlined, `jax.jit(..., inline=True)`, in its place.

    By jax 0.10 that has been done.
    """
    body = jax_compat.opened(jaxpr)
    if not any(map(_is_inline, body.eqns)):
        return jaxpr
    eqns: list[Any] = []

    def emit(equations: Sequence[Any], known: dict[Any, Any], inside: bool) -> Callable[[Any], Any]:
        def of(atom: Any) -> Any:
            return atom if jax_compat.is_literal(atom) else known.get(atom, atom)

        for eqn in equations:
            operands = list(map(of, eqn.invars))
            if _is_inline(eqn):
                inner = jax_compat.opened(eqn.params["jaxpr"])
                of_inner = emit(inner.eqns, dict(zip(inner.invars, operands, strict=True)), True)
                known.update(zip(eqn.outvars, map(of_inner, inner.outvars), strict=True))
                continue
            results = list(eqn.outvars)
            if inside:  # another call has the same
                results = [jax_compat.variable(var.aval, jax_compat.is_dropped(var)) for var in results]
                known.update(zip(eqn.outvars, results, strict=True))
            eqns.append(eqn.replace(invars=operands, outvars=results))
        return of

    outputs = list(map(emit(body.eqns, {}, False), body.outvars))
    return jax_compat.with_body(jaxpr, body.replace(eqns=eqns, outvars=outputs))


def _is_inline(eqn: Any) -> bool:
    if eqn.primitive is not jax_compat.jit_p or eqn.params["jaxpr"].consts:
        return False
    return jax_compat.is_inline(eqn.params)
