"""Tuples of mapped and shared values. lift-legalize takes their elements out where it can; here it has not
run.
"""

from __future__ import annotations

import numpy as np
import pytest

from stablelift.errors import LiftError
from stablelift.passes.pipeline import run_text
from tests.passes.batching.mapping import vmap_text
from tests.support import assert_close, random, run_module

WITHOUT_LEGALIZING = ["lift-batching", "symbol-dce", "lift-inline"]

FUNCTION = """
  func.func private @f(%x: tensor<f32>, %y: tensor<2xf32>) -> (tensor<2xf32>, tensor<f32>) {
    %0 = stablehlo.tuple %x, %y : tuple<tensor<f32>, tensor<2xf32>>
    %1 = stablehlo.tuple %y, %y : tuple<tensor<2xf32>, tensor<2xf32>>
    %2 = stablehlo.get_tuple_element %0[1] : (tuple<tensor<f32>, tensor<2xf32>>) -> tensor<2xf32>
    %3 = stablehlo.get_tuple_element %0[0] : (tuple<tensor<f32>, tensor<2xf32>>) -> tensor<f32>
    %4 = stablehlo.get_tuple_element %1[1] : (tuple<tensor<2xf32>, tensor<2xf32>>) -> tensor<2xf32>
    %5 = stablehlo.multiply %2, %4 : tensor<2xf32>
    return %5, %3 : tensor<2xf32>, tensor<f32>
  }"""


@pytest.mark.parametrize("passes", [WITHOUT_LEGALIZING, None])
def test_a_tuple_of_which_one_element_is_mapped(passes):
    attributes = "axis_size = 3 : i64, in_axes = [0, unit], out_axes = [0, 0]"
    text = vmap_text(
        FUNCTION, ["tensor<3xf32>", "tensor<2xf32>"], ["tensor<3x2xf32>", "tensor<3xf32>"], attributes
    )
    rng = np.random.default_rng(0)
    x, y = random(rng, (3,), np.float32), random(rng, (2,), np.float32)
    assert_close(run_module(text, [x, y], passes), [np.stack([y * y] * 3), x])


def test_a_token_beside_a_mapped_value():
    callee = """func.func private @f(%x: tensor<f32>) -> tensor<f32> {
      %0 = stablehlo.after_all : !stablehlo.token
      %1 = stablehlo.tuple %x, %0 : tuple<tensor<f32>, !stablehlo.token>
      return %x : tensor<f32>
    }"""
    attributes = "axis_size = 3 : i64, in_axes = [0], out_axes = [0]"
    text = vmap_text(callee, ["tensor<3xf32>"], ["tensor<3xf32>"], attributes)
    with pytest.raises(LiftError) as caught:
        run_text(text, "lift-batching", filename="a.mlir")
    assert str(caught.value) == (
        "a.mlir:7:12: error: a tuple of mapped values holds tensors only\n"
        "  op: stablehlo.tuple : (tensor<f32>, !stablehlo.token) -> (tuple<tensor<f32>, !stablehlo.token>)\n"
        "  hint: take the tensors out of it before they meet other values"
    )
