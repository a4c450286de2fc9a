"""The entry point of a foreign module: found, given the name that XLA looks for, and the arguments it should
have.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

from stablelift.errors import LiftError
from stablelift.ir.location import where
from stablelift.ir.mlir import func, functions, inline_call, ir, is_private
from stablelift.ir.tensor import Tensor
from stablelift.lowering.link import rename_references
from stablelift.passes.module import Functions, body_of, finish


def name_entry(module: ir.Module) -> func.FuncOp:
    """The entry point, `@main` or the only public function, under the name `@main`.

    Raises:
      LiftError: There is no such function, or a function has no body.
    """
    known = functions(module)
    for name, function in known.items():
        if function.is_external:
            place = where(function.location)
            what = f"error: expected a whole program, found `@{name}` without a body"
            raise LiftError(f"{place}: {what}" if place else what)
    public = [name for name, function in known.items() if not is_private(function)]
    if "main" not in public and len(public) != 1:
        found = ", ".join(f"`@{name}`" for name in public) or "none"
        raise LiftError(f"error: expected `@main` or one public function, found {found}")
    entry = known["main" if "main" in public else public[0]]
    names = {entry.name.value: "main"}
    if entry.name.value != "main" and "main" in known:
        names["main"] = next(name for i in itertools.count() if (name := f"main_{i}") not in known)
    for old, new in names.items():
        known[old].attributes["sym_name"] = ir.StringAttr.get(new)
    rename_references(module, names)
    return entry


def reframe(
    module: ir.Module, inputs: Sequence[Any], operands: Callable[[list[Tensor]], Sequence[Tensor]]
) -> None:
    """Let `@main` take `inputs`, and compute on what `operands` makes of them what it did before."""
    known = Functions(module)
    old = known["main"]
    new = known.create("main", inputs, old.location)
    with ir.InsertionPoint(body_of(new)), old.location:
        given = operands([Tensor(argument) for argument in body_of(new).arguments])
        results = inline_call(old, [tensor.value for tensor in given])
    finish(new, results)
    old.operation.erase()
    new.attributes["sym_name"] = ir.StringAttr.get("main")
    new.attributes["sym_visibility"] = ir.StringAttr.get("public")
