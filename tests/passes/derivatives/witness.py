"""Derived programs of a function, and the witnesses that need no reference.

`check` wraps a function in `lift.jvp` and `lift.vjp`, compiles both away with our passes, runs the result,
and compares what it computed with JAX, with itself (the dot-product identity) and, in double precision,
with a central difference.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from stablelift.ir import lift
from stablelift.ir.mlir import context, func, functions, ir, parse, to_text
from stablelift.lowering.trace import trace
from tests.support import assert_close, random, run_module

Arrays = list[np.ndarray]


class Derived(NamedTuple):
    """Results, tangents of the inexact ones, and gradients of the inexact inputs."""

    results: Arrays
    tangents: Arrays
    gradients: Arrays


def differentiated(module: str | bytes) -> str:
    """A module that asks for the derivatives of `main`.

    Its own `main` maps (primals, tangents, cotangents) to (results, tangents, gradients).
    """
    with context() as ctx, ir.Location.unknown():
        parsed = parse(module, ctx)
        known = functions(parsed)
        function, name = known["main"], f"f_{len(known)}"
        function.attributes["sym_name"] = ir.StringAttr.get(name)
        function.attributes["sym_visibility"] = ir.StringAttr.get("private")
        signature = lift.signature_of(function)
        wrt = tuple(lift.differentiable(signature.inputs))
        of = tuple(lift.differentiable(signature.results))
        given = [[signature.inputs[index] for index in wrt], [signature.results[index] for index in of]]
        inputs = [*signature.inputs, *given[0], *given[1]]
        with ir.InsertionPoint(parsed.body):
            main = func.FuncOp("main", (inputs, []), visibility="public")
        arguments = list(main.add_entry_block().arguments)
        tangents = len(signature.inputs)
        cotangents = tangents + len(wrt)
        with ir.InsertionPoint(main.entry_block):
            common = {"callee": name, "wrt": wrt, "of": of}
            forward = lift.create("lift.jvp", arguments[:cotangents], {name: signature}, **common)
            operands = arguments[:tangents] + arguments[cotangents:]
            reverse = lift.create("lift.vjp", operands, {name: signature}, **common)
            returned = forward + reverse[len(signature.results) :]
            func.ReturnOp(returned)
        type = ir.FunctionType.get(inputs, [value.type for value in returned])
        main.attributes["function_type"] = ir.TypeAttr.get(type)
        return to_text(parsed)


def derived(module: str | bytes, primals: Sequence[Any], tangents: Arrays, cotangents: Arrays) -> Derived:
    """Run the derivatives of a module's `main`."""
    outputs = run_module(differentiated(module), [*primals, *tangents, *cotangents])
    end = len(outputs) - len(tangents)
    middle = end - len(cotangents)
    return Derived(outputs[:middle], outputs[middle:end], outputs[end:])


def is_inexact(array: Any) -> bool:
    return jnp.issubdtype(np.asarray(array).dtype, np.inexact)


def inexact(arrays: Sequence[Any]) -> Arrays:
    """The arrays that can carry a tangent."""
    return [np.asarray(array) for array in arrays if is_inexact(array)]


def pairing(xs: Sequence[Any], ys: Sequence[Any]) -> complex:
    """The sum of products, nothing conjugated: how JAX pairs cotangents with tangents."""
    wide = np.complex128
    with np.errstate(all="ignore"):
        products = [
            np.sum(np.asarray(x).astype(wide) * np.asarray(y).astype(wide))
            for x, y in zip(xs, ys, strict=True)
        ]
        return complex(sum(products))


def flattened(function: Callable) -> Callable[..., list[Any]]:
    """The function with its results as a list of arrays."""
    return lambda *args: [jnp.asarray(leaf) for leaf in jax.tree.leaves(function(*args))]


