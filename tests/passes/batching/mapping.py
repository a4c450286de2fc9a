"""Functions mapped by our batching pass, beside the oracles: a loop over the examples, and `jax.vmap`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from stablelift.lowering.trace import trace
from tests.support import run_module


def example(x: Any, axis: int | None, index: int) -> Any:
    """One example of a mapped argument; an argument that is not mapped itself."""
    return x if axis is None else np.take(x, index, axis)


def vmap_text(callee: str, inputs: Sequence[str], results: Sequence[str], attributes: str) -> str:
    """A module's `main` that maps `@f`, whose text is `callee`."""
    arguments = ", ".join(f"%arg{index}: {type}" for index, type in enumerate(inputs))
    operands = ", ".join(f"%arg{index}" for index in range(len(inputs)))
    outs = ", ".join(results)
    names = ", ".join(f"%0#{index}" for index in range(len(results)))
    return (
        f"func.func public @main({arguments}) -> ({outs}) {{\n"
        f'  %0:{len(results)} = "lift.vmap"({operands}) {{callee = @f, {attributes}}} '
        f": ({', '.join(inputs)}) -> ({outs})\n"
        f"  return {names} : {outs}\n}}\n{callee}"
    )


def our_vmap(
    function: Callable, args: Sequence[Any], in_axes: Sequence[int | None], out_axes: int = 0, size: int | None = None
) -> list[np.ndarray]:
    """The flat results of `function`, mapped over arrays by the pass."""
    source, size = vmap_module(function, args, in_axes, out_axes, size)
    return run_module(source, args)


def vmap_module(
    function: Callable, args: Sequence[Any], in_axes: Sequence[int | None], out_axes: int = 0, size: int | None = None
) -> tuple[str, int]:
    """The module that maps a traced function over `args`, and the number of examples."""
    if size is None:
        size = next(np.shape(x)[axis] for x, axis in zip(args, in_axes, strict=True) if axis is not None)
    slices = [_slice(x, axis) for x, axis in zip(args, in_axes, strict=True)]
    traced = trace(lambda *xs: jax.tree.leaves(function(*xs)), *slices)
    callee = _as_callee(traced.bytecode)
    inputs = [_type(np.shape(x), jnp.result_type(x)) for x in args]
    results = [
        _type((*out.shape[:out_axes], size, *out.shape[out_axes:]), out.dtype) for out in traced.out_avals
    ]
    axes = ", ".join("unit" if axis is None else str(axis) for axis in in_axes)
    outs = ", ".join([str(out_axes)] * len(results))
    attributes = f"axis_size = {size} : i64, in_axes = [{axes}], out_axes = [{outs}]"
    return vmap_text(callee, inputs, results, attributes), size


def _slice(x: Any, axis: int | None) -> jax.ShapeDtypeStruct:
    shape = list(np.shape(x))
    if axis is not None:
        del shape[axis]
    return jax.ShapeDtypeStruct(tuple(shape), jnp.result_type(x))


def _as_callee(bytecode: bytes) -> str:
    """The functions of a traced module as text, its `main` renamed to a private `f`."""
    from stablelift.ir.mlir import context, functions, ir, parse

    with context() as ctx:
        module = parse(bytecode, ctx)
        main = functions(module)["main"]
        main.attributes["sym_name"] = ir.StringAttr.get("f")
        main.attributes["sym_visibility"] = ir.StringAttr.get("private")
        for name in ("arg_attrs", "res_attrs"):
            if name in main.attributes:
                del main.attributes[name]
        return "\n".join(str(function) for function in functions(module).values())


def _type(shape: Sequence[int], dtype: Any) -> str:
    dtype = jnp.dtype(dtype)
    names = {"float": "f", "bfloat": "bf", "int": "i", "uint": "ui", "complex": "complex"}
    kind = dtype.name.rstrip("0123456789")
    bits = dtype.itemsize * 8
    element = (
        "i1" if dtype == bool else f"complex<f{bits // 2}>" if kind == "complex" else f"{names[kind]}{bits}"
    )
    return f"tensor<{''.join(f'{size}x' for size in shape)}{element}>"


def looped(
    function: Callable, args: Sequence[Any], in_axes: Sequence[int | None], out_axes: int = 0, size: int | None = None
) -> list[np.ndarray]:
    """The same by a Python loop over the examples."""
    if size is None:
        size = next(np.shape(x)[axis] for x, axis in zip(args, in_axes, strict=True) if axis is not None)
    each = [
        jax.tree.leaves(function(*(example(x, axis, index) for x, axis in zip(args, in_axes, strict=True))))
        for index in range(size)
    ]
    return [np.stack([np.asarray(one) for one in column], out_axes) for column in zip(*each, strict=True)]
