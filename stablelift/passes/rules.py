"""The rule tables that passes consult: one rule per op and table, entered by decorating it.

No list of rules exists: importing a transformation's folder fills its table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

from stablelift.ir.location import error_at

Rule = TypeVar("Rule")


class RuleTable(Generic[Rule]):
    """Rules by op name. `noun` and `folder` serve the message for an op that has none."""

    def __init__(self, noun: str, folder: str):
        self.noun = noun
        self.folder = folder
        self._rules: dict[str, Rule] = {}
        self.refused: dict[str, str] = {}

    def enter(self, name: str, rule: Rule) -> None:
        """Enter the rule of one op; a second rule for it is a programming error."""
        if name in self._rules:
            raise ValueError(f"two {self.noun} rules for `{name}`")
        self._rules[name] = rule

    def refuse(self, why: str, *names: str) -> None:
        """Enter ops that can have no rule, with the reason."""
        self.refused |= dict.fromkeys(names, why)

    def find(self, op: Any) -> Rule:
        """The rule for `op`.

        Raises:
          LiftError: There is none; the message names the op, its types and its source line.
        """
        name = op.operation.name
        if name not in self._rules:
            what = f"no {self.noun} rule for `{name}`"
            if name in self.refused:
                raise error_at(op, what, hint=self.refused[name])
            raise error_at(op, what, hint=f"rules stand in {self.folder}, one file per op family")
        return self._rules[name]

    def __getitem__(self, name: str) -> Rule:
        return self._rules[name]

    def __contains__(self, name: object) -> bool:
        return name in self._rules

    def __iter__(self) -> Iterator[str]:
        return iter(self._rules)


Decorator = Callable[[Callable], Callable]
