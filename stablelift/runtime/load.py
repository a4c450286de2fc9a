"""Programs read from files: text, bytecode, portable StableHLO artefacts, and what `jax.export` writes."""

from __future__ import annotations

import operator
import os
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from stablelift.errors import LiftError
from stablelift.ir import hlo
from stablelift.ir.isolate import Reader
from stablelift.ir.mlir import context, from_mlir, functions, ir, parse_any, to_bytecode, walk
from stablelift.ir.tensor import Tensor
from stablelift.lowering.jax_compat import TreeDef, tensor_type_of
from stablelift.passes.adopt import Shape, adopt
from stablelift.passes.adopt.entry import name_entry, reframe
from stablelift.passes.adopt.platforms import platform_argument
from stablelift.passes.verify import VerifyLift
from stablelift.runtime.exported import Export, is_export, read_export
from stablelift.runtime.files import IN_TREE, OUT_TREE
from stablelift.runtime.guard import platforms_of_calls, refuse_custom_calls, refuse_recursion
from stablelift.runtime.libraries import called
from stablelift.runtime.trees import flat_tree, result_tree, tree_from_text
from stablelift.runtime.types import array_of, struct_of

if TYPE_CHECKING:
    from stablelift.runtime.program import Program

Shapes = Sequence[Shape | None] | Mapping[str, int]


@dataclass(frozen=True)
class Loading:
    """How to load a file; see `Program.load`."""

    allow_custom_calls: Sequence[str] = ()
    platform: str | int | None = None
    shapes: Shapes | None = None
    lift_weights: bool = False


def load(path: str | os.PathLike, isolated: bool | Reader = False, **options: Any) -> Program:
    """See `Program.load`."""
    name = os.fspath(path)
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise LiftError(f"{name}: error: cannot read the program: {error.strerror}") from None
    return load_bytes(data, name, isolated, **options)


def load_bytes(data: bytes, filename: str, isolated: bool | Reader = False, **options: Any) -> Program:
    """The program that the bytes of a file hold, whichever of the forms they are in."""
    from stablelift.runtime.program import Program

    if isolated is True:
        with Reader() as reader:
            return load_bytes(data, filename, reader, **options)
    loading = Loading(**options)
    with _named(filename):
        export = read_export(data) if is_export(data) else None
        data = data if export is None else export.bytecode
        if isolated:
            data = isolated.read(data, filename)
        with context() as ctx, ir.Location.unknown():
            module = parse_any(data, ctx, filename)
            weights = _adopt(module, export, loading)
            refuse_custom_calls(module, loading.allow_custom_calls, filename)
            refuse_recursion(functions(module))
            signature = _signature(module, export, weights)
            platform = _made_for(module, export, loading.platform)
            bytecode = to_bytecode(module)
    if isolated:
        isolated.check(bytecode, filename)
    stem = Path(filename).name.split(".")[0]
    name = stem if stem.isidentifier() else "program"
    return Program(bytecode, *signature, name, weights, platform=platform)


def _made_for(module: ir.Module, export: Export | None, wanted: str | int | None) -> str | None:
    """The platform that was asked for among those of an export, or that whose libraries are called."""
    if export is not None and isinstance(wanted, str):
        return wanted
    found = platforms_of_calls(called(walk(module.operation, "stablehlo.custom_call")))
    return next(iter(found)) if len(found) == 1 else None


@contextmanager
def _named(filename: str) -> Any:
    """An error that names no place is about the file."""
    try:
        yield
    except LiftError as error:
        text = str(error)
        raise LiftError(f"{filename}: {text}" if text.startswith("error: ") else text) from None


def _adopt(module: ir.Module, export: Export | None, loading: Loading) -> dict[str, np.ndarray]:
    """Make the module one of ours, whose `@main` takes what the program does; the weights it takes first."""
    entry = name_entry(module)
    VerifyLift().run(module)
    platform, types = platform_argument(entry), list(entry.type.inputs)
    inputs = [index for index in range(len(types)) if index != platform]
    kept = range(len(inputs)) if export is None else export.kept
    if len(kept) != len(inputs):
        found = ", ".join(str(types[index]) for index in inputs)
        raise LiftError(f"error: expected {len(kept)} inputs, as the export says, found {found}")
    given = _shapes(loading.shapes, export, len(inputs) if export is None else len(export.in_avals))
    shapes: list[Shape | None] = [None] * len(types)
    for index, position in zip(inputs, kept, strict=True):
        shapes[index] = given[position]
    number = _platform(loading.platform, export, platform is not None)
    any_given = any(shape is not None for shape in shapes)
    weights = adopt(module, number, shapes if any_given else None, loading.lift_weights)
    _verify(module)
    if weights or platform is not None or len(kept) != len(given):
        index_of = dict(zip(kept, inputs, strict=True))
        _frame(module, platform, index_of, export, given, len(weights))
    return {name: _array(name, value) for name, value in weights.items()}


