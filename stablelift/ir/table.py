"""The table of the `lift` dialect: what a row is, how it is entered, and what its constraints may ask for.

`ir/dialect.py` fills it; `ir/lift.py` builds and checks ops by it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from stablelift.ir import hlo

Types = list[Any]


class Signature(NamedTuple):
    """The types of a function: what it takes and what it gives."""

    inputs: Types
    results: Types


class Violation(Exception):
    """A constraint of a lift op that does not hold; `check` adds the place."""


@dataclass(frozen=True)
class Site:
    """One use of a lift op, as `infer` sees it: operand types, attributes, the signatures of its callees."""

    operands: Types
    attributes: Mapping[str, Any]
    signatures: Mapping[str, Signature]

    def __getitem__(self, name: str) -> Any:
        return self.attributes.get(name)

    def callee(self, name: str = "callee") -> Signature:
        return self.signatures[self.attributes[name]]


@dataclass(frozen=True)
class LiftOp:
    """One row of the dialect's table."""

    name: str
    meaning: str
    operands: str
    attributes: Mapping[str, str]
    constraints: tuple[str, ...]
    infer: Callable[[Site], Types]
    callees: tuple[str, ...] = field(default=())

    def symbols(self, attributes: Mapping[str, Any]) -> list[str]:
        """The names of the functions that an op with these attributes refers to."""
        names: list[str] = []
        for attribute in self.callees:
            value = attributes[attribute]
            names.extend([value] if isinstance(value, str) else value)
        return names


LIFT_OPS: dict[str, LiftOp] = {}
"""Every op of the dialect by its full name, `lift.vmap`."""


def row(
    name: str, meaning: str, operands: str, attributes: Mapping[str, str], *constraints: str
) -> Callable[[Callable[[Site], Types]], Callable[[Site], Types]]:
    """Enter `lift.name` in the table, with the decorated function as its result rule."""

    def enter(infer: Callable[[Site], Types]) -> Callable[[Site], Types]:
        callees = tuple(attribute for attribute, kind in attributes.items() if kind in ("symbol", "symbols"))
        full = f"lift.{name}"
        LIFT_OPS[full] = LiftOp(full, meaning, operands, attributes, constraints, infer, callees)
        return infer

    return enter


def differentiable(types: Sequence[Any]) -> list[int]:
    """The positions of the types that can carry a tangent: floating-point and complex tensors."""
    return [index for index, type in enumerate(types) if hlo.is_inexact(type)]


def require(holds: bool, label: str, text: str) -> None:
    """Raise a Violation of the constraint `label` unless it holds."""
    if not holds:
        raise Violation(f"{text} ({label})")


def require_same(label: str, what: str, expected: Sequence[Any], found: Sequence[Any]) -> None:
    """Raise a Violation unless the two lists of types are equal."""
    require(
        len(expected) == len(found), label, f"{what}: expected {len(expected)} values, found {len(found)}"
    )
    for index, (want, have) in enumerate(zip(expected, found, strict=True)):
        if want != have:  # spelling types takes longer than comparing them
            raise Violation(f"{what} {index}: expected {want}, found {have} ({label})")
