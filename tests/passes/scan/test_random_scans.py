"""Random scans through tidying, hoisting and fusing: values and gradients are those of `jax.lax.scan`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import example, given, settings

from stablelift import Program, functional
from stablelift.passes import pipeline
from stablelift.passes.scan.hoist import Hoist
from tests.passes.scan.random_scans import CARRIES, RESULTS, Scan, Scans, arguments, scans
from tests.support import assert_close


@contextmanager
def hoisting(everything: bool) -> Iterator[None]:
    """Let all that can leave a loop leave it, whatever the cost model says, or nothing of it."""
    kept = pipeline.OURS["lift-hoist"]
    pipeline.OURS["lift-hoist"] = Hoist(sums=everything, products=everything)
    try:
        yield
    finally:
        pipeline.OURS["lift-hoist"] = kept


def check(program: Scans) -> None:
    args = arguments(program.length)

    def ours(*args):
        return program(functional, *args)

    def theirs(*args):
        return program(jax.lax, *args)

    found = functional.jit(functional.value_and_grad(ours, (0, 1, 2)))(*args)
    expected = jax.jit(jax.value_and_grad(theirs, (0, 1, 2)))(*args)
    assert np.isfinite(expected[0])
    assert_close(found, expected, rtol=2e-4)


@settings(max_examples=8, deadline=None)
@given(scans())
@example(Scans(2, [Scan(["add the input"] * 3 + ["multiply by the input"], [], False, 1)], False, 4))
def test_with_everything_hoisted(program):
    with hoisting(everything=True):
        check(program)


@settings(max_examples=4, deadline=None)
@given(scans())
@example(Scans(5, [Scan(["add the input"], ["the carry"], False, 1)] * 2, True, 127))
def test_as_the_cost_model_says(program):
    check(program)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("carry", CARRIES)
def test_each_carry(carry, reverse):
    with hoisting(everything=True):
        check(Scans(5, [Scan([carry, "recur"], ["the carry"], reverse, 1)], False, 127))


@pytest.mark.parametrize("result", RESULTS)
def test_each_result(result):
    with hoisting(everything=True):
        check(Scans(5, [Scan(["recur"], [result, "the carry"], False, 1)], False, 127))


@pytest.mark.parametrize("reverse", [False, True])
def test_mapped_scans(reverse):
    program = Scans(5, [Scan(["recur", "accumulate"], ["a product of the carry"], reverse, 1)], False, 127)
    w, start, xs = arguments(5)
    starts = np.stack([start, -start, start + 1])

    def of(library, lift):
        def loss(w, starts, xs):
            return lift.vmap(lambda s, x: program(library, w, s, x), (0, None))(starts, xs).sum()

        return lift.grad(loss, (0, 1, 2))

    with hoisting(everything=True):
        found = functional.jit(of(functional, functional))(w, starts, xs)
    assert_close(found, jax.jit(of(jax.lax, jax))(w, starts, xs), rtol=2e-4)


def test_loops_that_fill_an_array_are_differentiated_in_linear_time():
    """The array is a stacked result of the reverse loop too: no step copies all of it."""

    def filled(library):
        def loss(w, xs):
            def step(i, ys):
                return ys.at[i].set(jnp.tanh(xs[i] @ w) * xs[4 - i])

            return jnp.sin(library.fori_loop(0, 5, step, jnp.zeros_like(xs))).sum()

        return loss

    w, _, xs = arguments(5)
    program = Program.trace(functional.grad(filled(functional), (0, 1)), w, xs)
    assert_close(program.compile()(w, xs), jax.grad(filled(jax.lax), (0, 1))(w, xs), rtol=2e-4)
    assert "scatter" not in str(program.optimize())


def test_complex_constants_in_loops():
    """jaxlib 0.10 cannot read the attribute of a complex constant."""
    xs = jnp.arange(5.0)

    def total(x):
        def step(carry, x):
            a, b, same, last = carry
            return (a * (0.5 + 1j) + x, b * (0.5 + 1j) + x, same, jnp.zeros_like(last)), a * same

        zero, other = (jnp.asarray(value, jnp.complex64) for value in (0, 2 + 1j))
        carry, ys = jax.lax.scan(step, (zero, zero, other, zero), x)
        return sum(jnp.abs(value) for value in (*carry, ys.sum()))

    assert_close(functional.jit(total)(xs), total(xs))
    assert_close(functional.grad(total)(xs), jax.grad(total)(xs))
