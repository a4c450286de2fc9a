"""Functions mapped by our batching pass, beside their oracle: a loop over the examples."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from stablelift.ir import lift
from stablelift.ir.dialect import with_axis
from stablelift.ir.mlir import context, func, functions, ir, parse, to_text
from stablelift.lowering.trace import trace
from tests.support import assert_close, compiled, random, run_module

Flags = tuple[bool, ...]

_ELEMENTS = {"i1": "bool", "bf16": "bfloat16", "complex<f32>": "complex64", "complex<f64>": "complex128"}


def struct(type: str) -> jax.ShapeDtypeStruct:
    """The shape and dtype of a tensor type written as `2x3xf32`."""
    sizes, element = re.fullmatch(r"((?:\d+x)*)(.+)", type).groups()
    kinds = {"f": "float", "i": "int", "ui": "uint"}
    kind, bits = re.fullmatch(r"([a-z]+)(.*)", element).groups()
    name = _ELEMENTS.get(element) or f"{kinds[kind]}{bits}"
    return jax.ShapeDtypeStruct(tuple(map(int, sizes.split("x")[:-1])), jnp.dtype(name))


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


def module_of(source: str | Callable, structs: Sequence[jax.ShapeDtypeStruct]) -> str | bytes:
    """The module of a function: its text, or what a JAX function is traced to."""
    if isinstance(source, str):
        return source
    with jax.enable_x64(any(one.dtype.itemsize == 8 and one.dtype.kind != "c" for one in structs)):
        return trace(lambda *xs: jax.tree.leaves(source(*xs)), *structs).bytecode


def subsets(count: int) -> list[Flags]:
    """Every way to map at least one of `count` operands."""
    return [flags for flags in itertools.product((True, False), repeat=count) if any(flags)]


def mapped(module: str | bytes, size: int, patterns: Sequence[Flags], **attributes: Any) -> str:
    """The module's `main` mapped over leading axes once for each pattern of mapped arguments.

    The new `main` takes the arguments as they are, then each with the batch; it returns the results of all
    patterns.
    """
    with context() as ctx, ir.Location.unknown():
        parsed = parse(module, ctx)
        function = functions(parsed)["main"]
        function.attributes["sym_name"] = ir.StringAttr.get("f")
        function.attributes["sym_visibility"] = ir.StringAttr.get("private")
        signature = lift.signature_of(function)
        types = [*signature.inputs, *(with_axis(type, 0, size) for type in signature.inputs)]
        with ir.InsertionPoint(parsed.body):
            main = func.FuncOp("main", (types, []), visibility="public")
        arguments = list(main.add_entry_block().arguments)
        plain, batched = arguments[: len(signature.inputs)], arguments[len(signature.inputs) :]
        returned: list[ir.Value] = []
        with ir.InsertionPoint(main.regions[0].blocks[0]):
            for flags in patterns:
                operands = [b if flag else p for p, b, flag in zip(plain, batched, flags, strict=True)]
                in_axes = [0 if flag else None for flag in flags]
                axes = {"axis_size": size, "in_axes": in_axes, "out_axes": [0] * len(signature.results)}
                returned += lift.create(
                    "lift.vmap", operands, {"f": signature}, callee="f", **axes, **attributes
                )
            func.ReturnOp(returned)
        type = ir.FunctionType.get(types, [value.type for value in returned])
        main.attributes["function_type"] = ir.TypeAttr.get(type)
        return to_text(parsed)


def check_against_loop(
    source: str | Callable, types: Sequence[str], *, size: int = 3, seed: int = 0, rtol: float | None = None
) -> str:
    """Map a function over every subset of its operands, and compare with a loop over the examples.

    Returns the function's module as text.
    """
    structs = [struct(type) for type in types]
    module = module_of(source, structs)
    rng = np.random.default_rng(seed)
    plain = [random(rng, one.shape, one.dtype) for one in structs]
    batched = [random(rng, (size, *one.shape), one.dtype) for one in structs]
    patterns = subsets(len(structs))
    found = run_module(mapped(module, size, patterns), [*plain, *batched])
    one = compiled(module)
    expected = []
    for flags in patterns:
        each = [
            one([b[i] if flag else p for p, b, flag in zip(plain, batched, flags, strict=True)])
            for i in range(size)
        ]
        expected += [np.stack(column) for column in zip(*each, strict=True)]
    assert_close(found, expected, rtol=rtol)
    with context() as ctx:
        return to_text(parse(module, ctx))
