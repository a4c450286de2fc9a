"""What a `lift` op is: building, reading and checking ops by the dialect's table.

jaxlib cannot define dialects from Python, so the ops are unregistered and ours to verify. `LIFT_OPS` is the
single source, filled row by row in `ir/dialect.py`: `create` builds ops by it, `check` verifies them,
`docs/lift-dialect.md` is printed from it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from stablelift.ir import dialect as dialect  # fills the table
from stablelift.ir.attributes import decode, encode
from stablelift.ir.location import error_at
from stablelift.ir.mlir import func, ir
from stablelift.ir.table import LIFT_OPS as LIFT_OPS
from stablelift.ir.table import LiftOp as LiftOp
from stablelift.ir.table import Signature as Signature
from stablelift.ir.table import Site, Violation, require_same
from stablelift.ir.table import differentiable as differentiable


def attributes_of(op: Any) -> dict[str, Any]:
    """The attributes of a verified lift op as Python values; those left out are absent."""
    kinds = LIFT_OPS[op.operation.name].attributes
    found = op.attributes
    return {name: decode(kind, found[name]) for name, kind in kinds.items() if name in found}


def symbols_of(op: Any) -> list[str]:
    """The functions that a verified lift op refers to: of its attributes only these are read."""
    entry, found = LIFT_OPS[op.operation.name], op.attributes
    return entry.symbols({name: decode(entry.attributes[name], found[name]) for name in entry.callees})


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


def check(op: Any, signatures: Mapping[str, Signature]) -> None:
    """Verify one lift op against the table, among functions of these types.

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
            inferred = LIFT_OPS[name].infer(_site(op, signatures))
        require_same("results", "result", inferred, [result.type for result in op.results])
    except Violation as violation:
        hint = f"see `{name}` in docs/lift-dialect.md"
        raise error_at(op, f"malformed `{name}`: {violation}", hint=hint) from None


def _site(op: Any, signatures: Mapping[str, Signature]) -> Site:
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
        if symbol not in signatures:
            raise Violation(f"there is no function `@{symbol}`")
    return Site([operand.type for operand in op.operands], values, signatures)


def _shown(op: Any, name: str) -> str:
    """An attribute as text."""
    try:
        return str(op.attributes[name])
    except TypeError:  # the bindings have no class for it
        return "an attribute of another kind"


def places_in(groups: Sequence[Sequence[int]]) -> list[int]:
    """For each position along the axes of a collective the place that it has in its group."""
    places = {position: place for group in groups for place, position in enumerate(group)}
    return [places[position] for position in range(len(places))]
