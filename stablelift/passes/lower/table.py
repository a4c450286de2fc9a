"""The table of lowerings: (functions, op) -> the results that take the lift op's place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stablelift.ir.tensor import Tensor
from stablelift.passes.module import Functions
from stablelift.passes.rules import Decorator, RuleTable

Lowering = Callable[[Functions, Any], list[Tensor]]

lowerings: RuleTable[Lowering] = RuleTable("lowering", "stablelift/passes/lower/")


def lowers(*names: str) -> Decorator:
    """Enter a rule that emits plain StableHLO before the op and returns what replaces its results."""

    def enter(rule: Callable) -> Callable:
        for name in names:
            lowerings.enter(name, rule)
        return rule

    return enter
