"""Derivatives of ops that are written in terms of others: the decomposition is differentiated in their place.

    @decomposition(op)     (op, *operands) -> the results, as other ops compute them

It becomes a private function, and the op a call of it: both modes are those of calls.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from stablelift.passes.derivatives.control import cotangents_of_call, tangents_of_call
from stablelift.passes.derivatives.sweeps import Derive
from stablelift.passes.derivatives.table import Tangents, jvp, operands_of, vjp
from stablelift.passes.rules import Decorator
from stablelift.passes.structure import define


def decomposition(name: str) -> Decorator:
    """Enter what the op `name` computes as its rule, for both modes."""

    def enter(rule: Callable) -> Callable:
        def decomposed(derive: Derive, op: Any) -> str:
            inputs = [operand.type for operand in operands_of(op)]
            wanted = name.removeprefix("stablehlo.")
            return define(derive.functions, wanted, inputs, lambda xs: rule(op, *xs)).name.value

        @jvp(name)
        def forward(derive: Derive, op: Any, tangents: Tangents) -> Tangents:
            return tangents_of_call(derive, op, decomposed(derive, op), tangents)

        @vjp(name)
        def reverse(derive: Derive, op: Any, cotangents: Tangents, wanted: Sequence[bool]) -> Tangents:
            return cotangents_of_call(derive, op, decomposed(derive, op), cotangents, wanted)

        return rule

    return enter
