"""`lift_p`: the one JAX primitive that every lifted transformation binds.

Its parameters hold the lift op's name, its callees as closed jaxprs and its attributes, so that a lift
travels through JAX's own tracing untouched. Our lowering (`lowering/rules.py`) turns an equation of it into
a `lift` op; plain `jax.jit` lowers it through the rule that `runtime/` registers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jax.extend.core import Primitive

from stablelift.errors import SideEffectError
from stablelift.lowering import jax_compat
from stablelift.lowering.devices import devices_of, on_devices
from stablelift.lowering.jax_compat import Jaxpr
from stablelift.lowering.jaxprs import jaxprs_in, place_of_effect
from stablelift.lowering.maps import Maps, inside, outside

lift_p = Primitive("lift")
lift_p.multiple_results = True


@lift_p.def_effectful_abstract_eval
def _abstract_eval(*_: Any, out_avals: tuple[Any, ...], **params: Any) -> tuple[list[Any], frozenset[Any]]:
    return list(out_avals), side_effects(lift_p, params)


program_p = Primitive("program")
program_p.multiple_results = True
"""A call of a whole `Program`, on flat arguments; its parameter is the program."""


@program_p.def_effectful_abstract_eval
def _program_abstract_eval(*avals: Any, program: Any) -> tuple[list[Any], frozenset[Any]]:
    results = [jax_compat.varying_as(avals, jax_compat.aval_of(aval)) for aval in program.out_avals]
    return results, program.effects


jvp_p = Primitive("lift_jvp")
jvp_p.multiple_results = True
"""The results of a lift or Program and their tangents, where JAX is the one who differentiates: `lift.jvp`.

Where JAX wants the results first, to transpose the tangents, it falls into `primal_p` and `linear_p`.
"""


@jvp_p.def_effectful_abstract_eval
def _jvp_abstract_eval(
    *_: Any, of: tuple[int, ...], avals: tuple[Any, ...], **params: Any
) -> tuple[list[Any], frozenset[Any]]:
    moved = [jax_compat.tangent_aval(avals[index]) for index in of]
    return [*avals, *moved], side_effects(jvp_p, params)


linear_p = Primitive("lift_tangent")
linear_p.multiple_results = True
"""The tangents alone, linear in those of the inputs; its transpose (in `runtime/`) is `lift.vjp`."""


@linear_p.def_effectful_abstract_eval
def _linear_abstract_eval(
    *_: Any, of: tuple[int, ...], avals: tuple[Any, ...], **params: Any
) -> tuple[list[Any], frozenset[Any]]:
    results = [jax_compat.tangent_aval(avals[index]) for index in of]
    return results, side_effects(linear_p, params)


primal_p = Primitive("lift_primal")
primal_p.multiple_results = True
"""The results of a lift beside which JAX wants its gradients, in maps of JAX's around both."""


@primal_p.def_effectful_abstract_eval
def _primal_abstract_eval(
    *_: Any, avals: tuple[Any, ...], maps: Maps, **params: Any
) -> tuple[list[Any], frozenset[Any]]:
    return outside(avals, maps), side_effects(primal_p, params)


gradient_p = Primitive("lift_gradient")
gradient_p.multiple_results = True
"""The gradients of a lift, from its primals and cotangents of some results: the transpose of `linear_p`."""


@gradient_p.def_effectful_abstract_eval
def _gradient_abstract_eval(
    *args: Any, wrt: tuple[int, ...], maps: Maps, **params: Any
) -> tuple[list[Any], frozenset[Any]]:
    primals = inside(args, maps)
    results = outside([jax_compat.tangent_aval(primals[index]) for index in wrt], maps)
    return results, side_effects(gradient_p, params)


transposed_p = Primitive("lift_transposed")
transposed_p.multiple_results = True
"""A linear function that is known by its transpose: a `Program` that is linear in its inputs `moving`.

It takes the program's other inputs, then a cotangent of each result that can have one.
"""


@transposed_p.def_effectful_abstract_eval
def _transposed_abstract_eval(
    *avals: Any, program: Any, moving: tuple[int, ...]
) -> tuple[list[Any], frozenset[Any]]:
    inputs = [jax_compat.aval_of(program.in_avals[index]) for index in moving]
    return [jax_compat.varying_as(avals, aval) for aval in inputs], program.effects


BY_JAX = (jvp_p, linear_p, primal_p, gradient_p)
"""What JAX's differentiation makes of the primitive `base`, whose parameters are `params`."""

