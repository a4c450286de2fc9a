"""How JAX's `checkify` meets lifts: what it looks for inside of one comes out of it as a further result.

Each callee is made to return an error, by `checkify` itself. A map and a loop stack those of their examples
and steps, of which one is picked; a `while` carries it; each branch of a switch has its own, and a function
and its rule have. Derivatives are not looked into, only what they are taken of. Importing this module
registers the rules.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend.core import Primitive

from stablelift.ir.parts import split_by
from stablelift.lowering import jax_compat
from stablelift.lowering.axes import with_axis
from stablelift.lowering.callee import Callee, named
from stablelift.lowering.jax_compat import Jaxpr
from stablelift.lowering.jaxprs import silent
from stablelift.lowering.linear import gradients, primal_values, tangents, valued_tangents
from stablelift.lowering.loops import switch, while_loop
from stablelift.lowering.primitive import (
    Recursive,
    bind,
    checks_something,
    gradient_p,
    jvp_p,
    lift_p,
    linear_p,
    primal_p,
    program_p,
)
from stablelift.lowering.scan import scan

Errors = list[Any]
Found = tuple[Errors, Sequence[Any]]


class _Checked:
    """A callee that returns an error before its results, traced once: only then are its errors of a kind."""

    def __init__(self, kinds: Any, jaxpr: Jaxpr, name: str, axes: Sequence[tuple[str, int]] = ()):
        in_tree = jax.tree.structure((tuple(jaxpr.in_avals), {}))
        function = named(lambda *args: jax_compat.checked(jaxpr, kinds, args), name)
        self.callee = Callee(function, in_tree, list(jaxpr.in_avals), axes)
        self.error_tree = self.callee.out_tree.children()[0]
        self.error_avals = self.callee.out_avals[: self.error_tree.num_leaves]

    def __call__(self, *args: Any) -> tuple[Any, list[Any]]:
        """The error and the results."""
        results = jax_compat.evaluate(self.callee.jaxpr, *self.callee.constants, *args)
        return jax.tree.unflatten(self.callee.out_tree, results)

    @property
    def none(self) -> Any:
        """No error."""
        leaves = [jnp.zeros(aval.shape, aval.dtype) for aval in self.error_avals]
        return jax.tree.unflatten(self.error_tree, leaves)


def _lift(kinds: Any, args: Sequence[Any], **params: Any) -> Found:
    rule, callees = _RULES.get(params["op"]), params["callees"]
    is_looked_into = jax_compat.looks_for_more_than_checks(kinds) or checks_something(params)
    if rule is None or isinstance(callees, Recursive) or not is_looked_into:
        return [], lift_p.bind(*args, **params)
    checked = partial(_Checked, kinds, name=params["name"])
    return rule(checked, args, dict(callees), dict(params["attributes"]), params)


Look = Callable[..., _Checked]
"""(callee) -> the callee looked into"""


def _calls(look: Look, args: Sequence[Any], callees: Any, attributes: dict[str, Any], params: Any) -> Found:
    """An op whose results begin with those of its callee."""
    mapped, axis = params["op"] == "lift.vmap", attributes.get("axis_name")
    checked = look(callees["callee"], axes=[(axis, attributes["axis_size"])] if axis else ())
    callee, avals = checked.callee, checked.error_avals
    if mapped:
        avals = [with_axis(aval, 0, attributes["axis_size"]) for aval in avals]
        attributes["in_axes"] = (None,) * len(callee.constants) + attributes["in_axes"]
        attributes["out_axes"] = (0,) * len(avals) + attributes["out_axes"]
    if "wrt" in attributes:
        attributes["wrt"] = callee.shifted(attributes["wrt"])
        attributes["of"] = tuple(len(avals) + index for index in attributes["of"])
    results = callee.bind(params["op"], args, [*avals, *params["out_avals"]], **attributes)
    error = jax.tree.unflatten(checked.error_tree, results[: len(avals)])
    errors = _of_many(error, attributes["axis_size"], _last) if mapped else [error]
    return errors, results[len(avals) :]


def _of_many(errors: Any, count: int, position: Callable[[Any], Any]) -> Errors:
    return [jax_compat.one_of_errors(errors, position)] if count else []


def _first(there: Any) -> Any:
    return jnp.argmax(there)


def _last(there: Any) -> Any:
    return len(there) - 1 - jnp.argmax(there[::-1])


def _scan(look: Look, args: Sequence[Any], callees: Any, attributes: dict[str, Any], params: Any) -> Found:
    of_consts, of_carry = attributes.pop("num_consts"), attributes.pop("num_carry")
    consts, carry, xs = split_by(args, [of_consts, of_carry, len(args) - of_consts - of_carry])
    checked = look(callees["callee"])

    def step(carry: list[Any], slices: list[Any]) -> Any:
        error, results = checked(*consts, *carry, *slices)
        return results[:of_carry], (error, results[of_carry:])

    attributes["in_axes"] = list(attributes["in_axes"])
    attributes["out_axes"] = (0, list(attributes["out_axes"]))
    kept = attributes.pop("checkpoints", None)
    attributes["checkpoint"] = None if kept is None else f"binomial:{kept}"
    carry, (errors, ys) = scan(named(step, params["name"]), carry, xs, **attributes)
    position = _last if attributes["reverse"] else _first
    return _of_many(errors, attributes["length"], position), [*carry, *ys]


def _while(look: Look, args: Sequence[Any], callees: Any, attributes: dict[str, Any], params: Any) -> Found:
    of_cond, of_body = attributes["num_cond_consts"], attributes["num_body_consts"]
    for_cond, for_body, carry = split_by(args, [of_cond, of_body, len(args) - of_cond - of_body])
    cond, body = callees["cond"], callees["body"]

    def following(*inner: Any) -> list[Any]:
        results = jax_compat.evaluate(body, *inner[of_cond:])
        jax_compat.evaluate(cond, *inner[:of_cond], *results)  # for its checks
        return results

    avals = [*cond.in_avals[:of_cond], *body.in_avals]
    before, checked = look(cond), look(jax_compat.make_jaxpr(following, avals))

    def step(state: Any) -> Any:
        so_far, carry = state
        error, results = checked(*for_cond, *for_body, *carry)
        both = jax_compat.first_error(so_far, error)
        return jax.tree.map(lambda x, like: x.astype(like.dtype), both, so_far), results

    def goes_on(state: Any) -> Any:
        return jax_compat.evaluate(silent(cond), *for_cond, *state[1])[0]

    most = attributes.get("max_trip_count")
    state = checked.none, list(carry)
    error, results = while_loop(goes_on, named(step, params["name"]), state, max_trip_count=most)
    return [before(*for_cond, *carry)[0], error], results


def _switch(look: Look, args: Sequence[Any], callees: Any, attributes: dict[str, Any], params: Any) -> Found:
    index, *operands = args
    branches = [look(branch) for branch in callees["branches"]]

    def taken(number: int, *operands: Any) -> Any:
        errors = [branch.none for branch in branches]
        errors[number], results = branches[number](*operands)
        return errors, results

    each = [named(partial(taken, number), params["name"]) for number in range(len(branches))]
    return switch(index, each, *operands)


def _with_rule(
    rule: str, look: Look, args: Sequence[Any], callees: Any, attributes: dict[str, Any], params: Any
) -> Found:
    """A function with a user's rule: what is found in one of them is nothing where the other is computed."""
    both = [look(callees["callee"]), look(callees[rule])]
    avals = [aval for one in both for aval in one.error_avals]
    moving = [aval for aval in map(jax_compat.tangent_aval, avals) if aval is not None]
    count = len(params["out_avals"])

    def of(number: int, *values: Any) -> list[Any]:
        errors = [one.none for one in both]
        errors[number], results = both[number](*values)
        zeros = [jnp.zeros(aval.shape, aval.dtype) for aval in moving] if (number, rule) == (1, "jvp") else []
        return [*jax.tree.leaves(errors), *results[:count], *zeros, *results[count:]]

    def backward(*values: Any) -> list[Any]:
        """JAX's errors of other kinds have been found in what it differentiates."""
        return reverse(*values[:saved], *values[saved + len(moving) :])[1]

    given = {
        name: jax_compat.make_jaxpr(named(partial(of, number), params["name"]), callees[name].in_avals)
        for number, name in enumerate(("callee", rule))
    }
    if rule == "fwd":
        reverse, saved = look(callees["bwd"]), len(callees["fwd"].out_avals) - count
        before, after = callees["bwd"].in_avals[:saved], callees["bwd"].in_avals[saved:]
        given["bwd"] = jax_compat.make_jaxpr(backward, [*before, *moving, *after])
    out_avals = [*avals, *params["out_avals"]]
    results = bind(params["op"], args, given, out_avals, name=params["name"], **attributes)
    trees = [one.error_tree for one in both]
    found = split_by(results[: len(avals)], [tree.num_leaves for tree in trees])
    errors = [jax.tree.unflatten(tree, leaves) for tree, leaves in zip(trees, found, strict=True)]
    return errors, results[len(avals) :]


