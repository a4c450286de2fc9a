"""A finished function of primals and cotangents, cut in two: together they compute what it does."""

from __future__ import annotations

import numpy as np

from stablelift.ir.mlir import context, parse, to_text
from stablelift.passes.derivatives.halves import halves
from tests.support import run_module

LOOP = """
  func.func public @main(%x: tensor<2xf32>, %ct: tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>) {
    %zero = stablehlo.constant dense<0> : tensor<i32>
    %one = stablehlo.constant dense<1> : tensor<i32>
    %three = stablehlo.constant dense<3> : tensor<i32>
    %flipped = stablehlo.reshape %x : (tensor<2xf32>) -> tensor<1x2xf32>
    %y:2 = stablehlo.while(%i = %zero, %v = %x) : tensor<i32>, tensor<2xf32>
     cond {
      %more = stablehlo.compare LT, %i, %three : (tensor<i32>, tensor<i32>) -> tensor<i1>
      stablehlo.return %more : tensor<i1>
    } do {
      %next = stablehlo.add %i, %one : tensor<i32>
      %sine = stablehlo.sine %v : tensor<2xf32>
      stablehlo.return %next, %sine : tensor<i32>, tensor<2xf32>
    }
    %cosine = stablehlo.cosine %y#1 : tensor<2xf32>
    %moved = stablehlo.reshape %flipped : (tensor<1x2xf32>) -> tensor<2xf32>
    %scaled = stablehlo.multiply %ct, %cosine : tensor<2xf32>
    %dx = stablehlo.multiply %scaled, %moved : tensor<2xf32>
    return %y#1, %dx : tensor<2xf32>, tensor<2xf32>
  }"""


def text_of(bytecode):
    with context() as ctx:
        return to_text(parse(bytecode, ctx))


def test_the_halves_compute_what_the_whole_does():
    found = halves(LOOP.encode(), 1, 1)
    assert found is not None
    forward, reverse = map(text_of, found[:2])
    assert "stablehlo.while" in forward
    assert "stablehlo.while" not in reverse
    assert "stablehlo.reshape" in reverse  # what only moves an input is done again
    assert found.held == (0,)
    x, ct = np.float32([0.3, -2.0]), np.float32([1.5, 0.25])
    y, *residuals = run_module(forward, [x], [])
    assert len(residuals) == 1
    (dx,) = run_module(reverse, [x, ct, *residuals], [])
    np.testing.assert_allclose([y, dx], run_module(LOOP, [x, ct], []))


def test_the_second_half_takes_what_it_needs_and_loops_may_be_lifts():
    scan = """
  func.func public @main(%w: tensor<2x2xf32>, %x: tensor<2xf32>, %ct: tensor<2xf32>)
      -> (tensor<2xf32>, tensor<2xf32>) {
    %y = "lift.scan"(%w, %x) {callee = @step, in_axes = [], length = 3 : i64, num_carry = 1 : i64,
      num_consts = 1 : i64, out_axes = [], reverse = false, unroll = 1 : i64}
      : (tensor<2x2xf32>, tensor<2xf32>) -> tensor<2xf32>
    %dx = stablehlo.multiply %ct, %y : tensor<2xf32>
    return %y, %dx : tensor<2xf32>, tensor<2xf32>
  }
  func.func private @step(%w: tensor<2x2xf32>, %c: tensor<2xf32>) -> tensor<2xf32> {
    %next = stablehlo.dot_general %w, %c, contracting_dims = [1] x [0]
      : (tensor<2x2xf32>, tensor<2xf32>) -> tensor<2xf32>
    return %next : tensor<2xf32>
  }"""
    found = halves(scan.encode(), 2, 1)
    assert found is not None and found.held == ()
    forward, reverse = map(text_of, found[:2])
    assert ("lift.scan" in forward, "lift.scan" in reverse, "@step" in reverse) == (True, False, False)
    assert "@main(%arg0: tensor<2xf32>, %arg1: tensor<2xf32>)" in reverse  # a cotangent and a residual


def test_a_function_without_loops_is_left_whole():
    plain = """
  func.func public @main(%x: tensor<2xf32>, %ct: tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>) {
    %y = stablehlo.sine %x : tensor<2xf32>
    %c = stablehlo.cosine %x : tensor<2xf32>
    %dx = stablehlo.multiply %ct, %c : tensor<2xf32>
    return %y, %dx : tensor<2xf32>, tensor<2xf32>
  }"""
    assert halves(plain.encode(), 1, 1) is None


def test_a_loop_that_computes_both_is_left_whole():
    both = """
  func.func public @main(%x: tensor<2xf32>, %ct: tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>) {
    %zero = stablehlo.constant dense<0> : tensor<i32>
    %one = stablehlo.constant dense<1> : tensor<i32>
    %y:3 = stablehlo.while(%i = %zero, %v = %x, %d = %ct) : tensor<i32>, tensor<2xf32>, tensor<2xf32>
     cond {
      %more = stablehlo.compare LT, %i, %one : (tensor<i32>, tensor<i32>) -> tensor<i1>
      stablehlo.return %more : tensor<i1>
    } do {
      %next = stablehlo.add %i, %one : tensor<i32>
      %sine = stablehlo.sine %v : tensor<2xf32>
      %sum = stablehlo.add %d, %d : tensor<2xf32>
      stablehlo.return %next, %sine, %sum : tensor<i32>, tensor<2xf32>, tensor<2xf32>
    }
    %product = stablehlo.dot_general %x, %x, contracting_dims = [0] x [0]
      : (tensor<2xf32>, tensor<2xf32>) -> tensor<f32>
    %factor = stablehlo.broadcast_in_dim %product, dims = [] : (tensor<f32>) -> tensor<2xf32>
    %dx = stablehlo.multiply %y#2, %factor : tensor<2xf32>
    return %y#1, %dx : tensor<2xf32>, tensor<2xf32>
  }"""
    assert halves(both.encode(), 1, 1) is None


def test_what_is_told_is_told_by_one_half():
    tells = "stablehlo.custom_call @{}(%{}) {{has_side_effect = true}} : (tensor<2xf32>) -> ()"
    told = LOOP.replace("%sine =", tells.format("in_the_loop", "v") + "\n      %sine =")
    told = told.replace("%scaled =", tells.format("early", "cosine") + "\n    %scaled =")
    told = told.replace("return %y#1, %dx", tells.format("late", "dx") + "\n    return %y#1, %dx")
    found = halves(told.encode(), 1, 1)
    assert found is not None
    forward, reverse = map(text_of, found[:2])
    for name in ("in_the_loop", "early", "late"):
        assert (f"@{name}" in forward, f"@{name}" in reverse) == (name != "late", name == "late")
