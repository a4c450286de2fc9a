"""What lift-legalize writes anew does what it did: mapped, against a loop of XLA's own form of the op."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from stablelift.errors import LiftError
from stablelift.passes.legalize import LEGALIZED
from stablelift.passes.pipeline import run_text
from tests.passes.batching.cases import one_op
from tests.passes.batching.mapping import check_against_loop, mapped, struct, vmap_text
from tests.passes.legalize.cases import LEGALIZABLE
from tests.support import assert_close, random, run_module


def test_every_op_has_a_case():
    assert set(LEGALIZABLE) == LEGALIZED


@pytest.mark.parametrize("op", LEGALIZABLE)
def test_the_op_is_gone(op: str):
    source = LEGALIZABLE[op].source
    assert isinstance(source, str)
    text, _ = run_text(source, "lift-legalize")
    assert f"{op} " not in text.replace('"', " ")


def test_a_deprecated_op_without_a_successor_stays():
    text, _ = run_text(
        """
        func.func public @main(%x: tensor<3xf32>, %y: tensor<3xf32>) -> tensor<f32> {
          %0 = "stablehlo.map"(%x) ({
            ^bb0(%a: tensor<f32>):
              %1 = stablehlo.sine %a : tensor<f32>
              stablehlo.return %1 : tensor<f32>
          }) {dimensions = array<i64: 0>} : (tensor<3xf32>) -> tensor<3xf32>
          %2 = stablehlo.dot %0, %y : (tensor<3xf32>, tensor<3xf32>) -> tensor<f32>
          return %2 : tensor<f32>
        }""",
        "lift-legalize",
    )
    assert "stablehlo.map" in text and "stablehlo.dot_general" in text


UNKNOWN_TO_XLA: dict[str, Callable] = {
    "chlo.ragged_dot": lax.ragged_dot,
    "stablehlo.dynamic_conv": lambda x, w: lax.conv_general_dilated(
        x, w, (1, 1), ((0, 1), (1, 0)), dimension_numbers=("NHWC", "HWIO", "NHWC")
    ),
    "stablehlo.custom_call": jax.scipy.special.erf,
    "stablehlo.unary_einsum": lambda x: jnp.einsum("aij->ja", x),
}
"""What the cases of ops that XLA does not run compute."""


@pytest.mark.parametrize("op", [op for op in LEGALIZABLE if op not in UNKNOWN_TO_XLA])
def test_batched_is_a_loop(op: str):
    check_against_loop(*LEGALIZABLE[op])


@pytest.mark.parametrize("op", UNKNOWN_TO_XLA)
def test_what_xla_does_not_run(op: str):
    source, types = LEGALIZABLE[op]
    rng = np.random.default_rng(0)
    plain = [np.abs(random(rng, one.shape, one.dtype)) for one in map(struct, types)]
    batched = [np.abs(random(rng, (3, *one.shape), one.dtype)) for one in map(struct, types)]
    found = run_module(mapped(source, 3, [(True,) * len(types)]), [*plain, *batched])
    assert_close(found, [jax.vmap(UNKNOWN_TO_XLA[op])(*batched)])


RAGGED = {
    "the ragged axis is contracted": (
        (([0, 1], [0, 2]), ([2], [1])),
        (1, []),
        "lhs_batching_dimensions = [2], rhs_batching_dimensions = [1], lhs_contracting_dimensions = [0, 1], "
        "rhs_contracting_dimensions = [0, 2], lhs_ragged_dimensions = [1]",
        ((4, 11, 2), (4, 2, 11, 5), (2, 4, 3)),
        (3, 2, 5),
    ),
    "sizes differ along the axes before": (
        (([3], [0]), ([0], [2])),
        (2, [1]),
        "lhs_batching_dimensions = [0], rhs_batching_dimensions = [2], lhs_contracting_dimensions = [3], "
        "rhs_contracting_dimensions = [0], lhs_ragged_dimensions = [2], rhs_group_dimensions = [1]",
        ((2, 4, 11, 5), (5, 3, 2, 6), (2, 4, 3)),
        (2, 4, 11, 6),
    ),
    "the ragged axis is a batch": (
        (([2], [1]), ([0], [0])),
        (0, []),
        "lhs_batching_dimensions = [0], rhs_batching_dimensions = [0], lhs_contracting_dimensions = [2], "
        "rhs_contracting_dimensions = [1], lhs_ragged_dimensions = [0]",
        ((11, 4, 5), (11, 5, 6), (3,)),
        (11, 4, 6),
    ),
}


@pytest.mark.parametrize("name", RAGGED)
def test_ragged_axes(name: str):
    dot, (axis, groups), numbers, shapes, result = RAGGED[name]
    rng = np.random.default_rng(2)
    lhs, rhs = random(rng, shapes[0], np.float32), random(rng, shapes[1], np.float32)
    sizes = rng.integers(0, 5, shapes[2]).astype(np.int32)

    def type(shape: tuple[int, ...], element: str) -> str:
        return "x".join([*map(str, shape), element])

    types = (type(lhs.shape, "f32"), type(rhs.shape, "f32"), type(sizes.shape, "i32"))
    source = one_op(
        "chlo.ragged_dot",
        types,
        type(result, "f32"),
        f"ragged_dot_dimension_numbers = #chlo.ragged_dot<{numbers}>, "
        "precision_config = [#chlo<precision HIGHEST>, #chlo<precision DEFAULT>]",
    )
    expected = lax.ragged_dot_general(lhs, rhs, sizes, lax.RaggedDotDimensionNumbers(dot, [axis], groups))
    assert_close(run_module(source, [lhs, rhs, sizes], ["lift-legalize"]), [expected])


def test_an_operand_whose_axes_come_first():
    """XLA itself takes only operands whose axes are the last of the result's."""
    source = """func.func public @main(%x: tensor<2xf32>, %y: tensor<2x3xf32>) -> tensor<2x3xf32> {
      %0 = "chlo.broadcast_subtract"(%x, %y) {broadcast_dimensions = array<i64: 0>}
        : (tensor<2xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
      return %0 : tensor<2x3xf32>
    }"""
    rng = np.random.default_rng(1)
    x, y = random(rng, (2,), np.float32), random(rng, (2, 3), np.float32)
    found = run_module(source, [x, y], ["lift-legalize"])
    assert_close(found, [x[:, None] - y])


