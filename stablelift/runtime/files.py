"""Programs as files: text, bytecode, portable StableHLO artefacts, and what `jax.export` writes."""

from __future__ import annotations

import contextlib
import itertools
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax

from stablelift.errors import LiftError
from stablelift.ir.isolate import Reader
from stablelift.ir.location import where
from stablelift.ir.mlir import (
    ARTIFACT_MAGIC,
    context,
    func,
    functions,
    ir,
    is_private,
    parse,
    parse_any,
    to_bytecode,
    to_portable_artifact,
    to_text,
)
from stablelift.lowering.jax_compat import TreeDef
from stablelift.lowering.link import rename_references
from stablelift.passes.verify import VerifyLift
from stablelift.runtime.guard import refuse_custom_calls
from stablelift.runtime.trees import flat_tree, tree_from_text, tree_to_text
from stablelift.runtime.types import struct_of

if TYPE_CHECKING:
    from stablelift.runtime.program import Program

_IN_TREE, _OUT_TREE = "stablelift.in_tree", "stablelift.out_tree"


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
            data = to_bytecode(module) if path.suffix == ".bc" else to_portable_artifact(module)
    _write_whole(path, data)


def note_trees(module: ir.Module, program: Program) -> None:
    """Leave the program's trees on the module, for `load`, but for those that it assumes by itself."""
    inputs, outputs = len(program.in_avals), len(program.out_avals)
    for name, tree, assumed in (
        (_IN_TREE, program.in_tree, flat_tree(inputs)),
        (_OUT_TREE, program.out_tree, _assumed_results(outputs)),
    ):
        text = tree_to_text(tree)
        if text is not None and tree != assumed:
            with module.context:
                module.operation.attributes[name] = ir.StringAttr.get(text)


def _assumed_results(count: int) -> TreeDef:
    """One result is itself, several are a tuple."""
    return jax.tree.structure(0) if count == 1 else flat_tree(count)


def _write_whole(path: Path, data: bytes) -> None:
    """Write a file under a temporary name beside it, then rename: nobody sees half of it."""
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(temporary).replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
            raise
    except OSError as error:
        raise LiftError(f"{path}: error: cannot write the program: {error.strerror}") from None


def load(
    path: str | os.PathLike, allow_custom_calls: Sequence[str] = (), isolated: bool | Reader = False
) -> Program:
    """See `Program.load`."""
    name = os.fspath(path)
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise LiftError(f"{name}: error: cannot read the program: {error.strerror}") from None
    return load_bytes(data, name, allow_custom_calls, isolated)


def load_bytes(
    data: bytes, filename: str, allow_custom_calls: Sequence[str] = (), isolated: bool | Reader = False
) -> Program:
    """The program that the bytes of a file hold, whichever of the forms they are in."""
    from stablelift.runtime.program import Program

    if isolated is True:
        with Reader() as reader:
            return load_bytes(data, filename, allow_custom_calls, reader)

    trees: tuple[Any, Any] | None = None
    if is_export(data):
        data, trees = _from_export(data, filename)
    if isolated:
        data = isolated.read(data, filename)
    with context() as ctx, ir.Location.unknown():
        module = parse_any(data, ctx, filename)
        refuse_custom_calls(module, allow_custom_calls, filename)
        VerifyLift().run(module)
        entry = _entry(module, filename)
        inputs = [struct_of(type, f"input {i}", filename) for i, type in enumerate(entry.type.inputs)]
        outputs = [struct_of(type, f"result {i}", filename) for i, type in enumerate(entry.type.results)]
        in_tree, out_tree = trees or _trees(module, len(inputs), len(outputs), filename)
        _call_it_main(module, entry)
        bytecode = to_bytecode(module)
    if isolated:
        isolated.check(bytecode, filename)
    stem = Path(filename).name.split(".")[0]
    name = stem if stem.isidentifier() else "program"
    return Program(bytecode, in_tree, out_tree, tuple(inputs), tuple(outputs), name)


def is_export(data: bytes) -> bool:
    """Whether a file is one of `jax.export`, which has an artefact in it."""
    return not data.startswith(ARTIFACT_MAGIC) and ARTIFACT_MAGIC in data[: 1 << 20]


def _from_export(data: bytes, filename: str) -> tuple[bytes, tuple[Any, Any]]:
    """The StableHLO artefact in a file that `jax.export` has serialised, and its trees."""
    try:
        exported = jax.export.deserialize(bytearray(data))
    except ImportError:
        hint = "pip install flatbuffers, or save `exported.mlir_module_serialized` instead"
        raise LiftError(
            f"{filename}: error: reading a `jax.export` file needs flatbuffers\n  hint: {hint}"
        ) from None
    except Exception as error:  # whatever a corrupt flatbuffer makes its reader raise
        raise LiftError(f"{filename}: error: not a valid `jax.export` file: {error}") from None
    if len(exported.platforms) > 1:
        raise LiftError(
            f"{filename}: error: expected an export for one platform, found {', '.join(exported.platforms)}"
        )
    args, kwargs = jax.tree.unflatten(exported.in_tree, range(exported.in_tree.num_leaves))
    if kwargs:
        raise LiftError(
            f"{filename}: error: the exported function takes keyword arguments: {', '.join(kwargs)}"
        )
    return exported.mlir_module_serialized, (jax.tree.structure(args), exported.out_tree)


def _entry(module: ir.Module, filename: str) -> func.FuncOp:
    """The entry point: `@main`, or the only public function.

    Raises:
      LiftError: There is no such function, or a function has no body.
    """
    known = functions(module)
    for name, function in known.items():
        if function.is_external:
            place = where(function.location) or filename
            raise LiftError(f"{place}: error: expected a whole program, found `@{name}` without a body")
    public = [name for name, function in known.items() if not is_private(function)]
    if "main" not in public and len(public) != 1:
        found = ", ".join(f"`@{name}`" for name in public) or "none"
        raise LiftError(f"{filename}: error: expected `@main` or one public function, found {found}")
    return known["main" if "main" in public else public[0]]


def _call_it_main(module: ir.Module, entry: func.FuncOp) -> None:
    """Give the entry point the name that XLA looks for, and a private function of that name another."""
    known = functions(module)
    names = {entry.name.value: "main"}
    if entry.name.value != "main" and "main" in known:
        names["main"] = next(name for i in itertools.count() if (name := f"main_{i}") not in known)
    for old, new in names.items():
        known[old].attributes["sym_name"] = ir.StringAttr.get(new)
    rename_references(module, names)


def _trees(module: ir.Module, inputs: int, outputs: int, filename: str) -> tuple[Any, Any]:
    """The trees that `save` left in the module, or flat ones."""
    attributes = module.operation.attributes
    in_tree = flat_tree(inputs)
    out_tree = _assumed_results(outputs)
    for name, count in ((_IN_TREE, inputs), (_OUT_TREE, outputs)):
        if name not in attributes:
            continue
        written: Any = attributes[name]
        found = tree_from_text(written.value) if isinstance(written, ir.StringAttr) else None
        if found is None or found.num_leaves != count or (name == _IN_TREE and not _is_positional(found)):
            raise LiftError(
                f"{filename}: error: malformed `{name}` on the module, expected a tree of {count} leaves as "
                f"`Program.save` writes it, found {str(written)[:80]}"
            )
        del attributes[name]
        if name == _IN_TREE:
            in_tree = found
        else:
            out_tree = found
    return in_tree, out_tree


def _is_positional(tree: TreeDef) -> bool:
    """Whether a tree is a tuple, of the arguments by position."""
    return tree.node_data() is not None and tree.node_data()[0] is tuple