OF_PROGRAMS = (program_p, transposed_p)
"""What applies the parameter `program`."""

LINEAR_IN = {linear_p: "wrt", gradient_p: "of", transposed_p: "moving"}
"""The parameter that has a position for each of the last operands, which the primitive is linear in."""


class Recursive:
    """The callees of an op, by attribute name, one of which applies the op itself: filled in once all of them
    are traced.
    """

    def __init__(self):
        self.callees: dict[str, Jaxpr] = {}


Callees = dict[str, Jaxpr | tuple[Jaxpr, ...]]


def bind(
    op: str,
    args: Sequence[Any],
    callees: Callees | Recursive,
    out_avals: Sequence[Any],
    name: str = "callee",
    **attributes: Any,
) -> list[Any]:
    """Apply the lift op `op` to flat arrays or tracers; returns its flat results.

    `callees` holds jaxprs without constants by attribute name, `attributes` the op's others as Python values;
    `name` is what the callees' symbols are made from.

    Raises:
      SideEffectError: A callee has side effects, which a lift cannot keep.
    """
    held = callees if isinstance(callees, Recursive) else tuple(callees.items())
    jaxprs = jaxprs_in(held)
    for jaxpr in jaxprs:
        refuse_effects(jaxpr, CHECKS)
    return lift_p.bind(
        *on_devices(devices_of(jaxprs), args),
        op=op,
        name=name,
        callees=held,
        attributes=tuple(sorted((key, value) for key, value in attributes.items() if value is not None)),
        out_avals=tuple(out_avals),
    )


def name_in(params: dict[str, Any]) -> str:
    """What a lift or a Program is called, or what they are that a derivative is of."""
    while "params" in params:
        params = params["params"]
    return params["program"].name if "program" in params else params["name"]


def side_effects(primitive: Primitive, params: dict[str, Any]) -> frozenset[Any]:
    """What a lift or a Program does beside computing its results, in JAX's terms.

    Of a derivative of what has been computed it is what users' rules do in the reverse.
    """
    if primitive is primal_p:
        return side_effects(params["base"], params["params"])
    if primitive is jvp_p:
        return side_effects(primal_p, params) | side_effects(linear_p, params)
    if primitive in (linear_p, gradient_p):
        return effects_of_rules(params["base"], params["params"])
    if primitive in OF_PROGRAMS:
        return params["program"].effects
    is_again = ("again", True) in params["attributes"]
    found = jax_compat.told_effects([] if is_again else jaxprs_in(params["callees"]))
    return found | effects_of_rules(primitive, params) if params["op"] in _DERIVATIVES else found


_DERIVATIVES = ("lift.jvp", "lift.vjp")


def effects_of_rules(primitive: Primitive, params: dict[str, Any]) -> frozenset[Any]:
    """What the rules of users in a lift, or in a Program, do in the reverse."""
    from stablelift.lowering.rule_search import effects_of_reverse

    if primitive in BY_JAX:
        return effects_of_rules(params["base"], params["params"])
    if primitive in OF_PROGRAMS:
        return params["program"].effects
    return frozenset().union(*map(effects_of_reverse, jaxprs_in(params["callees"])))


def checks_something(params: dict[str, Any]) -> bool:
    """Whether there are checks in a lift."""
    return any(CHECKS in jax_compat.effects(jaxpr) for jaxpr in jaxprs_in(params["callees"]))


_CALLBACKS = ("Debug", "IO", "OrderedDebug", "OrderedIO")

CHECKS = "Error"


def refuse_effects(jaxpr: Jaxpr, *allowed: str, of_checks: str | None = None) -> None:
    """Raise a SideEffectError when running `jaxpr` would do more than call Python functions: write to
    references, check.

    `allowed` names further effects to let pass, as `jax_compat.effects` spells them; `of_checks` is a hint
    for checks.
    """
    found = [effect for effect in jax_compat.effects(jaxpr) if effect not in (*_CALLBACKS, *allowed)]
    if not found:
        return
    place = place_of_effect(jaxpr)
    hint = (of_checks or _FUNCTIONALISE) if CHECKS in found else "move what has them out of the function"
    raise SideEffectError(
        f"{place + ': ' if place else ''}error: a function with such side effects cannot be lifted\n"
        f"  effects: {', '.join(found)}\n  hint: {hint}"
    )


_FUNCTIONALISE = "checks are made by `checkify.checkify` around the outermost function"
