"""Every op that jaxlib registers in StableHLO, CHLO and `lift` can be batched, or stands here with the reason
why not.
"""

from __future__ import annotations

from types import ModuleType

import pytest

from stablelift.errors import LiftError
from stablelift.ir.lift import LIFT_OPS
from stablelift.ir.mlir import chlo, stablehlo
from stablelift.passes.batching.table import batching
from stablelift.passes.callgraph import TRANSFORMS
from stablelift.passes.legalize import LEGALIZED
from stablelift.passes.pipeline import run_text
from stablelift.passes.raising import RAISED
from tests.passes.batching.mapping import vmap_text

NEVER_MAPPED = {
    "chlo.constant": "no operands",
    "stablehlo.after_all": "tokens only, which carry no batch",
    "stablehlo.constant": "no operands",
    "stablehlo.infeed": "a token only: what it reads is shared by all examples",
    "stablehlo.iota": "no operands",
    "stablehlo.partition_id": "no operands: all examples are on one device",
    "stablehlo.recv": "a token only: what it receives is shared by all examples",
    "stablehlo.replica_id": "no operands: all examples are on one device",
    "stablehlo.return": "ends a region, which its op batches",
}
"""Ops that have no operand which a map could reach."""

LEFT_OUT = {
    "stablehlo.collective_reduce": "of StableHLO 1.14; nothing emits it yet",
}
"""Ops without a rule that could have one."""


def registered(dialect: ModuleType) -> set[str]:
    return {found.OPERATION_NAME for found in vars(dialect).values() if hasattr(found, "OPERATION_NAME")}


@pytest.mark.parametrize("dialect", [stablehlo, chlo])
def test_every_registered_op(dialect: ModuleType):
    explained = {*batching, *batching.refused, *LEGALIZED, *RAISED, *NEVER_MAPPED, *LEFT_OUT}
    assert registered(dialect) - explained == set()


def test_every_lift_op():
    """Transforms are eliminated innermost first: no pass meets one inside a function that it batches."""
    assert set(LIFT_OPS) - {*batching} == set(TRANSFORMS)


def test_no_op_is_explained_twice():
    assert not set(batching) & {*batching.refused, *NEVER_MAPPED, *LEFT_OUT}


def test_an_op_that_cannot_be_batched_says_why():
    callee = """func.func private @f(%x: tensor<f32>) -> tensor<f32> {
      %0 = stablehlo.create_token : !stablehlo.token
      %1 = "stablehlo.outfeed"(%x, %0) : (tensor<f32>, !stablehlo.token) -> !stablehlo.token
      return %x : tensor<f32>
    }"""
    attributes = "axis_size = 3 : i64, in_axes = [0], out_axes = [0]"
    with pytest.raises(LiftError) as caught:
        run_text(vmap_text(callee, ["tensor<3xf32>"], ["tensor<3xf32>"], attributes), filename="a.mlir")
    assert str(caught.value) == (
        "a.mlir:7:12: error: no batching rule for `stablehlo.outfeed`\n"
        "  op: stablehlo.outfeed : (tensor<f32>, !stablehlo.token) -> (!stablehlo.token)\n"
        "  hint: what leaves the program does so in one order, which the examples do not have; take it out "
        "of the mapped function"
    )


def test_a_broadcast_between_devices():
    """XLA does not run it on the CPU: only its form is checked."""
    callee = """func.func private @f(%x: tensor<2xf32>) -> tensor<2xf32> {
      %0 = "stablehlo.collective_broadcast"(%x) {replica_groups = dense<[[0, 1]]> : tensor<1x2xi64>}
        : (tensor<2xf32>) -> tensor<2xf32>
      return %0 : tensor<2xf32>
    }"""
    attributes = "axis_size = 3 : i64, in_axes = [0], out_axes = [0]"
    text, _ = run_text(vmap_text(callee, ["tensor<3x2xf32>"], ["tensor<3x2xf32>"], attributes))
    assert "collective_broadcast" in text and "(tensor<3x2xf32>) -> tensor<3x2xf32>" in text


def test_quantised_types():
    text = """func.func @main(%x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = stablehlo.uniform_quantize %x : (tensor<3xf32>) -> tensor<3x!quant.uniform<i8:f32, 0.5:3>>
  %1 = stablehlo.uniform_dequantize %0 : (tensor<3x!quant.uniform<i8:f32, 0.5:3>>) -> tensor<3xf32>
  return %1 : tensor<3xf32>
}"""
    with pytest.raises(LiftError) as caught:
        run_text(text, filename="a.mlir")
    first, hint = str(caught.value).splitlines()
    assert first.startswith("a.mlir:2:8: error: 'stablehlo.uniform_quantize' op result #0 must be")
    assert hint == "  hint: jaxlib does not know quantised types; dequantise the program before it is loaded"


def test_a_loop_that_carries_a_token():
    callee = """func.func private @f(%x: tensor<f32>) -> tensor<f32> {
      %token = stablehlo.after_all : !stablehlo.token
      %0:2 = stablehlo.while(%a = %x, %t = %token) : tensor<f32>, !stablehlo.token
      cond {
        %c = stablehlo.compare LT, %a, %a : (tensor<f32>, tensor<f32>) -> tensor<i1>
        stablehlo.return %c : tensor<i1>
      } do {
        stablehlo.return %a, %t : tensor<f32>, !stablehlo.token
      }
      return %0#0 : tensor<f32>
    }"""
    attributes = "axis_size = 3 : i64, in_axes = [0], out_axes = [0]"
    with pytest.raises(LiftError) as caught:
        run_text(vmap_text(callee, ["tensor<3xf32>"], ["tensor<3xf32>"], attributes), filename="a.mlir")
    assert str(caught.value) == (
        "a.mlir:7:14: error: no batching rule for `stablehlo.while`\n"
        "  op: stablehlo.while : (tensor<f32>, !stablehlo.token) -> (tensor<f32>, !stablehlo.token)\n"
        "  hint: run lift-raise before; it leaves loops and branches that carry tokens or tuples"
    )
