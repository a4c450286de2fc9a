"""The part of a lift that computes some of its results, where JAX drops what nobody uses.

So a value that a lift only hands on does not depend on the others that it takes, and a loop that shares it
may compute it once. Importing this module registers the rules.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

from stablelift.lowering import jax_compat
from stablelift.lowering.jax_compat import Jaxpr
from stablelift.lowering.jaxprs import silent, with_equations
from stablelift.lowering.primitive import Recursive, lift_p
from stablelift.lowering.rule_search import holds_rules

Flags = list[bool]
Params = dict[str, Any]


class Part(NamedTuple):
    """Which operands a part uses, which results it has, its callees, and the attributes that differ."""

    used: Flags
    results: Flags
    callees: Params
    changed: Params


def _restricted(wanted: Flags, params: Params) -> tuple[Flags, Flags, Params] | None:
    """The operands that are used, the results there are, and the parameters of the part; None where it is
    the whole.
    """
    rule = _RULES.get(params["op"])
    if rule is None or isinstance(params["callees"], Recursive):
        return None
    attributes = dict(params["attributes"])
    found = rule(wanted, dict(params["callees"]), attributes)
    if found is None or all((*wanted, *found.used)):
        return None  # equal jaxprs stay one
    attributes |= found.changed
    part = {
        "op": attributes.pop("op", params["op"]),
        "name": params["name"],
        "callees": tuple(found.callees.items()),
        "attributes": tuple(sorted((key, value) for key, value in attributes.items() if value is not None)),
        "out_avals": _pick(params["out_avals"], found.results),
    }
    return found.used, found.results, part


def _pick(values: Sequence[Any], flags: Sequence[bool]) -> tuple[Any, ...]:
    return tuple(value for value, is_kept in zip(values, flags, strict=True) if is_kept)


def _places(wanted: Sequence[bool]) -> list[int]:
    return [index for index, is_wanted in enumerate(wanted) if is_wanted]


def _call(wanted: Flags, callees: Params, attributes: Params) -> Part:
    ((attribute, callee),) = callees.items()
    jaxpr, used = jax_compat.restrict(callee, _places(wanted))
    return Part(used, wanted, {attribute: jaxpr}, {})


def _vmap(wanted: Flags, callees: Params, attributes: Params) -> Part:
    part = _call(wanted, callees, attributes)
    in_axes, out_axes = _pick(attributes["in_axes"], part.used), _pick(attributes["out_axes"], wanted)
    return part._replace(changed={"in_axes": in_axes, "out_axes": out_axes})


def _switch(wanted: Flags, callees: Params, attributes: Params) -> Part:
    outputs, branches = _places(wanted), callees["branches"]
    each = [jax_compat.restrict(branch, outputs)[1] for branch in branches]
    used = [any(flags) for flags in zip(*each, strict=True)]
    kept = tuple(jax_compat.restrict(branch, outputs, used)[0] for branch in branches)
    return Part([True, *used], wanted, {"branches": kept}, {})


def _scan(wanted: Flags, callees: Params, attributes: Params) -> Part:
    """A wanted part of the carry needs what one step makes it of: a least fixed point."""
    body, start, count = callees["callee"], attributes["num_consts"], attributes["num_carry"]
    carry, ys = _settled(body, wanted[:count], wanted[count:], start)
    outputs = _places([*carry, *ys])
    _, used = jax_compat.restrict(body, outputs)
    used[start : start + count] = carry  # what is handed on, too
    return Part(
        used,
        [*carry, *ys],
        {"callee": jax_compat.restrict(body, outputs, used)[0]},
        {
            "num_consts": sum(used[:start]),
            "num_carry": sum(carry),
            "in_axes": _pick(attributes["in_axes"], used[start + count :]),
            "out_axes": _pick(attributes["out_axes"], ys),
        },
    )


def _while(wanted: Flags, callees: Params, attributes: Params) -> Part:
    """The condition's part of the carry is wanted too."""
    cond, body = callees["cond"], callees["body"]
    of_cond, of_body = attributes["num_cond_consts"], attributes["num_body_consts"]
    _, seen = jax_compat.restrict(cond, [0])
    start = [asked or is_seen for asked, is_seen in zip(wanted, seen[of_cond:], strict=True)]
    carry, _ = _settled(body, start, [], of_body)
    outputs = _places(carry)
    _, used = jax_compat.restrict(body, outputs)
    consts = seen[:of_cond], used[:of_body]
    kept = {
        "cond": jax_compat.restrict(cond, [0], [*consts[0], *carry])[0],
        "body": jax_compat.restrict(body, outputs, [*consts[1], *carry])[0],
    }
    counts = {"num_cond_consts": sum(consts[0]), "num_body_consts": sum(consts[1])}
    return Part([*consts[0], *consts[1], *carry], carry, kept, counts)


