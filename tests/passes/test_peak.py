"""Simulated peaks, worked out by hand: a tensor<8x8xf32> takes 256 bytes."""

import pytest

from stablelift.ir.mlir import context, parse
from stablelift.passes.peak import peak_bytes

T = "tensor<8x8xf32>"
DOT = f"contracting_dims = [1] x [0] : ({T}, {T}) -> {T}"

CASES = {
    # Two products are there when the third is made, which is returned.
    "held until the last reader": (
        f"""%0 = stablehlo.dot_general %x, %x, {DOT}
        %1 = stablehlo.dot_general %0, %x, {DOT}
        %2 = stablehlo.dot_general %1, %0, {DOT}
        return %2 : {T}""",
        2 * 256,
    ),
    # What is elementwise is computed where a reduction reads it, but stored for a product.
    "fused": (
        f"""%0 = stablehlo.sine %x : {T}
        %1 = stablehlo.add %0, %x : {T}
        %2 = stablehlo.dot_general %1, %x, {DOT}
        %3 = stablehlo.tanh %2 : {T}
        %4 = stablehlo.reshape %3 : ({T}) -> tensor<64xf32>
        %5 = stablehlo.reshape %4 : (tensor<64xf32>) -> {T}
        return %5 : {T}""",
        2 * 256,
    ),
    # The loop carries a buffer of five, which it updates in place, and a copy of %x; a product is inside.
    # Counters take 4.
    "a loop": (
        f"""%i = stablehlo.constant dense<0> : tensor<i32>
        %zero = stablehlo.constant dense<0.0> : tensor<5x8x8xf32>
        %0:3 = stablehlo.while(%n = %i, %c = %x, %b = %zero) : tensor<i32>, {T}, tensor<5x8x8xf32>
        cond {{
          %five = stablehlo.constant dense<5> : tensor<i32>
          %p = stablehlo.compare LT, %n, %five : (tensor<i32>, tensor<i32>) -> tensor<i1>
          stablehlo.return %p : tensor<i1>
        }} do {{
          %one = stablehlo.constant dense<1> : tensor<i32>
          %o = stablehlo.constant dense<0> : tensor<i32>
          %d = stablehlo.dot_general %c, %c, {DOT}
          %s = stablehlo.dot_general %d, %c, {DOT}
          %r = stablehlo.reshape %s : ({T}) -> tensor<1x8x8xf32>
          %u = stablehlo.dynamic_update_slice %b, %r, %n, %o, %o
            : (tensor<5x8x8xf32>, tensor<1x8x8xf32>, tensor<i32>, tensor<i32>, tensor<i32>)
            -> tensor<5x8x8xf32>
          %m = stablehlo.add %n, %one : tensor<i32>
          stablehlo.return %m, %s, %u : tensor<i32>, {T}, tensor<5x8x8xf32>
        }}
        %1 = stablehlo.slice %0#2 [0:1, 0:8, 0:8] : (tensor<5x8x8xf32>) -> tensor<1x8x8xf32>
        %2 = stablehlo.reshape %1 : (tensor<1x8x8xf32>) -> {T}
        %3 = stablehlo.dot_general %2, %0#1, {DOT}
        return %3 : {T}""",
        (5 + 1 + 1) * 256 + 2 * 4,
    ),
    # A call adds what it needs while it runs.
    "a call": (
        f"""%0 = stablehlo.dot_general %x, %x, {DOT}
        %1 = call @other(%0) : ({T}) -> {T}
        %2 = stablehlo.dot_general %1, %0, {DOT}
        return %2 : {T}""",
        3 * 256,
    ),
}
OTHER = f"""func.func private @other(%x: {T}) -> {T} {{
  %0 = stablehlo.dot_general %x, %x, {DOT}
  %1 = stablehlo.dot_general %0, %x, {DOT}
  return %1 : {T}
}}"""


@pytest.mark.parametrize("name", CASES)
def test_peaks(name):
    body, expected = CASES[name]
    with context() as ctx:
        module = parse(f"func.func public @main(%x: {T}) -> {T} {{\n{body}\n}}\n{OTHER}", ctx)
        assert peak_bytes(module) == expected
