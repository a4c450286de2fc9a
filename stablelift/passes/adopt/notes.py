"""What other producers have noted on ops, functions and arguments: attributes that nobody here reads.

    func.func @f(%x: tensor<3xf32> {tf_saved_model.index_path = ["x"]}) attributes {tf.entry_function = ...}
      ==>   func.func @f(%x: tensor<3xf32>)

XLA ignores most, but a portable artefact cannot hold one of a dialect that it does not know.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from stablelift.ir.mlir import ir

OURS = ("builtin", "func", "stablehlo", "chlo", "sdy", "mhlo", "lift", "stablelift", "xla")
"""The dialects whose notes stay."""


def drop_notes_of_others(ops: Mapping[str, Sequence[Any]]) -> None:
    """Remove the attributes of dialects that are not of `OURS`, from ops by name."""
    for name, same in ops.items():
        for op in same:
            for note in [note for note in op.attributes if _is_foreign(note)]:
                del op.attributes[note]
        if name == "func.func":
            for op in same:
                _clean(op, "arg_attrs")
                _clean(op, "res_attrs")


def _is_foreign(note: str) -> bool:
    dialect, dot, _ = note.partition(".")
    return bool(dot) and dialect not in OURS


def _clean(function: Any, where: str) -> None:
    """The notes on the arguments or on the results of a function."""
    if where in function.attributes:
        cleaned = [_without_foreign(notes) for notes in function.attributes[where]]
        function.attributes[where] = ir.ArrayAttr.get(cleaned)


def _without_foreign(notes: Iterable[Any]) -> ir.DictAttr:
    return ir.DictAttr.get({note.name: note.attr for note in notes if not _is_foreign(note.name)})
