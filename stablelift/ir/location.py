"""Where an op comes from, in the user's terms, and the errors that say so.

JAX writes locations as named call sites; `where` finds the first file, line and column in one. Errors have
one form:

    model.py:12:9: error: no derivative rule for `stablehlo.cosine`
      op: stablehlo.cosine : (tensor<6xf32>) -> (tensor<6xf32>)
      hint: register one in stablelift/passes/derivatives/
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from stablelift.errors import LiftError
from stablelift.ir.mlir import ir

_FILE_LINE_COLUMN = re.compile(r'"((?:[^"\\]|\\.)+)":(\d+):(\d+)( to :)?')


def where(location: ir.Location) -> str | None:
    """`file:line:col` of the innermost place named in `location`, or None where it names no file."""
    found = _FILE_LINE_COLUMN.search(str(location))
    if found is None:
        return None
    file, line, column, is_range = found.groups()
    # JAX, which alone writes ranges, counts columns from zero.
    file = _unescaped(file) if "\\" in file else file
    return f"{file}:{line}:{int(column) + bool(is_range)}"


# The names of ops, which profilers show as paths: `M/layers/in_/dot_general`. Inlined, a path follows that of
# the call.


def of_lift(op: Any) -> ir.Location:
    """The location of a lift op, which JAX knows as a "lift" only: by its own name, a call by none."""
    name = "" if op.name.endswith(".call") else op.name.removeprefix("lift.")
    return _with_op(op.location, lambda known: name if known in ("lift", "jit") else known)


def derived(how: str, op: Any) -> ir.Location:
    """The location of the derivative of an op, "jvp" or "transpose"; of a call its own, for what it calls has
    paths too.
    """
    calls = op.name.startswith(("lift.", "func."))
    return op.location if calls else _with_op(op.location, lambda name: f"{how}({name})")


def recomputed(op: Any) -> ir.Location:
    """The location of an op that the reverse computes once more."""
    return _with_op(op.location, lambda name: f"remat({name})")


def _with_op(location: ir.Location, change: Callable[[str], str]) -> ir.Location:
    """The location with another last part of its path, where it has one."""
    if not isinstance(location, ir.NameLoc):
        return location
    outside, bar, op = location.name_str.rpartition("/")
    changed = change(op)
    path = f"{outside}{bar}{changed}" if changed else outside
    return ir.Location.name(path, location.child_loc) if path else location.child_loc


def _unescaped(name: str) -> str:
    """A file name as it is: MLIR prints quotes and bytes beyond ASCII as two hexadecimal digits."""
    raw = re.sub(
        rb"\\([0-9A-F]{2}|.)",
        lambda code: bytes.fromhex(code[1].decode()) if len(code[1]) == 2 else code[1],
        name.encode(),
    )
    return raw.decode(errors="replace")


def signature(op: Any) -> str:
    """The op's name and types, without SSA numbers: `stablehlo.add : (tensor<f32>, tensor<f32>) ->
    (tensor<f32>)`.
    """
    operands = ", ".join(str(operand.type) for operand in op.operands)
    results = ", ".join(str(result.type) for result in op.results)
    return f"{op.name} : ({operands}) -> ({results})"


def error_at(op: Any, what: str, *, hint: str | None = None) -> LiftError:
    """The error `what` about `op`, with its place, its types and a hint; the caller raises it."""
    place = where(op.location)
    lines = [f"{place}: error: {what}" if place else f"error: {what}", f"  op: {signature(op)}"]
    if hint:
        lines.append(f"  hint: {hint}")
    return LiftError("\n".join(lines))


_SHOWN = 20


def listed(what: str, ops: Sequence[Any]) -> str:
    """A line of a list in a message: what ops are, how many, and where they stand."""
    places = list(dict.fromkeys(filter(None, (where(op.location) for op in ops))))
    shown = ", ".join(places[:_SHOWN]) + (f" and {len(places) - _SHOWN} more" if len(places) > _SHOWN else "")
    times = f" ({len(ops)} times)" if len(ops) > 1 else ""
    return f"  {what}{times}" + (f" at {shown}" if shown else "")
