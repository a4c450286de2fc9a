"""Jaxprs: what is in them, what else they may stand for, and others made of their equations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from jax.extend.core import Primitive

from stablelift.lowering import jax_compat
from stablelift.lowering.jax_compat import TELLING, Jaxpr

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


def place_of_effect(jaxpr: Jaxpr) -> str | None:
    """`file:line` of the user's first line that has one of JAX's effects, the innermost that is known."""
    for eqn in filter(jax_compat.effects, jax_compat.opened(jaxpr).eqns):
        inside = (one for value in eqn.params.values() for one in jaxprs_in(value))
        if place := next(filter(None, map(place_of_effect, inside)), jax_compat.place_of(eqn)):
            return place
    return None


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


def silent(value: Any) -> Any:
    """A jaxpr without checks, and without calls of Python functions that return nothing, in what it calls as
    well; or what has jaxprs in tuples, as parameters do.
    """
    return _with_changed_jaxprs(value, _kept_if_needed)


def unchecked(jaxpr: Jaxpr) -> Jaxpr:
    """The jaxpr without checks, in what it calls as well."""
    return _with_callbacks(jaxpr, _kept_unless_a_check)


def unordered(jaxpr: Jaxpr) -> Jaxpr:
    """The jaxpr whose calls of Python functions, in what it calls as well, JAX does not know to be in order.

    They stay where they stand. JAX's own lowering would put tokens among the arguments of functions.
    """
    if not jax_compat.in_order(jaxpr.effects):
        return jaxpr
    return _with_callbacks(jaxpr, _not_in_order)


def _kept_if_needed(eqn: Any) -> Any | None:
    return eqn if eqn.outvars else None


def _kept_unless_a_check(eqn: Any) -> Any | None:
    return None if eqn.primitive is jax_compat.check_p else eqn


def _not_in_order(eqn: Any) -> Any:
    return eqn.replace(effects=eqn.effects - jax_compat.in_order(eqn.effects))


_changed: dict[Any, WeakKeyDictionary[Any, Any]] = {}
"""By change, what has been made of jaxprs."""


def _with_callbacks(jaxpr: Jaxpr, change: Callable[[Any], Any | None]) -> Jaxpr:
    """The jaxpr with what `change` makes of each call of a Python function; of equal jaxprs the same one."""
    if not jax_compat.told_effects([jaxpr]):
        return jaxpr
    body, known = jax_compat.opened(jaxpr), _changed.setdefault(change, WeakKeyDictionary())
    if body not in known:
        found = (_with_changed(eqn, change) for eqn in body.eqns)
        eqns = [eqn for eqn in found if eqn is not None]
        known[body] = body.replace(eqns=eqns, effects=frozenset().union(*(eqn.effects for eqn in eqns)))
    if jaxpr is body:  # of `checkpoint` and `shard_map`, which hold open ones
        return known[body]
    return jax_compat.with_body(jaxpr, known[body]) if jaxpr.consts else jax_compat.close(known[body])


def _with_changed(eqn: Any, change: Callable[[Any], Any | None]) -> Any | None:
    if eqn.primitive in TELLING:
        return change(eqn)
    told = jax_compat.told_effects([eqn])
    if not told:
        return eqn

    params = {name: _with_changed_jaxprs(value, change) for name, value in eqn.params.items()}
    inside = [one for value in params.values() for one in jaxprs_in(value)]
    return eqn.replace(params=params, effects=eqn.effects - told | jax_compat.told_effects(inside))


def _with_changed_jaxprs(value: Any, change: Callable[[Any], Any | None]) -> Any:
    if isinstance(value, tuple):
        return tuple(_with_changed_jaxprs(entry, change) for entry in value)
    return _with_callbacks(value, change) if jax_compat.is_jaxpr(value) else value


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