def _settled(body: Jaxpr, carry: Flags, others: Flags, start: int) -> tuple[Flags, Flags]:
    """The parts of a loop's carry that are used once a further step adds nothing, and the other results."""
    while True:
        _, used = jax_compat.restrict(body, _places([*carry, *others]))
        grown = [old or new for old, new in zip(carry, used[start : start + len(carry)], strict=True)]
        if grown == carry:
            return carry, others
        carry = grown


def _derivative(moved: str, wanted: Flags, callees: Params, attributes: Params) -> Part | None:
    """Where no derivative is asked for, a call, unless users' rules say what the results are beside one.

    `moved` lists what tangents or cotangents are given for.
    """
    callee: Jaxpr = callees["callee"]
    count = len(callee.out_avals)
    if any(wanted[count:]) or holds_rules(callee):
        return None
    if attributes.get("again"):
        callees = {"callee": silent(callee)}
    part = _call(wanted[:count], callees, attributes)
    used = [*part.used, *[False] * len(attributes[moved])]
    return part._replace(used=used, results=wanted, changed=_AS_CALL)


_AS_CALL = {"op": "lift.call", "wrt": None, "of": None, "again": None}

_RULES: dict[str, Callable[[Flags, Params, Params], Part | None]] = {
    "lift.call": _call,
    "lift.remat": _call,
    "lift.vmap": _vmap,
    "lift.switch": _switch,
    "lift.scan": _scan,
    "lift.while": _while,
    "lift.jvp": partial(_derivative, "wrt"),
    "lift.vjp": partial(_derivative, "of"),
}

jax_compat.register_restriction(lift_p, _restricted)


def live(jaxpr: Jaxpr) -> Jaxpr:
    """The jaxpr without what its results do not depend on; the same one where that is nothing.

    Lifts of one function stay as they are to each other: what is needed of one of them, all compute, also
    those of which nothing is. So equal layers stay equal, and as many.
    """
    body = jax_compat.opened(jaxpr)
    wanted: dict[Any, Flags] = {}
    while (equations := _live_equations(body, wanted)) is None:
        pass
    return jaxpr if equations == body.eqns else with_equations(jaxpr, equations)


def _live_equations(body: Any, wanted: dict[Any, Flags]) -> list[Any] | None:
    """The equations that are needed; None where `wanted`, the results that are needed of each function, has
    grown past what one was taken for.
    """
    needed = set(filter(_is_variable, body.outvars))
    kept: list[Any] = []
    taken: dict[Any, Flags] = {}
    is_settled = True
    for eqn in reversed(body.eqns):
        flags = [var in needed for var in eqn.outvars]
        if eqn.primitive is lift_p and not eqn.effects:
            key = eqn.params["op"], eqn.params["callees"], eqn.params["attributes"]
            flags = [old or new for old, new in zip(wanted.get(key, flags), flags, strict=True)]
            if any(flags):
                wanted[key] = flags
            is_settled = is_settled and taken.setdefault(key, flags) == flags
            part = _restricted(flags, eqn.params) if any(flags) else None
            if part is not None:
                eqn = jax_compat.restricted_equation(eqn, flags, *part)
        if any(flags) or eqn.effects:
            needed.update(filter(_is_variable, eqn.invars))
            kept.append(eqn)
    return kept[::-1] if is_settled else None


def _is_variable(atom: Any) -> bool:
    return not jax_compat.is_literal(atom)
