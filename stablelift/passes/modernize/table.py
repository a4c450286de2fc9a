"""The table of modern forms: op -> the tensor that takes its result's place, or None where it must stay."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stablelift.ir.tensor import Tensor
from stablelift.passes.rules import Decorator, RuleTable

modern: RuleTable[Callable[[Any], Tensor | None]] = RuleTable("modern", "stablelift/passes/modernize/")


def modernizes(*names: str) -> Decorator:
    """Enter a rule that emits the modern form of a legacy op before it."""

    def enter(rule: Callable) -> Callable:
        for name in names:
            modern.enter(name, rule)
        return rule

    return enter
