"""Functions that call others twice, and these others, sixty deep: nothing goes through 2^60 ops."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stablelift.errors import LiftError
from stablelift.ir.mlir import context, functions, parse, walk
from stablelift.passes.remat import cost
from stablelift.runtime.account.census import census_of
from stablelift.runtime.account.timeline import timeline_of
from stablelift.runtime.budget import simulated_bytes
from stablelift.runtime.choice import chosen
from stablelift.runtime.load import load_bytes
from tests.interpreter import evaluate

T = "tensor<2xf32>"
DEPTH = 60


def doubling(depth):
    """`f0` calls `f1` twice, and so on; the last function is a sine."""
    call = f"%y = func.call @f0(%x) : ({T}) -> {T}"
    text = [f"func.func public @main(%x: {T}) -> {T} {{\n{call}\nreturn %y : {T}\n}}"]
    for level in range(depth):
        calls = [f"%{new} = func.call @f{level + 1}(%{old}) : ({T}) -> {T}" for old, new in ("xa", "ab")]
        text.append(
            f"func.func private @f{level}(%x: {T}) -> {T} {{\n{calls[0]}\n{calls[1]}\nreturn %b : {T}\n}}"
        )
    text.append(
        f"func.func private @f{depth}(%x: {T}) -> {T} {{\n%a = stablehlo.sine %x : {T}\nreturn %a : {T}\n}}"
    )
    return load_bytes("\n".join(text).encode(), "doubling.mlir")


@pytest.mark.parametrize("transformed", ["plain", "jvp", "vmap"])
def test_large_functions_stay_functions(transformed):
    program = doubling(DEPTH)
    program = {"plain": lambda p: p, "jvp": lambda p: p.jvp(), "vmap": lambda p: p.vmap(0, 0, 3)}[
        transformed
    ](program)
    finished = program.optimize()
    with context() as ctx:
        module = parse(finished.bytecode, ctx)
        assert len(walk(module)) < 5000 and len(functions(module)) > 40
    assert census_of(finished.bytecode).flops >= 2**DEPTH
    assert len(timeline_of(finished.bytecode).moments) < 10
    assert simulated_bytes(program) < 10_000
    assert chosen("auto", program, carries=False).layers == "inline"


def test_what_is_kept_of_each_call_is_too_much():
    with pytest.raises(LiftError) as caught:
        doubling(DEPTH).vjp().optimize()
    first, *rest = str(caught.value).split("\n")
    assert first.startswith("doubling.mlir:") and "error: reverse mode of `f" in first
    assert rest == [
        "  it calls functions more than once, and so do these, and what these call",
        "  hint: make a loop of what is called over and over (stablelift.functional.scan)",
    ]


def test_what_is_recomputed_of_each_call_is_too_much():
    with pytest.raises(LiftError, match="stands for more than 100000 calls"):
        doubling(DEPTH).remat("dots_saveable").vjp().optimize()


def test_costs_of_functions_are_counted_once():
    with context() as ctx:
        module = parse(doubling(DEPTH).bytecode, ctx)
        assert cost.of_functions(functions(module), cost.flops)("main") == 2 * 2**DEPTH


def test_calls_that_are_not_too_many_are_inlined():
    program = doubling(4).vjp().optimize()
    with context() as ctx:
        module = parse(program.bytecode, ctx)
        assert list(functions(module)) == ["main"]
    x = np.float32([0.3, 1.2])

    def sines(x):
        for _ in range(16):
            x = jnp.sin(x)
        return x

    _, expected = evaluate(
        jax.jit(lambda x, ct: (sines(x), jax.vjp(sines, x)[1](ct)[0])).lower(x, x).as_text(), (x, x)
    )
    np.testing.assert_allclose(evaluate(program.bytecode, (x, x))[1], expected, rtol=1e-6)
