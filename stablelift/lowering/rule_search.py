"""Which functions have users' derivative rules in them, and which are costly."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from jax import lax
from jax.extend.core import Primitive

from stablelift.ir.mlir import may_hold
from stablelift.lowering import jax_compat
from stablelift.lowering.jax_compat import Jaxpr
from stablelift.lowering.jaxprs import any_equation, jaxprs_in
from stablelift.lowering.primitive import BY_JAX, OF_PROGRAMS, Recursive, lift_p

_USER_RULES = ("lift.custom_jvp", "lift.custom_vjp")


def has_rules(primitive: Primitive, params: dict[str, Any]) -> bool:
    """Whether an equation applies a function that has a derivative rule of a user's, or holds one."""
    if primitive in BY_JAX:
        return has_rules(params["base"], params["params"])
    if primitive in OF_PROGRAMS:
        return may_hold(params["program"].bytecode, _USER_RULES)
    if primitive in (jax_compat.custom_jvp_call_p, jax_compat.custom_vjp_call_p):
        return True
    if primitive is lift_p and params["op"] in _USER_RULES:
        return True
    return any(holds_rules(one) for value in params.values() for one in jaxprs_in(value))


def holds_rules(jaxpr: Jaxpr) -> bool:
    """Whether an equation in a jaxpr `has_rules`."""
    return any_equation(jaxpr, has_rules)


def is_costly(primitive: Primitive, params: dict[str, Any]) -> bool:
    """Whether an equation multiplies, loops, chooses or calls a library, or applies a function that does:
    what is not to be computed again for its gradient.
    """
    if primitive in _COSTLY:
        return True
    if primitive is lift_p and params["op"] in ("lift.scan", "lift.while", "lift.switch", "lift.foreign"):
        return True
    jaxprs = (one for value in params.values() for one in jaxprs_in(value))
    return any(any_equation(one, is_costly) for one in jaxprs)


_COSTLY = {
    *(jax_compat.scan_p, jax_compat.while_p, jax_compat.cond_p),
    *(lax.dot_general_p, lax.conv_general_dilated_p),
    *jax_compat.OPAQUE,
}


def effects_of_reverse(jaxpr: Jaxpr) -> frozenset[Any]:
    """What the reverse rules of users in a jaxpr do beside computing, in JAX's terms; asked once of each."""
    if not holds_rules(jaxpr):
        return frozenset()
    body = jax_compat.opened(jaxpr)
    if body not in _of_reverse:
        _of_reverse[body] = frozenset()  # what a recursive rule meets
        _of_reverse[body] = frozenset().union(*map(_of_equation, body.eqns))
    return _of_reverse[body]


_of_reverse: WeakKeyDictionary[Any, frozenset[Any]] = WeakKeyDictionary()


def _of_equation(eqn: Any) -> frozenset[Any]:
    if eqn.primitive is lift_p and eqn.params["op"] == "lift.custom_vjp":
        held = eqn.params["callees"]
        rules = [] if isinstance(held, Recursive) else [rule for name, rule in held if name == "bwd"]
    elif eqn.primitive is jax_compat.custom_vjp_call_p:
        rules = _traced_reverse(eqn)
    else:
        rules = []
    inside = (one for value in eqn.params.values() for one in jaxprs_in(value))
    return jax_compat.told_effects(rules).union(*map(effects_of_reverse, inside))


def _traced_reverse(eqn: Any) -> list[Jaxpr]:
    try:
        return [jax_compat.vjp_functions(eqn.params, eqn.params["call_jaxpr"].in_avals)[1]]
    except Exception:  # whatever it is, it is raised again where the rule is needed
        return []