def test_sizes_that_are_not_known():
    callee = """func.func private @f(%x: tensor<2xf32>, %v: tensor<f32>, %n: tensor<1xi32>) -> tensor<5xf32> {
      %0 = stablehlo.dynamic_pad %x, %v, %n, %n, %n
        : (tensor<2xf32>, tensor<f32>, tensor<1xi32>, tensor<1xi32>, tensor<1xi32>) -> tensor<5xf32>
      return %0 : tensor<5xf32>
    }"""
    inputs = ["tensor<3x2xf32>", "tensor<f32>", "tensor<1xi32>"]
    attributes = "axis_size = 3 : i64, in_axes = [0, unit, {}], out_axes = [0]"
    run_text(vmap_text(callee, inputs, ["tensor<3x5xf32>"], attributes.format("unit")))
    inputs[2] = "tensor<3x1xi32>"
    with pytest.raises(LiftError) as caught:
        run_text(vmap_text(callee, inputs, ["tensor<3x5xf32>"], attributes.format("0")), filename="a.mlir")
    assert str(caught.value) == (
        "a.mlir:6:12: error: the sizes of `stablehlo.dynamic_pad` may differ from example to example\n"
        "  op: stablehlo.dynamic_pad : "
        "(tensor<2xf32>, tensor<f32>, tensor<1xi32>, tensor<1xi32>, tensor<1xi32>) -> (tensor<5xf32>)\n"
        "  hint: compute them from what all examples share"
    )
