"""What the passes over scans say they did, or did not do, and why."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import pytest

from stablelift import Program, functional
from stablelift.ir.mlir import context, parse
from stablelift.passes.pipeline import run, run_text
from stablelift.passes.remarks import Remark, collected, remark


def remarks(function, *shapes) -> list[str]:
    """What the default pipeline remarks on a function, without places."""
    args = [jax.ShapeDtypeStruct(shape, jnp.float32) for shape in shapes]
    with context() as ctx:
        timing = run(parse(Program.trace(function, *args).bytecode, ctx))
        return [f"{each.by}: {each.what}: {each.why}" for each in timing.remarks]


def recurrent(w, xs):
    zeros = jnp.zeros((xs.shape[1], w.shape[0]))
    return functional.scan(lambda c, x: (jnp.tanh(c @ w + x @ w),) * 2, zeros, xs)[1].sum()


def test_a_small_batch_hoists_sums_and_products():
    found = remarks(functional.grad(recurrent), (256, 256), (9, 2, 256))
    hoisted = [text.split(": saves")[0] for text in found if "lift-hoist" in text]
    assert hoisted == [
        "lift-hoist: hoisted 1 product before the loop",
        "lift-hoist: hoisted 2 products as sums behind the loop",
    ]


def test_a_large_batch_keeps_them():
    found = remarks(functional.grad(recurrent), (64, 64), (128, 512, 64))
    assert [text for text in found if "lift-hoist" in text] == [
        "lift-hoist: did not hoist 1 product before the loop: saves 3.6 µs a step and costs 43.7",
        "lift-hoist: did not hoist 2 products as sums behind the loop: saves 0.0717 µs a step and costs 43.7",
    ]


def test_a_loop_that_recomputes_stacks_nothing_more():
    def loss(w, xs):
        def step(c, x):
            return jax.checkpoint(lambda c: jnp.tanh(c @ w + x @ w))(c), None

        return functional.scan(step, jnp.zeros((xs.shape[1], w.shape[0])), xs)[0].sum()

    found = remarks(functional.grad(loss), (256, 256), (9, 2, 256))
    why = "the loop recomputes values to save memory, which stacking would take"
    assert f"lift-hoist: did not hoist 2 products as sums behind the loop: {why}" in found


def two_layers(between):
    def network(w, v, xs):
        def layer(w):
            return lambda c, x: (jnp.tanh(c @ w + x),) * 2

        zeros = jnp.zeros((xs.shape[1], w.shape[0]))
        ys = functional.scan(layer(w), zeros, xs)[1]
        return functional.scan(layer(v), zeros, between(ys))[1]

    return network


@pytest.mark.parametrize(
    ("between", "way", "why"),
    [
        (jnp.sin, "vertically", "each multiplies by weights of its own, which do not share the cache well"),
        (lambda ys: ys[::-1], "vertically", "what is done between them is not done step by step"),
    ],
)
def test_loops_that_are_not_fused(between, way, why):
    found = remarks(two_layers(between), (64, 64), (64, 64), (9, 2, 64))
    assert f"lift-fuse: kept two loops apart that could fuse {way}: {why}" in found


def test_a_loop_that_begins_where_another_ends():
    def both(c, xs):
        def step(c, x):
            return c * x, c

        last, ys = functional.scan(step, c, xs)
        return functional.scan(step, last, jnp.sin(ys))

    why = "the second begins with what the first ends with"
    assert f"lift-fuse: kept two loops apart that could fuse vertically: {why}" in remarks(both, (3,), (5, 3))


def test_loops_that_would_make_a_longer_chain():
    def four(c, xs, zs):
        def step(c, x):
            return c * x, c

        first, _ = functional.scan(step, c, xs)
        second, _ = functional.scan(step, first, zs)
        third, _ = functional.scan(step, c, jnp.sin(zs))
        fourth, _ = functional.scan(step, third, jnp.sin(xs))
        return second, fourth

    why = "loops before one of them and behind the other would make a longer chain"
    found = remarks(four, (3,), (5, 3), (4, 3))
    assert f"lift-fuse: kept two loops apart that could fuse horizontally: {why}" in found


EFFECT = """
func.func @main(%c: tensor<3xf32>, %x: tensor<5x3xf32>) -> tensor<3xf32> {
  %0:2 = "lift.scan"(%c, %x) {callee = @step, num_consts = 0 : i64, num_carry = 1 : i64, length = 5 : i64,
    reverse = false, unroll = 1 : i64, in_axes = [0], out_axes = [0]}
    : (tensor<3xf32>, tensor<5x3xf32>) -> (tensor<3xf32>, tensor<5x3xf32>)
  stablehlo.custom_call @show(%0#0) {has_side_effect = true} : (tensor<3xf32>) -> ()
  %1:2 = "lift.scan"(%c, %0#1) {callee = @step, num_consts = 0 : i64, num_carry = 1 : i64, length = 5 : i64,
    reverse = false, unroll = 1 : i64, in_axes = [0], out_axes = [0]}
    : (tensor<3xf32>, tensor<5x3xf32>) -> (tensor<3xf32>, tensor<5x3xf32>)
  return %1#0 : tensor<3xf32>
}
func.func private @step(%c: tensor<3xf32>, %x: tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>) {
  %0 = stablehlo.multiply %c, %x : tensor<3xf32>
  return %0, %c : tensor<3xf32>, tensor<3xf32>
}"""


def test_effects_stay_in_order():
    found, timing = run_text(EFFECT, "lift-fuse,lift-tidy,lift-verify", filename="effect.mlir")
    assert found.count("lift.scan") == 2
    assert [str(each) for each in timing.remarks if each.by == "lift-fuse"] == [
        "effect.mlir:7:10: remark: kept two loops apart that could fuse vertically: "
        "one of them, or something between them, has side effects [lift-fuse]"
    ]


def test_a_remark_names_the_line_and_is_dropped_where_nobody_collects():
    with context() as ctx:
        module = parse("module { func.func @f() { return } }", ctx, "loop.mlir")
        (function,) = module.body.operations
        with collected() as found:
            remark("lift-tidy", function, "did something", "it could")
        remark("lift-tidy", function, "did something", "nobody listens")
        assert found == [Remark("lift-tidy", "loop.mlir:1:10", "did something", "it could")]
        assert str(found[0]) == "loop.mlir:1:10: remark: did something: it could [lift-tidy]"
