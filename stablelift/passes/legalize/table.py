"""Rewrites: an op as others that do the same, (op) -> its results; None where it must stay."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from stablelift.ir.tensor import Tensor
from stablelift.passes.rules import Decorator, RuleTable

Rewrite = Callable[[Any], Sequence[Tensor] | None]

rewrites: RuleTable[Rewrite] = RuleTable("legalization", "stablelift/passes/legalize/")


def rewrite(name: str) -> Decorator:
    """Enter the rewrite of one op."""

    def enter(rule: Rewrite) -> Rewrite:
        rewrites.enter(name, rule)
        return rule

    return enter
