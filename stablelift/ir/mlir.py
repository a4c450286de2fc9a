"""The one door to jaxlib's MLIR: contexts, modules, bytes, symbols.

Everything above `ir/` sees MLIR through the names of this module, so that a change in jaxlib's bindings is
mended here. Modules and op handles must not outlive their context, and a handle that outlives its module
crashes the process: keep bytes (`to_bytecode`), not modules, in anything long-lived.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Sequence
from typing import Any

from jaxlib._jax import mlir as _artifacts
from jaxlib.mlir import ir
from jaxlib.mlir._mlir_libs import _jax_mlir_ext, _mlir
from jaxlib.mlir.dialects import chlo, func, sdy, stablehlo
from jaxlib.mlir.passmanager import PassManager

from stablelift.errors import LiftError

__all__ = [
    "ARTIFACT_MAGIC",
    "PassManager",
    "chlo",
    "context",
    "from_mlir",
    "from_portable_artifact",
    "func",
    "functions",
    "here",
    "import_into_xla",
    "inline_call",
    "ir",
    "is_private",
    "is_used",
    "may_hold",
    "operations_of",
    "parse",
    "parse_any",
    "refine_polymorphic_shapes",
    "sdy",
    "stablehlo",
    "symbol",
    "to_bytecode",
    "to_portable_artifact",
    "to_text",
    "walk",
    "walk_by_name",
]

ARTIFACT_MAGIC = b"ML\xefR"
"""The first bytes of MLIR bytecode, and so of a portable artefact."""

stablehlo.register_stablehlo_passes()

_registry = ir.DialectRegistry()
_jax_mlir_ext.register_dialects(_registry)

# The bindings import the Python module of an op's dialect when they make a view of the op. For `lift` they
# must find one (`ir/lift.py` does): a failed import is not remembered, and would be tried again for every
# op.
_mlir.globals.append_dialect_search_prefix("stablelift.ir")


def context() -> ir.Context:
    """A fresh MLIR context that knows StableHLO, CHLO and Shardy, and lets `lift` ops through.

    One thread: the passes are Python, and a thread pool only costs start-up. Dialects that a module uses
    beside these are loaded when it is parsed: to load all that jaxlib has takes longer than most passes.
    """
    fresh = ir.Context()
    fresh.enable_multithreading(False)
    fresh.append_dialect_registry(_registry)
    stablehlo.register_dialect(fresh)
    chlo.register_dialect(fresh)
    sdy.register_dialect(fresh)
    fresh.get_dialect_descriptor("func")  # loads it, for modules that are built and not parsed
    fresh.allow_unregistered_dialects = True
    return fresh


def parse(source: str | bytes, ctx: ir.Context, filename: str = "<string>") -> ir.Module:
    """The module that `source` holds: MLIR text, or bytecode that is not a portable artefact.

    Raises:
      LiftError: `filename:line:col`, and MLIR's own words, when the text or the bytes are not a valid module.
    """
    try:
        module = ir.Module.parse(source, context=ctx)
    except ir.MLIRError as error:
        raise from_mlir(error, filename) from None
    if isinstance(source, str):
        _name_file(module, filename)
    return module


def parse_any(data: bytes, ctx: ir.Context, filename: str) -> ir.Module:
    """The module in the bytes of a file: MLIR text, MLIR bytecode or a portable artefact.

    Raises:
      LiftError: They are none of them, or no valid module.
    """
    if data.startswith(ARTIFACT_MAGIC):
        return from_portable_artifact(data, ctx, filename)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise LiftError(
            f"{filename}: error: expected MLIR text, MLIR bytecode or a StableHLO artefact, "
            f"found bytes that are none of them (at byte {error.start})"
        ) from None
    if not text.strip():
        raise LiftError(f"{filename}: error: expected a program, found an empty file")
    return parse(text, ctx, filename)


def _name_file(module: ir.Module, filename: str) -> None:
    """Put `filename` where MLIR, parsing from memory, has written `-`."""

    def name(op: Any) -> Any:
        place = op.location
        if isinstance(place, ir.FileLineColLoc) and place.filename == "-":
            op.location = ir.Location.file(
                filename, place.start_line, place.start_col, context=module.context
            )
        return ir.WalkResult.ADVANCE

    module.operation.walk(name)


_QUANTISED = "\n  hint: jaxlib does not know quantised types; dequantise the program before it is loaded"


def from_mlir(error: ir.MLIRError, filename: str = "<module>") -> LiftError:
    """MLIR's first diagnostic as an error of ours, `filename` standing for the place of unnamed input."""
    diagnostics = error.error_diagnostics
    if not diagnostics:
        return LiftError(f"{filename}: error: {error}")
    first = diagnostics[0]
    place = str(first.location).removeprefix("loc(").removesuffix(")").replace('"-"', filename)
    place = re.sub(r'^"((?:[^"\\]|\\.)*)"', r"\1", place)
    # Bytecode has no lines.
    place = filename if place == "unknown" else place.removesuffix(":0:0")
    hint = _QUANTISED if "!quant." in first.message else ""
    return LiftError(f"{place}: error: {first.message}{hint}")


