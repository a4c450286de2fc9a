"""Structure: what jaxprs have in common that compute the same by the same equations.

Layers that are traced one by one, and the calls of one function outside of any trace, give jaxprs of their
own; by their structure they are known to be equal, and lowered once.
"""

from __future__ import annotations

from collections.abc import Hashable
from enum import Enum
from typing import Any
from weakref import WeakKeyDictionary

import jax
import numpy as np
from jax.extend.core import Primitive

from stablelift.lowering import jax_compat
from stablelift.lowering.jax_compat import Jaxpr
from stablelift.lowering.rule_closures import are_of, held_by

_NAMES = type, Enum, Primitive, jax.sharding.Mesh, jax_compat.AbstractValue
"""What is equal to nothing but itself, and does not change."""


UNCHANGING: set[type] = set()
"""Types of what can be called and does not change, whose equal values compute the same."""


class UnlikeAnything(Exception):
    """What is asked about holds something that cannot be told from what is equal to it."""


def structure_of(value: Any) -> Hashable:
    """What equal parameters of primitives have in common: jaxprs are equal if their equations are.

    It holds neither jaxprs nor tracers. Rules of users are compared by what tracing them gives, those of
    JAX's own functions by their code.

    Raises:
      UnlikeAnything: There are arrays, functions or objects that change among the parameters.
    """
    return _structure_of(value, 0)


_known: WeakKeyDictionary[Any, dict[int, Hashable]] = WeakKeyDictionary()


def _structure_of(value: Any, rules: int) -> Hashable:
    """The structure of what is found inside of so many rules of users."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool | int | float | complex):
        return type(value), repr(value)
    if isinstance(value, tuple | list):
        return type(value), *(_structure_of(entry, rules) for entry in value)
    if isinstance(value, dict):
        return dict, *((name, _structure_of(entry, rules)) for name, entry in value.items())
    if jax_compat.is_jaxpr(value):
        body = jax_compat.opened(value)
        if body.constvars:
            raise UnlikeAnything
        known = _known.setdefault(body, {})
        if rules not in known:
            known[rules] = _of_equations(body, rules)
        return known[rules]
    if not _is_comparable(value):
        raise UnlikeAnything
    return value


def _is_comparable(value: Any) -> bool:
    if isinstance(value, _NAMES):
        return True
    if callable(value) and type(value) not in UNCHANGING:  # a function may use what changes
        return False
    if type(value).__eq__ is object.__eq__:
        return getattr(value, "__dict__", None) == {}  # it stands for itself
    return type(value).__hash__ is not None


def _of_equations(jaxpr: Any, rules: int) -> Hashable:
    numbers: dict[Any, int] = {var: number for number, var in enumerate(jaxpr.invars)}

    def operand(atom: Any) -> Hashable:
        return (atom.aval, np.asarray(atom.val).tobytes()) if jax_compat.is_literal(atom) else numbers[atom]

    parts: list[Hashable] = [tuple(var.aval for var in jaxpr.invars)]
    for eqn in jaxpr.eqns:
        parts.append((eqn.primitive, eqn.ctx, *map(operand, eqn.invars), _of_params(eqn, rules)))
        for var in eqn.outvars:
            numbers[var] = len(numbers)
    return *parts, tuple(map(operand, jaxpr.outvars))


def _of_params(eqn: Any, rules: int) -> Hashable:
    if eqn.primitive in jax_compat.CALLBACKS:
        return _of_callback(eqn.params)
    rule_of = _RULES.get(eqn.primitive)
    if rule_of is None:
        return _structure_of(eqn.params, rules)
    primal: Jaxpr = eqn.params["call_jaxpr"]
    told_by = jax_compat.rules_in(eqn.params)
    if rules == _RULES_DEEP or are_of("jax", told_by):
        return _structure_of(primal, rules), held_by(told_by, _unlike)
    try:
        rule = rule_of(eqn.params, primal.in_avals)
    except Exception:  # whatever it is, it is raised again where the rule is needed
        raise UnlikeAnything from None
    return _structure_of([primal, rule], rules + 1)


def _of_callback(params: dict[str, Any]) -> Hashable:
    """A Python function that runs with the program may use what changes: it does so when it is called."""
    try:
        return jax_compat.identity_of_callback(params)
    except TypeError:
        raise UnlikeAnything from None


_RULES_DEEP = 2
"""A rule may apply its own function again, and so without end. Inside of so many, which only derivatives of
higher order ask for, rules are compared by the code and the numbers that they are made of."""


def _unlike(value: Any) -> Hashable:
    raise UnlikeAnything


_RULES = {
    jax_compat.custom_jvp_call_p: jax_compat.jvp_function,
    jax_compat.custom_vjp_call_p: jax_compat.vjp_functions,
}
"""How the rules of users' functions are traced."""