_RULES = {
    **dict.fromkeys(("lift.call", "lift.remat", "lift.vmap", "lift.jvp", "lift.vjp"), _calls),
    "lift.no_derivative": _calls,  # whose rule ended in an error
    "lift.custom_vjp": partial(_with_rule, "fwd"),
    "lift.custom_jvp": partial(_with_rule, "jvp"),
    "lift.scan": _scan,
    "lift.while": _while,
    "lift.switch": _switch,
}


def _program(kinds: Any, args: Sequence[Any], *, program: Any) -> Found:
    """A Program cannot be looked into, but what it was made of may be."""
    errors = []
    if program.checks is not None:
        jaxpr = jax_compat.make_jaxpr(program.checks, list(map(jax_compat.aval_of, args)))
        errors.append(jax_compat.checked(jaxpr, kinds, args)[0])
    return errors, program_p.bind(*args, program=program)


def _values(computes: Callable[..., Any], kinds: Any, args: Sequence[Any], **params: Any) -> Found:
    """What JAX differentiates is looked into as it is without."""
    jaxpr = jax_compat.make_jaxpr(partial(computes, **params), list(map(jax_compat.aval_of, args)))
    error, results = jax_compat.checked(jaxpr, kinds, args)
    return [error], results


def _derivative(computes: Callable[..., Any], kinds: Any, args: Sequence[Any], **params: Any) -> Found:
    """Its checks have been made."""
    del kinds
    given = {name: silent(value) for name, value in params["params"].items()}
    return [], computes(*args, **{**params, "params": given})


_FUNCTIONS: dict[Primitive, Any] = {
    lift_p: _lift,
    program_p: _program,
    jvp_p: partial(_values, valued_tangents),
    primal_p: partial(_values, primal_values),
    linear_p: partial(_derivative, tangents),
    gradient_p: partial(_derivative, gradients),
}
for _primitive, _rule in _FUNCTIONS.items():
    jax_compat.register_checks(_primitive, _rule)