def to_text(module: ir.Module, *, locations: bool = False, elide: int | None = None) -> str:
    """The module as MLIR text; constants of more than `elide` elements are shortened when it is given."""
    text = module.operation.get_asm(
        enable_debug_info=locations, large_elements_limit=elide, large_resource_limit=elide
    )
    return str(text)


def to_bytecode(module: ir.Module) -> bytes:
    """The module as MLIR bytecode, locations included."""
    from io import BytesIO

    buffer = BytesIO()
    module.operation.write_bytecode(file=buffer)
    return buffer.getvalue()


def may_hold(bytecode: bytes, names: Iterable[str]) -> bool:
    """Whether the module in bytecode may have ops of these names; where it may not it need not be parsed."""
    return any(name.partition(".")[2].encode() in bytecode for name in names)  # without their dialect


def to_portable_artifact(module: ir.Module) -> bytes:
    """The module as a versioned StableHLO artefact, readable by other releases of StableHLO (CHLO is
    expanded).
    """
    return _artifacts.serialize_portable_artifact(to_bytecode(module), stablehlo.get_current_version())


def from_portable_artifact(data: bytes, ctx: ir.Context, filename: str) -> ir.Module:
    """The module in a portable artefact (VHLO), or in plain bytecode.

    Raises:
      LiftError: The bytes are neither: truncated, corrupt, or of a StableHLO that this jaxlib does not read.
    """
    # What is no artefact may still be plain bytecode, whose reader has the better words.
    handler: Any = ctx.attach_diagnostic_handler(lambda diagnostic: True)
    try:
        return stablehlo.deserialize_portable_artifact(ctx, data)
    except (ir.MLIRError, ValueError, RuntimeError):
        pass
    finally:
        handler.detach()
    return parse(data, ctx, filename)


def import_into_xla(bytecode: bytes) -> None:
    """Let XLA's importer see a module, whose words about one that it refuses are dropped; it may end the
    process.
    """
    with contextlib.suppress(RuntimeError, ValueError):
        _artifacts.mlir_module_to_xla_computation(bytecode)


def refine_polymorphic_shapes(bytecode: bytes) -> bytes | None:
    """A module whose arguments have shapes, with those that follow; None where XLA does not understand it."""
    try:
        return _artifacts.refine_polymorphic_shapes(bytecode, True, False)
    except (RuntimeError, ValueError):
        return None


def functions(module: ir.Module) -> dict[str, func.FuncOp]:
    """The functions of a module by symbol name, in order of appearance."""
    return {op.name.value: op for op in module.body.operations if isinstance(op, func.FuncOp)}


def is_private(function: func.FuncOp) -> bool:
    """Whether only this module can call `function`; without a word of it, a function is public."""
    attributes: Any = function.attributes
    return "sym_visibility" in attributes and attributes["sym_visibility"].value == "private"


def here() -> ir.Location:
    """The location that ops appended here are given."""
    current: Any = ir.Location.current
    return current


def inline_call(function: func.FuncOp, operands: Sequence[ir.Value]) -> list[ir.Value]:
    """Copy the body of `function` here, on `operands`; what it returns."""
    return _jax_mlir_ext.inlined_func_call(function.operation, list(operands), loc=here())


def symbol(name: str) -> ir.FlatSymbolRefAttr:
    """The attribute `@name`."""
    return ir.FlatSymbolRefAttr.get(name)


# Walks give ops as `ir.Operation`: a view of an op costs more to make than to find it.
_ADVANCE, _SKIP = ir.WalkResult.ADVANCE, ir.WalkResult.SKIP


def is_used(value: ir.Value | None) -> bool:
    """Whether there is a value, and anything uses it."""
    return value is not None and next(iter(value.uses), None) is not None


def walk(root: Any, *names: str) -> list[Any]:
    """Every op under `root`, regions included, in order; with `names`, those of these names only.

    `lift.` names all ops of a dialect.
    """
    found: list[Any] = []
    keep = found.append
    dialects = tuple(name for name in names if name.endswith("."))
    asked_for: dict[str, bool] = {}

    def visit(op: Any) -> Any:
        keep(op)
        return _ADVANCE

    def visit_named(op: Any) -> Any:
        name = op.name
        if name not in asked_for:
            asked_for[name] = name in names or name.startswith(dialects)
        if asked_for[name]:
            keep(op)
        return _ADVANCE

    root.operation.walk(visit_named if names else visit, ir.WalkOrder.PRE_ORDER)
    return found if names else found[1:]


def walk_by_name(root: Any) -> dict[str, list[Any]]:
    """Every op under `root`, and `root`, by name; equal names in order."""
    found: dict[str, list[Any]] = {}

    def visit(op: Any) -> Any:
        name = op.name
        if name in found:
            found[name].append(op)
        else:
            found[name] = [op]
        return _ADVANCE

    root.operation.walk(visit, ir.WalkOrder.PRE_ORDER)
    return found


def operations_of(function: Any) -> list[Any]:
    """The ops of a function's one block in order, its return last, without those in their regions."""
    found: list[Any] = []
    keep = found.append

    def visit(op: Any) -> Any:
        keep(op)
        return _SKIP if len(found) > 1 else _ADVANCE

    function.operation.walk(visit, ir.WalkOrder.PRE_ORDER)
    return found[1:]
