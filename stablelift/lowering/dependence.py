"""Which results of a jaxpr depend on which inputs, and so what a map makes mapped: as in the batching pass.

A loop's carry depends on what one step can make it depend on: a least fixed point. Where the predicate or
the index does, everything does. Nothing that `passes/batching` maps is found independent here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from jax.extend.core import Primitive

from stablelift.lowering import jax_compat
from stablelift.lowering.jax_compat import Jaxpr
from stablelift.lowering.jaxprs import interpreted
from stablelift.lowering.primitive import Recursive, lift_p

Flags = list[bool]

_REDUCTIONS = (jax_compat.psum_p, jax_compat.psum_invariant_p, jax_compat.pmax_p, jax_compat.pmin_p)
_POSITIONAL = (
    jax_compat.axis_index_p,
    jax_compat.ppermute_p,
    jax_compat.all_to_all_p,
    jax_compat.reduce_scatter_p,
)


@dataclass(frozen=True)
class Dependence:
    """What depends on the inputs whose flag is set, or on the position along the axis of that name."""

    axis_name: str | None = None

    def results(self, jaxpr: Jaxpr, inputs: Sequence[bool]) -> Flags:
        """Which results of `jaxpr` do."""

        def rule(primitive: Primitive, params: dict[str, Any], operands: Flags, count: int) -> Flags:
            found = self.of_equation(primitive, params, operands)
            return [any(operands)] * count if found is None else found

        return interpreted(jaxpr, inputs, lambda _: False, rule)

    def of_equation(self, primitive: Primitive, params: dict[str, Any], operands: Flags) -> Flags | None:
        """Which results of an equation do; None: all do, if one of the operands does."""
        if primitive is lift_p:
            rule = _RULES.get(params["op"])
            if rule is None or isinstance(params["callees"], Recursive):
                return [self.axis_name is not None or any(operands)] * len(params["out_avals"])
            return rule(self, dict(params["callees"]), dict(params["attributes"]), operands)
        if primitive is jax_compat.jit_p:
            return self.results(params["jaxpr"], operands)
        if primitive in _POSITIONAL and self.is_ours(params["axis_name"]):
            return [True]
        if primitive in _REDUCTIONS and self.is_ours(params["axes"]):
            return [False] * len(operands)
        if primitive is jax_compat.all_gather_p and self.is_ours(params["axis_name"]):
            return [False]
        return None

    def is_ours(self, names: Any) -> bool:
        """Whether the axis is among those of a collective."""
        return self.axis_name in (names if isinstance(names, (tuple, list)) else (names,))


Callees = dict[str, Any]
Attributes = dict[str, Any]


def _callee(of: Dependence, callees: Callees, _: Attributes, operands: Flags) -> Flags:
    return of.results(callees["callee"], operands)


def _sum(of: Dependence, _: Callees, attributes: Attributes, operands: Flags) -> Flags:
    return [False] * len(operands) if of.is_ours(attributes["axis_name"]) else operands


def _same(of: Dependence, callees: Callees, attributes: Attributes, operands: Flags) -> Flags:
    return operands


def _vmap(of: Dependence, callees: Callees, attributes: Attributes, operands: Flags) -> Flags:
    """An inner axis hides an outer one of the same name."""
    is_hidden = of.axis_name is not None and attributes.get("axis_name") == of.axis_name
    return (replace(of, axis_name=None) if is_hidden else of).results(callees["callee"], operands)


def _derivative(
    moved: str, of: Dependence, callees: Callees, attributes: Attributes, operands: Flags
) -> Flags:
    """The callee's results as without it; tangents and gradients, as many as `moved` lists, on everything."""
    callee: Jaxpr = callees["callee"]
    primals = of.results(callee, operands[: len(callee.in_avals)])
    moves = of.axis_name is not None or any(operands)
    return [*primals, *[moves] * len(attributes[moved])]


def _scan(of: Dependence, callees: Callees, attributes: Attributes, operands: Flags) -> Flags:
    start = attributes["num_consts"]
    stop = start + attributes["num_carry"]

    def step(carry: Flags) -> Flags:
        return of.results(callees["callee"], [*operands[:start], *carry, *operands[stop:]])

    carry = _settled(operands[start:stop], step)
    return [*carry, *step(carry)[len(carry) :]]


def _while(of: Dependence, callees: Callees, attributes: Attributes, operands: Flags) -> Flags:
    start = attributes["num_cond_consts"]
    stop = start + attributes["num_body_consts"]

    def step(carry: Flags) -> Flags:
        return of.results(callees["body"], [*operands[start:stop], *carry])

    carry = _settled(operands[stop:], step)
    runs = of.results(callees["cond"], [*operands[:start], *carry])
    return [True] * len(carry) if any(runs) else carry


def _switch(of: Dependence, callees: Callees, _: Attributes, operands: Flags) -> Flags:
    of_index, *inputs = operands
    by_branch = [of.results(branch, inputs) for branch in callees["branches"]]
    return [of_index or any(flags) for flags in zip(*by_branch, strict=True)]


def _settled(carry: Flags, step: Callable[[Flags], Flags]) -> Flags:
    """The carry of a loop once a further step adds nothing to it."""
    while True:
        grown = [old or new for old, new in zip(carry, step(carry), strict=False)]
        if grown == carry:
            return carry
        carry = grown


_RULES: dict[str, Callable[[Dependence, Callees, Attributes, Flags], Flags]] = {
    "lift.call": _callee,
    "lift.remat": _callee,
    "lift.no_derivative": _callee,
    "lift.psum_invariant": _sum,
    "lift.pvary": _same,
    "lift.vmap": _vmap,
    "lift.jvp": partial(_derivative, "of"),
    "lift.vjp": partial(_derivative, "wrt"),
    "lift.scan": _scan,
    "lift.while": _while,
    "lift.switch": _switch,
}
"""The other ops are user rules, of which all results may depend on all operands."""
