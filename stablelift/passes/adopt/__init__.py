"""Adoption: make a module of another producer one that the passes and XLA know.

    %0 = arith.constant dense<2.0> : tensor<3xf32>    ==>   %0 = stablehlo.constant ...
    %w = stablehlo.constant dense_resource<w> : ...   ==>   %w = stablehlo.constant dense<...>
    %n = tensor.dim %x, %c0
    %m = tensor.from_elements %n, %c1
    %y = stablehlo.dynamic_reshape %x, %m             ==>   %y = stablehlo.reshape %x, once shapes are given
    %y = stablehlo.case(%platform) ...                ==>   the branch of the platform that is chosen
    %y = stablehlo.reduce(%x : bf16) in f32           ==>   the reduction of stablehlo.convert(%x)

What JAX, torch-mlir, PyTorch/XLA and TensorFlow leave in their files beside StableHLO is written as StableHLO
and CHLO, and what another dialect has noted on an op is dropped. What stays foreign is listed, by op and
line. Keeps: results.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stablelift.ir.mlir import functions, ir, walk_by_name
from stablelift.passes.adopt.accumulation import convert_what_accumulates
from stablelift.passes.adopt.axes import count_axes_from_the_first
from stablelift.passes.adopt.extents import DIALECTS, translate_extents
from stablelift.passes.adopt.noops import drop_no_ops
from stablelift.passes.adopt.notes import drop_notes_of_others
from stablelift.passes.adopt.platforms import choose_platform
from stablelift.passes.adopt.refine import is_dynamic, refine
from stablelift.passes.adopt.resources import forget_names, inline_resources
from stablelift.passes.adopt.unsupported import refuse_unsupported
from stablelift.passes.adopt.weights import weights_as_arguments
from stablelift.passes.legalize import Legalize, is_needed

Shape = tuple[int, ...]

Ops = dict[str, list[Any]]
"""The ops of a module by name."""


def adopt(
    module: ir.Module,
    platform: int | None = None,
    shapes: Sequence[Shape | None] | None = None,
    lift_weights: bool = False,
) -> dict[str, ir.DenseElementsAttr]:
    """Adopt a module, whose entry point is `@main`.

    Args:
      module: The module, which is changed.
      platform: The number of the platform to choose, where the module is for several.
      shapes: The shape of each argument of `@main`, None for one whose type says it.
      lift_weights: Make weights arguments of `@main`, behind the others.

    Returns:
      The weights that have become arguments, by name and in their order.

    Raises:
      LiftError: A shape or the platform is missing or does not fit, or ops are not supported.
    """
    choose_platform(functions(module), platform)
    ops = walk_by_name(module)
    inline_resources(ops)
    drop_notes_of_others(ops)
    if any(name.split(".", 1)[0] in DIALECTS for name in ops):
        for function in functions(module).values():
            translate_extents(function)
    # Before any pass of MLIR's, which would make one constant of equal ones.
    weights = weights_as_arguments(module) if lift_weights else {}
    ops = walk_by_name(module)
    forget_names(ops)
    ops = _legalized(module, ops)
    if is_dynamic(ops) or shapes is not None:
        refine(module, None if shapes is None else [*shapes, *[None] * len(weights)])
        ops = _legalized(module, walk_by_name(module))
    drop_no_ops(ops)
    ops = walk_by_name(module)
    count_axes_from_the_first(ops)
    convert_what_accumulates(ops)
    refuse_unsupported(ops)
    return weights


def _legalized(module: ir.Module, ops: Ops) -> Ops:
    if not is_needed(ops):
        return ops
    Legalize().run(module)
    return walk_by_name(module)
