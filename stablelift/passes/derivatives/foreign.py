"""Derivatives of opaque JAX primitives, by JAX's own rule for the primitive (the foreign-rule fallback).

The rule is traced and lowered once for each use and pattern of active arguments, linked into the module,
and called.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from stablelift.ir.lift import attributes_of, differentiable
from stablelift.ir.location import error_at
from stablelift.lowering import foreign
from stablelift.passes.derivatives.control import place, present, replace_by_call
from stablelift.passes.derivatives.flow import pick
from stablelift.passes.derivatives.sweeps import Derive
from stablelift.passes.derivatives.table import Tangents, jvp, operands_of, vjp
from stablelift.passes.module import call, replace


@jvp("lift.foreign")
def foreign_jvp(derive: Derive, op: Any, tangents: Tangents) -> Tangents:
    wrt = present(tangents)
    rule = _from_jax(op, lambda key: foreign.forward_mode(key, wrt))
    function = derive.linked(rule, f"{attributes_of(op)['primitive']}__jvp")
    results = call(function, [*operands_of(op), *pick(tangents, wrt)])
    types = [result.type for result in op.operation.results]
    replace(op, results[: len(types)])
    return place(results[len(types) :], tuple(differentiable(types)), len(types))


@vjp("lift.foreign")
def foreign_vjp(derive: Derive, op: Any, cotangents: Tangents, wanted: Sequence[bool]) -> Tangents:
    wrt, of = present(wanted), present(cotangents)
    rule = _from_jax(op, lambda key: foreign.reverse_mode(key, wrt, of))
    name = attributes_of(op)["primitive"]
    forward = derive.linked(rule.forward, f"{name}__fwd")
    reverse = derive.linked(rule.reverse, f"{name}__bwd")
    residuals = replace_by_call(op, forward)
    gradients = call(reverse, [*residuals, *pick(cotangents, of)])
    return place(gradients, wrt, len(wanted))


def _from_jax(op: Any, rule: Callable[[str], Any]) -> Any:
    attributes = attributes_of(op)
    key, primitive = attributes.get("key"), attributes["primitive"]
    if key is None or not foreign.known(key):
        hint = "trace the program from its Python function in this process, then differentiate it"
        raise error_at(
            op, f"the derivative of `{primitive}` is a rule of JAX's, which a file does not hold", hint=hint
        )
    try:
        return rule(key)
    except (NotImplementedError, ValueError) as error:
        raise error_at(op, f"JAX has no derivative of `{primitive}`: {str(error).splitlines()[0]}") from None
