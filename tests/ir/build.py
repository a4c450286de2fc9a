"""A function built by hand from tensors, run by XLA: how the builder facade is tested."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from stablelift.ir.mlir import context, func, ir, to_text
from stablelift.ir.tensor import Tensor
from tests.support import run_module


def module_of(rule: Callable[..., Tensor | Sequence[Tensor]], types: Sequence[str]) -> str:
    """The module whose `main` takes tensors of `types` (as in `3x4xf32`) and returns what `rule` makes of
    them.
    """
    with context() as ctx, ir.Location.unknown():
        module = ir.Module.create()
        inputs = [ir.Type.parse(f"tensor<{type}>", ctx) for type in types]
        with ir.InsertionPoint(module.body):
            main = func.FuncOp("main", (inputs, []), visibility="public")
        block = main.add_entry_block()
        with ir.InsertionPoint(block):
            made = rule(*map(Tensor, block.arguments))
            values = [tensor.value for tensor in ([made] if isinstance(made, Tensor) else made)]
            func.ReturnOp(values)
        outputs = [value.type for value in values]
        main.attributes["function_type"] = ir.TypeAttr.get(ir.FunctionType.get(inputs, outputs))
        return to_text(module)


def run_rule(rule: Callable[..., Tensor], *arrays: np.ndarray) -> np.ndarray:
    """What `rule` computes on arrays of f32."""
    types = ["x".join([*map(str, array.shape), "f32"]) for array in arrays]
    (result,) = run_module(module_of(rule, types), arrays, ["lift-verify"])
    return result
