"""Programs written to files: text, bytecode, portable StableHLO artefacts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from stablelift.errors import LiftError
from stablelift.ir.mlir import (
    context,
    ir,
    parse,
    to_bytecode,
    to_portable_artifact,
    to_text,
    walk,
)
from stablelift.ir.whole import write_whole
from stablelift.runtime.guard import refuse_callbacks
from stablelift.runtime.trees import flat_tree, result_tree, tree_to_text

if TYPE_CHECKING:
    from stablelift.runtime.program import Program

IN_TREE, OUT_TREE = "stablelift.in_tree", "stablelift.out_tree"


def save(program: Program, path: str | os.PathLike) -> None:
    """See `Program.save`."""
    path = Path(path)
    lifts_stay = path.suffix in (".mlir", ".bc")
    with context() as ctx:
        module = parse(program.bytecode if lifts_stay else program.finished.bytecode, ctx)
        note_trees(module, program)
        if path.suffix == ".mlir":
            data = to_text(module, locations=True).encode()
        else:
            if not lifts_stay:
                refuse_callbacks(walk(module.operation, "stablehlo.custom_call"), str(path))
            data = to_bytecode(module) if lifts_stay else to_portable_artifact(module)
    write(path, data, "the program")


def write(path: Path, data: bytes, what: str) -> None:
    """Write `what`, whole or not at all. Raises: LiftError if the file cannot be written."""
    try:
        write_whole(path, data)
    except OSError as error:
        raise LiftError(f"{path}: error: cannot write {what}: {error.strerror}") from None


def note_trees(module: ir.Module, program: Program) -> None:
    """Leave the program's trees on the module, for `load`, but for those that it assumes by itself."""
    inputs, outputs = len(program.in_avals), len(program.out_avals)
    for name, tree, assumed in (
        (IN_TREE, program.in_tree, flat_tree(inputs)),
        (OUT_TREE, program.out_tree, result_tree(outputs)),
    ):
        text = tree_to_text(tree)
        if text is not None and tree != assumed:
            with module.context:
                module.operation.attributes[name] = ir.StringAttr.get(text)
