"""Derived programs of a function, and the witnesses that need no reference.

`derived` traces a function, wraps it in `lift.jvp` and `lift.vjp`, compiles both away with our passes and runs
the result; `check` compares what it computed with JAX, with itself (the dot-product identity) and, in double
precision, with a central difference.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from stablelift.ir import lift
from stablelift.ir.mlir import context, func, functions, ir, parse, to_text
from stablelift.lowering.trace import trace
from stablelift.passes.pipeline import run
from tests.support import assert_close, random, run_module

Arrays = list[np.ndarray]


class Derived(NamedTuple):
    """Results, their tangents, and gradients of the inputs: for inexact results and inputs only."""

    results: Arrays
    tangents: Arrays
    gradients: Arrays


def differentiated(module: str | bytes) -> str:
    """The module's `main` with its derivatives: (primals, tangents, cotangents) -> (results, tangents, gradients)."""
    with context() as ctx, ir.Location.unknown():
        parsed = parse(module, ctx)
        function = functions(parsed)["main"]
        function.attributes["sym_name"] = ir.StringAttr.get("f")
        function.attributes["sym_visibility"] = ir.StringAttr.get("private")
        signature = lift.signature_of(function)
        wrt = tuple(lift.differentiable(signature.inputs))
        of = tuple(lift.differentiable(signature.results))
        inputs = [*signature.inputs, *(signature.inputs[i] for i in wrt), *(signature.results[i] for i in of)]
        with ir.InsertionPoint(parsed.body):
            main = func.FuncOp("main", (inputs, []), visibility="public")
        block = main.add_entry_block()
        arguments = list(block.arguments)
        num_primals = len(signature.inputs)
        primals, tangents = arguments[:num_primals], arguments[num_primals : num_primals + len(wrt)]
        cotangents = arguments[num_primals + len(wrt) :]
        with ir.InsertionPoint(block):
            common = {"callee": "f", "wrt": wrt, "of": of}
            forward = lift.create("lift.jvp", [*primals, *tangents], {"f": signature}, **common)
            reverse = lift.create("lift.vjp", [*primals, *cotangents], {"f": signature}, **common)
            returned = [*forward, *reverse[len(signature.results) :]]
            func.ReturnOp(returned)
        type = ir.FunctionType.get(inputs, [value.type for value in returned])
        main.attributes["function_type"] = ir.TypeAttr.get(type)
        run(parsed)
        return to_text(parsed)


def derived(module: str | bytes, primals: Sequence[Any], tangents: Arrays, cotangents: Arrays) -> Derived:
    """Run the derivatives of a module's `main`."""
    outputs = run_module(differentiated(module), [*primals, *tangents, *cotangents])
    num_results = len(outputs) - len(cotangents) - len(tangents)
    middle = num_results + len(cotangents)
    return Derived(outputs[:num_results], outputs[num_results:middle], outputs[middle:])


def inexact(arrays: Sequence[Any]) -> Arrays:
    """The arrays that can carry a tangent."""
    return [np.asarray(array) for array in arrays if _is_inexact(array)]


def _is_inexact(array: Any) -> bool:
    return jax.numpy.issubdtype(np.asarray(array).dtype, np.inexact)


def pairing(xs: Sequence[Any], ys: Sequence[Any]) -> float:
    """The real part of the sum of products, nothing conjugated: JAX's pairing of cotangents and tangents."""
    wide = np.complex128
    return float(sum(np.sum(np.asarray(x).astype(wide) * np.asarray(y).astype(wide)) for x, y in zip(xs, ys)).real)


def check(
    function: Callable,
    *primals: Any,
    seed: int = 0,
    reference: bool = True,
    difference: bool = False,
    rtol: float | None = None,
) -> Derived:
    """Witness the derivatives of `function` at `primals`.

    `reference`: compare with JAX's jvp and vjp. `difference`: compare the jvp with a central difference, for
    functions of f64 and complex128.
    """
    rng = np.random.default_rng(seed)
    with jax.enable_x64(True):
        flat = lambda *args: jax.tree.leaves(function(*args))  # noqa: E731
        bytecode = trace(flat, *primals).bytecode
        expected = [np.asarray(result) for result in jax.jit(flat)(*primals)]
    tangents = [random(rng, x.shape, x.dtype) for x in inexact(primals)]
    cotangents = [random(rng, y.shape, y.dtype) for y in inexact(expected)]
    found = derived(bytecode, primals, tangents, cotangents)
    for result, want in zip(found.results, expected, strict=True):
        assert_close(result, want, rtol=rtol, what="result")
    forward, backward = pairing(cotangents, found.tangents), pairing(found.gradients, tangents)
    scale = sum(np.abs(np.asarray(t, np.complex128)).sum() for t in [*found.tangents, *found.gradients])
    loose = 1e-9 if _is_double(primals) else 5e-2 if _is_half(primals) else 1e-4
    if np.isfinite(scale):
        assert abs(forward - backward) <= loose * (1 + scale), f"dot products: {forward} and {backward}"
    if reference:
        _compare_with_jax(flat, primals, tangents, cotangents, found, rtol)
    if difference:
        _compare_with_difference(flat, primals, tangents, found)
    return found


def _is_double(arrays: Sequence[Any]) -> bool:
    return all(array.dtype in (np.float64, np.complex128) for array in inexact(arrays))


def _is_half(arrays: Sequence[Any]) -> bool:
    return any(array.dtype.itemsize == 2 for array in inexact(arrays))


def _compare_with_jax(
    flat: Callable, primals: Sequence[Any], tangents: Arrays, cotangents: Arrays, found: Derived, rtol: float | None
) -> None:
    with jax.enable_x64(True):
        active = [index for index, x in enumerate(primals) if _is_inexact(x)]

        def of_inexact(*xs: Any) -> list[Any]:
            args = list(primals)
            for index, x in zip(active, xs, strict=True):
                args[index] = x
            return [y for y in flat(*args) if jax.numpy.issubdtype(y.dtype, np.inexact)]

        def both(xs: Any, dxs: Any, cts: Any) -> Any:
            _, forward = jax.jvp(of_inexact, xs, dxs)
            _, pull_back = jax.vjp(of_inexact, *xs)
            return forward, pull_back(list(cts))

        xs = tuple(primals[index] for index in active)
        forward, reverse = jax.jit(both)(xs, tuple(tangents), list(cotangents))
    for index, (have, want) in enumerate(zip(found.tangents, forward, strict=True)):
        assert_close(have, want, rtol=rtol, what=f"tangent of result {index}")
    for index, (have, want) in enumerate(zip(found.gradients, reverse, strict=True)):
        assert_close(have, want, rtol=rtol, what=f"gradient of input {index}")


def _compare_with_difference(flat: Callable, primals: Sequence[Any], tangents: Arrays, found: Derived) -> None:
    step = 1e-6

    def moved(by: float) -> Arrays:
        remaining = iter(tangents)
        args = [x + by * next(remaining) if _is_inexact(x) else x for x in map(np.asarray, primals)]
        with jax.enable_x64(True):
            return inexact(jax.jit(flat)(*args))

    for up, down, have in zip(moved(step), moved(-step), found.tangents, strict=True):
        assert_close(have, (up - down) / (2 * step), rtol=1e-6, what="central difference")
