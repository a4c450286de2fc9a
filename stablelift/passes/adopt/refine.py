"""Shapes that types do not say, found from those of the arguments.

The arguments are given their shapes, calls are inlined, and StableHLO's and XLA's passes let sizes flow from
op to op, as JAX does with its own exports.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from stablelift.errors import LiftError
from stablelift.ir.mlir import (
    PassManager,
    functions,
    ir,
    parse,
    refine_polymorphic_shapes,
    to_bytecode,
)
from stablelift.passes.inline import Inline

_ASSERTIONS = "builtin.module(func.func(stablehlo-check-shape-assertions))"


def is_dynamic(ops: Mapping[str, Sequence[Any]]) -> bool:
    """Whether a type leaves a size open."""
    return any(leaves_open(value.type) for same in ops.values() for op in same for value in _defined(op))


def leaves_open(type: Any) -> bool:
    return isinstance(type, ir.RankedTensorType) and not type.has_static_shape


def _defined(op: Any) -> list[Any]:
    """The results of an op, the arguments of a function."""
    if op.name == "func.func":
        return [argument for region in op.regions for block in region.blocks for argument in block.arguments]
    return list(op.results)


def refine(module: ir.Module, shapes: Sequence[Sequence[int] | None] | None) -> None:
    """Give `@main` arguments of these shapes, and everything the shapes that follow.

    Raises:
      LiftError: A shape is missing, or does not fit the type of its argument or what the program asserts.
    """
    main = functions(module)["main"]
    types = _refined(main.type.inputs, shapes)
    _run(module, "builtin.module(func.func(stablehlo-legalize-composite-to-call))")
    Inline().run(module)
    _keep_only_reached(module)
    _run(module, f"builtin.module(stablehlo-refine-arguments{{types={','.join(map(str, types))}}})")
    _run(module, "builtin.module(stablehlo-refine-shapes)")
    _run(module, _ASSERTIONS)
    _let_xla_refine(module)


def _refined(inputs: Sequence[Any], shapes: Sequence[Sequence[int] | None] | None) -> list[Any]:
    """The types of the arguments, with the shapes that are given."""
    given = [None] * len(inputs) if shapes is None else list(shapes)
    if len(given) != len(inputs):
        raise LiftError(f"error: expected the shapes of {len(inputs)} arguments, found {len(given)}")
    return [
        _with_shape(index, type, shape) for index, (type, shape) in enumerate(zip(inputs, given, strict=True))
    ]


def _with_shape(index: int, type: Any, shape: Sequence[int] | None) -> Any:
    if shape is None:
        if leaves_open(type):
            hint = "give the shapes of all arguments: shapes=[(2, 3), ...]"
            raise LiftError(f"error: input {index}: expected a static shape, found {type}\n  hint: {hint}")
        return type
    sizes = [int(size) for size in shape]
    fits = (
        isinstance(type, ir.RankedTensorType) and len(sizes) == type.rank and all(size >= 0 for size in sizes)
    )
    if not fits or any(
        not type.is_dynamic_dim(axis) and type.shape[axis] != size for axis, size in enumerate(sizes)
    ):
        raise LiftError(f"error: input {index}: expected a shape of {type}, found {tuple(sizes)}")
    return ir.RankedTensorType.get(sizes, type.element_type)


def _keep_only_reached(module: ir.Module) -> None:
    """Remove the functions that `@main` does not reach, other public ones among them."""
    for name, function in functions(module).items():
        if name != "main":
            function.attributes["sym_visibility"] = ir.StringAttr.get("private")
    _run(module, "builtin.module(symbol-dce)")


def _run(module: ir.Module, pipeline: str) -> None:
    manager = PassManager.parse(pipeline)
    manager.enable_verifier(False)
    try:
        manager.run(module.operation)
    except ir.MLIRError as error:
        found = error.error_diagnostics
        raise LiftError(f"error: {found[0].message if found else error}") from None


def _let_xla_refine(module: ir.Module) -> None:
    """Replace the functions by XLA's refined ones, if it understands all of the module."""
    refined = refine_polymorphic_shapes(to_bytecode(module))
    if refined is None:
        return
    fresh = parse(refined, module.context)
    for function in functions(module).values():
        function.operation.erase()
    for function in functions(fresh).values():
        module.body.append(function)
