"""Derivatives of ops that are written in terms of others: the decomposition is differentiated in their place.

    @decomposition(op)     (op, *operands) -> the results, as other ops compute them

It becomes a private function, and the op a call of it: both modes are those of calls.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from stablelift.passes.derivatives.control import cotangents_of_call, tangents_of_call
from stablelift.passes.derivatives.sweeps import Derive
from stablelift.passes.derivatives.table import DerivativeRule, Tangents, derivatives, operands_of
from stablelift.passes.rules import Decorator
from stablelift.passes.structure import define


def decomposition(name: str) -> Decorator:
    """Enter what the op `name` computes as its rule, for both modes."""

    def enter(rule: Callable) -> Callable:
        derivatives.enter(name, by_decomposition(lambda derive, op, *operands: rule(op, *operands)))
        return rule

    return enter


def by_decomposition(rule: Callable) -> DerivativeRule:
    """Both modes of an op, by a rule `(derive, op, *operands)` that emits its results."""

    def decomposed(derive: Derive, op: Any) -> str:
        inputs = [operand.type for operand in operands_of(op)]
        wanted = op.operation.name.removeprefix("stablehlo.")
        return define(derive.functions, wanted, inputs, lambda xs: rule(derive, op, *xs)).name.value

    def jvp(derive: Derive, op: Any, tangents: Tangents) -> Tangents:
        return tangents_of_call(derive, op, decomposed(derive, op), tangents)

    def vjp(derive: Derive, op: Any, cotangents: Tangents, wanted: Sequence[bool]) -> Tangents:
        return cotangents_of_call(derive, op, decomposed(derive, op), cotangents, wanted)

    return DerivativeRule(jvp, vjp)