def check(
    function: Callable,
    *primals: Any,
    module: str | None = None,
    contains: str = "",
    reference: bool = True,
    difference: bool = False,
    linear: bool = True,
    rtol: float | None = None,
    seed: int = 0,
) -> Derived:
    """Witness the derivatives of `function` at `primals`.

    `module` is the function in StableHLO, where JAX does not lower to the op in question; `contains` an op
    that the module must hold. `linear`: the tangents are not rounded to less than their type. `reference`:
    compare with JAX's jvp and vjp. `difference`: compare the tangents of double precision with a central
    difference.
    """
    rng = np.random.default_rng(seed)
    primals = tuple(map(np.asarray, primals))
    flat = flattened(function)
    with jax.enable_x64(True):
        text = module or text_of(trace(flat, *primals).bytecode)
        expected = [np.asarray(result) for result in jax.jit(flat)(*primals)]
    assert contains in text, text
    tangents = [random(rng, x.shape, x.dtype) for x in inexact(primals)]
    cotangents = [random(rng, y.shape, y.dtype) for y in inexact(expected)]
    found = derived(text, primals, tangents, cotangents)
    for result, want in zip(found.results, expected, strict=True):
        assert_close(result, want, rtol=rtol, what="result")
    if linear:
        _check_dot_products(primals, tangents, cotangents, found)
    if reference:
        forward, reverse = by_jax(flat, primals, tangents, cotangents)
        assert_close(found.tangents, forward, rtol=rtol, what="tangents")
        assert_close(found.gradients, reverse, rtol=rtol, what="gradients")
    if difference:
        _check_difference(flat, primals, tangents, found)
    return found


def text_of(bytecode: bytes) -> str:
    with context() as ctx:
        return to_text(parse(bytecode, ctx))


def by_jax(
    flat: Callable, primals: Sequence[Any], tangents: Arrays, cotangents: Arrays
) -> tuple[Arrays, Arrays]:
    """JAX's tangents of the inexact results, and gradients of the inexact inputs."""
    active = [index for index, x in enumerate(primals) if is_inexact(x)]

    def of_inexact(*xs: Any) -> list[Any]:
        args = list(primals)
        for index, x in zip(active, xs, strict=True):
            args[index] = x
        return [y for y in flat(*args) if jnp.issubdtype(y.dtype, np.inexact)]

    def both(xs: Any, dxs: Any, cts: Any) -> Any:
        return jax.jvp(of_inexact, xs, dxs)[1], jax.vjp(of_inexact, *xs)[1](cts)

    with jax.enable_x64(True):
        xs = tuple(primals[index] for index in active)
        forward, reverse = jax.jit(both)(xs, tuple(tangents), list(cotangents))
        return list(map(np.asarray, forward)), list(map(np.asarray, reverse))


def _check_dot_products(primals: Sequence[Any], tangents: Arrays, cotangents: Arrays, found: Derived) -> None:
    """<ct, jvp(dx)> = <vjp(ct), dx>: its real part where the function takes or gives real numbers."""
    outputs = [*found.tangents, *found.gradients]
    if not all(np.isfinite(each.astype(np.complex128)).all() for each in outputs):
        return
    forward, backward = pairing(cotangents, found.tangents), pairing(found.gradients, tangents)
    sizes = [np.abs(each.astype(np.complex128)).sum() for each in outputs]
    narrow = {x.dtype.itemsize // (2 if np.iscomplexobj(x) else 1) for x in [*inexact(primals), *cotangents]}
    loose = {2: 5e-2, 4: 1e-3, 8: 1e-10}[min(narrow, default=8)]
    gap = abs((forward - backward).real)
    assert gap <= loose * (1 + sum(sizes)), f"dot products: {forward} forward, {backward} in reverse"


def _check_difference(flat: Callable, primals: Sequence[Any], tangents: Arrays, found: Derived) -> None:
    step = 1e-6

    def moved(by: float) -> Arrays:
        remaining = iter(tangents)
        args = [x + by * next(remaining) if is_inexact(x) else x for x in primals]
        with jax.enable_x64(True):
            return inexact(jax.jit(flat)(*args))

    for up, down, have in zip(moved(step), moved(-step), found.tangents, strict=True):
        assert_close(have, (up - down) / (2 * step), rtol=1e-5, what="central difference")