def _verify(module: ir.Module) -> None:
    try:
        module.operation.verify()
    except ir.MLIRError as error:
        raise from_mlir(error) from None


def _shapes(shapes: Shapes | None, export: Export | None, count: int) -> list[Shape | None]:
    """The shape of each argument of the program, None where its type says it."""
    if isinstance(shapes, Mapping):
        if export is None:
            hint = "give the shapes of all arguments: shapes=[(2, 3), ...]"
            raise LiftError(f"error: sizes have no names in this file\n  hint: {hint}")
        _shape(list(shapes.values()))
        return [_shape(shape) for shape in export.shapes(shapes)]
    if shapes is None:
        return [None] * count
    given = [None if shape is None else _shape(shape) for shape in shapes]
    if len(given) != count:
        raise LiftError(f"error: expected the shapes of {count} arguments, found {len(given)}")
    return given


def _shape(sizes: Any) -> Shape:
    """The sizes, which are integers of 64 bits; a fraction is no size, whatever it would be rounded to."""
    try:
        shape = tuple(map(operator.index, sizes))
    except TypeError:
        raise LiftError(f"error: expected a sequence of sizes, found {sizes!r}") from None
    if large := [size for size in shape if size >= 2**63]:
        raise LiftError(f"error: the size {large[0]} does not fit into 64 bits")
    return shape


def _platform(wanted: str | int | None, export: Export | None, is_chosen: bool) -> int | None:
    """The position of the platform among those of the program, where it can be chosen or one is wanted."""
    if export is not None and (is_chosen or wanted is not None):
        return export.platform(wanted)
    return wanted if isinstance(wanted, int) else None


def _frame(
    module: ir.Module,
    platform: int | None,
    index_of: Mapping[int, int],
    export: Export | None,
    given: Sequence[Shape | None],
    weights: int,
) -> None:
    """Let `@main` take the program's arguments: weights first, those that JAX drops too, and no platform.

    `index_of` says for the position of an argument which input it is; the last inputs are weights.
    """
    types = list(functions(module)["main"].type.inputs)
    plain = len(types) - weights
    arguments = [
        types[index_of[position]] if position in index_of else _type_of(export, position, shape)
        for position, shape in enumerate(given)
    ]
    position_of = {index: weights + position for position, index in index_of.items()}
    position_of |= {plain + number: number for number in range(weights)}

    def operands(arguments: list[Tensor]) -> list[Tensor]:
        return [
            hlo.constant(0, type) if index == platform else arguments[position_of[index]]
            for index, type in enumerate(types)
        ]

    reframe(module, [*types[plain:], *arguments], operands)


def _type_of(export: Export | None, position: int, shape: Shape | None) -> Any:
    """The type of an argument that no input stands for."""
    assert export is not None
    aval = export.in_avals[position]
    return tensor_type_of(jax.ShapeDtypeStruct(aval.shape if shape is None else shape, aval.dtype))


def _array(name: str, value: Any) -> np.ndarray:
    return array_of(value, struct_of(value.type, f"weight {name}"))


def _signature(
    module: ir.Module, export: Export | None, weights: Mapping[str, np.ndarray]
) -> tuple[TreeDef, TreeDef, tuple[Any, ...], tuple[Any, ...]]:
    """The trees and types of the program's arguments and results."""
    type = functions(module)["main"].type
    inputs = [struct_of(type, f"input {i}") for i, type in enumerate(type.inputs)]
    outputs = [struct_of(type, f"result {i}") for i, type in enumerate(type.results)]
    count = len(inputs) - len(weights)
    if export is not None:
        in_tree, out_tree = export.in_tree, export.out_tree
    else:
        in_tree, out_tree = _trees(module, count, len(outputs))
    if weights:
        args = jax.tree.unflatten(in_tree, range(count))
        in_tree = jax.tree.structure((dict(weights), *args))
    return in_tree, out_tree, tuple(inputs), tuple(outputs)


def _trees(module: ir.Module, inputs: int, outputs: int) -> tuple[Any, Any]:
    """The trees that `save` left in the module, or flat ones."""
    attributes = module.operation.attributes
    in_tree = flat_tree(inputs)
    out_tree = result_tree(outputs)
    for name, count in ((IN_TREE, inputs), (OUT_TREE, outputs)):
        if name not in attributes:
            continue
        written: Any = attributes[name]
        found = tree_from_text(written.value) if isinstance(written, ir.StringAttr) else None
        if found is None or found.num_leaves != count or (name == IN_TREE and not _is_positional(found)):
            raise LiftError(
                f"error: malformed `{name}` on the module, expected a tree of {count} leaves as "
                f"`Program.save` writes it, found {str(written)[:80]}"
            )
        del attributes[name]
        if name == IN_TREE:
            in_tree = found
        else:
            out_tree = found
    return in_tree, out_tree


def _is_positional(tree: TreeDef) -> bool:
    """Whether a tree is a tuple, of the arguments by position."""
    return tree.node_data() is not None and tree.node_data()[0] is tuple
