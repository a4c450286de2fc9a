"""StableHLO's reference interpreter: op by op, in order, without a compiler, in no time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from stablelift import Program
from stablelift.ir.mlir import PassManager, context, ir, parse, stablehlo, walk
from stablelift.ir.policy import PLACEMENT


def evaluate(module: bytes | str, args: Sequence[Any]) -> list[np.ndarray]:
    """What a module of plain StableHLO returns. Values that are to wait elsewhere stay where they are."""
    with context() as ctx, ir.Location.unknown(ctx):
        parsed = parse(module, ctx)
        PassManager.parse("builtin.module(func.func(chlo-legalize-to-stablehlo))").run(parsed.operation)
        for op in walk(parsed, "stablehlo.scatter"):
            _write_to_copies(op)
        for op in walk(parsed, "stablehlo.custom_call"):
            if op.attributes["call_target_name"].value == PLACEMENT:
                op.results[0].replace_all_uses_with(op.operands[0])
                op.erase()
        given: Any = [ir.DenseElementsAttr.get(np.asarray(x, order="C")) for x in args]
        return [np.array(found) for found in stablehlo.eval_module(parsed, given)]


def interpreted(function: Callable, *args: Any) -> Any:
    """What a function of ours returns on arrays, which are its flat arguments: traced, and our passes run."""
    program = Program.trace(function, *args)
    return jax.tree.unflatten(program.out_tree, evaluate(program.finished.bytecode, args))


def jax_interpreted(function: Callable, *args: Any) -> Any:
    """What a function of JAX's returns on arrays, traced and lowered by JAX."""
    lowered = jax.jit(function, keep_unused=True).lower(*args)
    return jax.tree.unflatten(lowered.out_tree, evaluate(lowered.as_text(), args))


def _write_to_copies(scatter: ir.Operation) -> None:
    """Scatter into copies: the interpreter writes to the operand itself, whoever else reads it.

    %z = constant 0, %s = scatter %z, ...   returns %s for %z too
    """
    for index in range((len(scatter.operands) - 1) // 2):
        operand: Any = scatter.operands[index]
        with ir.InsertionPoint(scatter):
            scatter.operands[index] = stablehlo.transpose(operand, list(range(operand.type.rank)))
