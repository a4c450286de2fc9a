"""lift-adopt: make a module of another producer one that the passes and XLA know.

    %0 = arith.constant dense<2.0> : tensor<3xf32>    ==>   %0 = stablehlo.constant ...
    %w = stablehlo.constant dense_resource<w> : ...   ==>   %w = stablehlo.constant dense<...>
    %n = tensor.dim %x, %c0
    %m = tensor.from_elements %n, %c1
    %y = stablehlo.dynamic_reshape %x, %m             ==>   %y = stablehlo.reshape %x, once shapes are given
    %y = stablehlo.case(%platform) ...                ==>   the branch of the platform that is chosen

What JAX, torch-mlir, PyTorch/XLA and TensorFlow leave in their files beside StableHLO is written as StableHLO
and CHLO, and what another dialect has noted on an op is dropped. What stays foreign is listed, by op and
line. Keeps: results.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stablelift.ir.mlir import functions, ir, walk_by_name
from stablelift.passes.adopt.extents import DIALECTS, translate_extents
from stablelift.passes.adopt.notes import drop_notes_of_others
from stablelift.passes.adopt.platforms import choose_platform
from stablelift.passes.adopt.refine import is_dynamic, refine
from stablelift.passes.adopt.resources import inline_resources
from stablelift.passes.adopt.unsupported import refuse_unsupported
from stablelift.passes.base import ModulePass
from stablelift.passes.legalize import LEGALIZED, Legalize

Shape = tuple[int, ...]

Ops = dict[str, list[Any]]
"""The ops of a module by name."""


@dataclass(frozen=True)
class Adopt(ModulePass):
    """See the module.

    Attributes:
      platform: The number of the platform to choose, in a module that is for several.
      shapes: The shape of each argument, None for one whose type says it; needed where types do not.
    """

    name = "lift-adopt"
    platform: int | None = None
    shapes: tuple[Shape | None, ...] | None = None

    def run(self, module: ir.Module) -> None:
        choose_platform(functions(module), self.platform)
        ops = walk_by_name(module)
        inline_resources(ops)
        drop_notes_of_others(ops)
        if any(name.split(".", 1)[0] in DIALECTS for name in ops):
            for function in functions(module).values():
                translate_extents(function)
            ops = walk_by_name(module)
        ops = _legalized(module, ops)
        if is_dynamic(ops) or self.shapes is not None:
            refine(module, self.shapes)
            ops = _legalized(module, walk_by_name(module))
        refuse_unsupported(ops)


def _legalized(module: ir.Module, ops: Ops) -> Ops:
    if LEGALIZED.isdisjoint(ops):
        return ops
    Legalize().run(module)
    return walk_by_name(module)
