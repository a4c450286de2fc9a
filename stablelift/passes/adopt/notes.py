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
    """Remove the attributes of dialects that are not of `OURS`, and those that an op of StableHLO has not.

    Args:
      ops: The ops of the module by name.
    """
    for name, same in ops.items():
        noted = {note for op in same for note in op.attributes}
        has_all = name.startswith(("stablehlo.", "chlo.")) and name != "stablehlo.custom_call"
        known = type(same[0].opview) if has_all else None
        dropped = {note for note in noted if _is_foreign(note) or _is_unknown(note, known)}
        for op in same if dropped else ():
            for note in dropped.intersection(op.attributes):
                del op.attributes[note]
        if name == "func.func":
            for op in same:
                _clean(op, "arg_attrs")
                _clean(op, "res_attrs")


def _is_foreign(note: str) -> bool:
    dialect, dot, _ = note.partition(".")
    return bool(dot) and dialect not in OURS


def _is_unknown(note: str, known: type | None) -> bool:
    """Whether an op's class in the bindings, where it says all attributes of the op, has none of this name.
    """
    return known is not None and "." not in note and not hasattr(known, note)


def _clean(function: Any, where: str) -> None:
    """The notes on the arguments or on the results of a function."""
    if where in function.attributes:
        cleaned = [_without_foreign(notes) for notes in function.attributes[where]]
        function.attributes[where] = ir.ArrayAttr.get(cleaned)


def _without_foreign(notes: Iterable[Any]) -> ir.DictAttr:
    return ir.DictAttr.get({note.name: note.attr for note in notes if not _is_foreign(note.name)})
