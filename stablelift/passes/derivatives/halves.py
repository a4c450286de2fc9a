"""Halves: a function of primals and cotangents as two, the first of which needs no cotangents.

    main(%x, %ct) -> (%y, %dx)   ==>   forward(%x) -> (%y, %r)   and   reverse(%x, %ct, %r) -> (%dx)

What crosses is what the second half needs of the first; what only moves inputs is done again, and inputs that
are not needed are left out. What does something beside computing its results is done by one of them. Tangents
are cut from results in the same way. The function may be finished, or have loops and branches of `lift`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from stablelift.ir import hlo
from stablelift.ir.mlir import PassManager, context, func, functions, ir, is_used, parse, to_bytecode
from stablelift.ir.region import returned, used_by
from stablelift.passes.kept import is_kept
from stablelift.passes.liveness import erase_unused, reached_from
from stablelift.passes.module import body_of, drop_argument, drop_return, finish

_FREE = {
    f"stablehlo.{name}"
    for name in ("broadcast_in_dim", "constant", "convert", "iota", "reshape", "slice", "transpose")
}
"""What the second half does again, of inputs alone."""

_COSTLY = {
    *("stablehlo.case", "stablehlo.convolution", "stablehlo.custom_call", "stablehlo.dot_general"),
    *("stablehlo.if", "stablehlo.triangular_solve", "lift.foreign", "lift.switch"),
}
"""What is not to be done again, beside loops and calls that are kept."""

_LOOPS = ("stablehlo.while", "lift.scan", "lift.while")


class Halves(NamedTuple):
    """Two modules: (primals) -> (results, residuals), and (primals, cotangents, residuals) -> gradients. The
    second takes only those of the primals whose positions are `held`.
    """

    forward: bytes
    reverse: bytes
    held: tuple[int, ...]


def halves(bytecode: bytes, primals: int, results: int) -> Halves | None:
    """The halves of a module whose `main` takes so many primals, then cotangents, and returns so many
    results, then gradients.

    None where the first only does what is as well done again, or is not to be parted from the second: a loop
    may compute both.
    """
    with context() as ctx:
        module = parse(bytecode, ctx)
        operations = _operations(module)
        block = body_of(functions(module)["main"])
        given = list(block.arguments)[primals:]
        reached = reached_from(operations, given)
        late = [not reached.isdisjoint(used_by(op)) for op in operations]
        is_worth_it = any(_is_costly(op) for op, is_late in zip(operations, late, strict=True) if not is_late)
        if not is_worth_it or not reached.isdisjoint(returned(block)[:results]):
            return None
        crossing = _crossing(operations, block, reached, late, results)
        reverse, held = _reverse(parse(bytecode, ctx), primals, results, late, crossing)
        return Halves(_forward(module, primals, results, late, crossing), reverse, held)


Place = tuple[int, int]
"""The number of an op in the block, and of one of its results."""


def _operations(module: ir.Module) -> list[ir.Operation]:
    *operations, _ = body_of(functions(module)["main"]).operations
    return [op.operation for op in operations]


def _is_costly(op: ir.Operation) -> bool:
    """Whether an op is not to be done again: a loop over floating point numbers, a choice, a product."""
    if op.name in _LOOPS:
        return any(hlo.is_inexact(result.type) for result in op.results)
    return op.name in _COSTLY or op.name == "func.call" and is_kept(op)


def _crossing(
    operations: Sequence[ir.Operation],
    block: ir.Block,
    reached: set[ir.Value],
    late: Sequence[bool],
    results: int,
) -> list[Place]:
    places: dict[ir.Value, Place] = {
        value: (number, index)
        for number, op in enumerate(operations)
        for index, value in enumerate(op.results)
    }
    free: set[ir.Value] = set(block.arguments)
    for op in operations:
        if op.name in _FREE and free.issuperset(op.operands):
            free.update(op.results)
    needed: list[ir.Value] = list(returned(block))[results:]
    pairs = zip(operations, late, strict=True)
    needed += [value for op, is_late in pairs if is_late for value in used_by(op)]
    found = (value for value in needed if value not in reached and value not in free)
    return list(dict.fromkeys(places[value] for value in found))


def _forward(
    module: ir.Module, primals: int, results: int, late: Sequence[bool], crossing: Sequence[Place]
) -> bytes:
    operations, known = _operations(module), functions(module)
    residuals = [operations[number].results[index] for number, index in crossing]
    outputs = [*drop_return(known["main"])[:results], *residuals]
    for op, is_late in reversed(list(zip(operations, late, strict=True))):
        if is_late:
            op.erase()
    _finish(known, outputs)
    _drop_arguments(known["main"], range(primals, len(body_of(known["main"]).arguments)))
    return _written(module)


def _reverse(
    module: ir.Module, primals: int, results: int, late: Sequence[bool], crossing: Sequence[Place]
) -> tuple[bytes, tuple[int, ...]]:
    """The second half, and which primals it takes."""
    operations, known = _operations(module), functions(module)
    gradients = drop_return(known["main"])[results:]
    for number, index in crossing:
        value = operations[number].results[index]
        given: Any = body_of(known["main"]).add_argument(value.type, known["main"].location)
        value.replace_all_uses_with(given)
        gradients = [given if gradient == value else gradient for gradient in gradients]
    for op, is_late in reversed(list(zip(operations, late, strict=True))):
        if not is_late and not any(map(is_used, op.results)) and not _is_returned(op, gradients):
            op.erase()
    _finish(known, gradients)
    uses = list(map(is_used, body_of(known["main"]).arguments))[:primals]
    _drop_arguments(known["main"], [position for position, used in enumerate(uses) if not used])
    return _written(module), tuple(position for position, used in enumerate(uses) if used)


def _written(module: ir.Module) -> bytes:
    """A half, without the functions that only the other calls."""
    PassManager.parse("builtin.module(symbol-dce)").run(module.operation)
    return to_bytecode(module)


def _drop_arguments(main: func.FuncOp, positions: Sequence[int]) -> None:
    outputs = drop_return(main)
    for position in reversed(positions):
        drop_argument(body_of(main), position)
    finish(main, outputs)


def _is_returned(op: ir.Operation, values: Sequence[ir.Value]) -> bool:
    return any(result in values for result in op.results)


def _finish(known: dict[str, func.FuncOp], outputs: Sequence[ir.Value]) -> None:
    """Return the outputs, and erase what they do not need."""
    main = known["main"]
    for notes in ("arg_attrs", "res_attrs"):
        if notes in main.attributes:
            del main.attributes[notes]
    finish(main, outputs)
    erase_unused(known, main)
