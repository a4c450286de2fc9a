"""What a `lift` op is: a row of the dialect's table, and building, reading and checking ops by it.

jaxlib cannot define dialects from Python, so the ops are unregistered and ours to verify. `LIFT_OPS` is the
single source, filled row by row in `ir/dialect.py`: `create` builds ops by it, `check` verifies them,
`docs/lift-dialect.md` is printed from it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from stablelift.ir import hlo
from stablelift.ir.attributes import decode, encode
from stablelift.ir.location import error_at
from stablelift.ir.mlir import func, ir

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
        require(want == have, label, f"{what} {index}: expected {want}, found {have}")


def attributes_of(op: Any) -> dict[str, Any]:
    """The attributes of a verified lift op as Python values; those left out are absent."""
    kinds = LIFT_OPS[op.operation.name].attributes
    found = op.attributes
    return {name: decode(kind, found[name]) for name, kind in kinds.items() if name in found}


def signature_of(function: func.FuncOp) -> Signature:
    return Signature(list(function.type.inputs), list(function.type.results))


def create(
    name: str, operands: Sequence[ir.Value], signatures: Mapping[str, Signature], /, **attributes: Any
) -> list[ir.Value]:
    """Append a lift op here; `signatures` holds its callees' types by symbol. Returns its results.

    Raises:
      Violation: The operands, attributes and callees do not fit together.
    """
    entry = LIFT_OPS[name]
    given = {key: value for key, value in attributes.items() if value is not None}
    types = entry.infer(Site([operand.type for operand in operands], given, signatures))
    encoded = {key: encode(entry.attributes[key], value) for key, value in given.items()}
    op = ir.Operation.create(name, results=types, operands=list(operands), attributes=encoded)
    return list(op.results)


def check(op: Any, functions: Mapping[str, func.FuncOp]) -> None:
    """Verify one lift op against the table.

    Raises:
      LiftError: The op is unknown, an attribute is missing, unknown or of the wrong kind, a callee does not
      exist, a
        constraint does not hold, or the result types are not those the table infers. The message has the
        op's place.
    """
    name = op.operation.name
    if name not in LIFT_OPS:
        raise error_at(
            op, f"unknown op `{name}`", hint="the dialect's ops are listed in docs/lift-dialect.md"
        )
    try:
        with op.location:
            inferred = LIFT_OPS[name].infer(_site(op, functions))
        require_same("results", "result", inferred, [result.type for result in op.results])
    except Violation as violation:
        hint = f"see `{name}` in docs/lift-dialect.md"
        raise error_at(op, f"malformed `{name}`: {violation}", hint=hint) from None


def _site(op: Any, functions: Mapping[str, func.FuncOp]) -> Site:
    entry = LIFT_OPS[op.operation.name]
    values: dict[str, Any] = {}
    for name, kind in entry.attributes.items():
        if name in op.attributes:
            try:
                values[name] = decode(kind, op.attributes[name])
            except TypeError:
                expected = kind.removesuffix("?")
                raise Violation(
                    f"attribute `{name}`: expected {expected}, found {_shown(op, name)}"
                ) from None
        elif not kind.endswith("?"):
            raise Violation(f"attribute `{name}` ({kind}) is missing")
    for name in op.attributes:
        # Dotted names are other dialects' notes on the op, such as `mhlo.frontend_attributes`.
        if name not in entry.attributes and "." not in name:
            raise Violation(f"unknown attribute `{name}`")
    for symbol in entry.symbols(values):
        if symbol not in functions:
            raise Violation(f"there is no function `@{symbol}`")
    signatures = {symbol: signature_of(functions[symbol]) for symbol in entry.symbols(values)}
    return Site([operand.type for operand in op.operands], values, signatures)


def _shown(op: Any, name: str) -> str:
    """An attribute as text."""
    try:
        return str(op.attributes[name])
    except TypeError:  # the bindings have no class for it
        return "an attribute of another kind"
