"""Passes over equal layers keep results: random chains of calls, rolled, outlined, packed and pruned."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support import run_module

LAYER = """
  func.func private @layer(%w: tensor<3x3xf32>, %s: tensor<f32>, %x: tensor<2x3xf32>)
      -> (tensor<2x3xf32>, tensor<2x3xf32>, tensor<3x3xf32>) {
    %0 = stablehlo.dot_general %x, %w, contracting_dims = [1] x [0]
      : (tensor<2x3xf32>, tensor<3x3xf32>) -> tensor<2x3xf32>
    %1 = stablehlo.broadcast_in_dim %s, dims = [] : (tensor<f32>) -> tensor<2x3xf32>
    %2 = stablehlo.multiply %0, %1 : tensor<2x3xf32>
    %3 = stablehlo.tanh %2 : tensor<2x3xf32>
    return %3, %0, %w : tensor<2x3xf32>, tensor<2x3xf32>, tensor<3x3xf32>
  }"""

BACK = """
  func.func private @back(%p: tensor<2x3xf32>, %y: tensor<2x3xf32>, %w: tensor<3x3xf32>, %ct: tensor<2x3xf32>)
      -> (tensor<2x3xf32>, tensor<3x3xf32>) {
    %0 = stablehlo.multiply %y, %y : tensor<2x3xf32>
    %1 = stablehlo.add %0, %p : tensor<2x3xf32>
    %2 = stablehlo.multiply %1, %ct : tensor<2x3xf32>
    %3 = stablehlo.dot_general %2, %w, contracting_dims = [1] x [1]
      : (tensor<2x3xf32>, tensor<3x3xf32>) -> tensor<2x3xf32>
    %4 = stablehlo.dot_general %y, %2, contracting_dims = [0] x [0]
      : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<3x3xf32>
    return %3, %4 : tensor<2x3xf32>, tensor<3x3xf32>
  }"""

VALUE, WEIGHT = "tensor<2x3xf32>", "tensor<3x3xf32>"
MAP = f"({WEIGHT}, tensor<f32>, {VALUE}) -> ({VALUE}, {VALUE}, {WEIGHT})"
PULL = f"({VALUE}, {VALUE}, {WEIGHT}, {VALUE}) -> ({VALUE}, {WEIGHT})"


def program(depth: int) -> str:
    """A forward chain, the reverse chain that reads what it left, and an update of each weight."""
    weights = ", ".join(f"%w{i}: tensor<3x3xf32>" for i in range(depth))
    lines = [f"func.func public @main(%x: tensor<2x3xf32>, %s: tensor<f32>, {weights})"]
    lines.append(f"    -> (tensor<2x3xf32>, {', '.join(['tensor<3x3xf32>'] * depth)}) {{")
    carry = "%x"
    for i in range(depth):
        lines.append(f"  %f{i}:3 = call @layer(%w{i}, %s, {carry}) : {MAP}")
        carry = f"%f{i}#0"
    ct = carry
    for i in reversed(range(depth)):
        lines.append(f"  %g{i}:2 = call @back(%f{i}#1, %f{i}#0, %f{i}#2, {ct}) : {PULL}")
        ct = f"%g{i}#0"
    for i in range(depth):
        lines.append(f"  %u{i} = stablehlo.add %w{i}, %g{i}#1 : tensor<3x3xf32>")
    updates = ", ".join(f"%u{i}" for i in range(depth))
    lines.append(f"  return {ct}, {updates} : tensor<2x3xf32>, {', '.join(['tensor<3x3xf32>'] * depth)}")
    return "\n".join([*lines, "}", LAYER, BACK])


PIPELINES = {
    "prune": ["lift-prune"],
    "remat": ["lift-prune", "lift-remat"],
    "outline": ["lift-prune", "lift-outline", "lift-inline"],
    "pack": ["lift-pack"],
    "roll": ["lift-prune", "lift-roll", "symbol-dce", "lift-lower"],
    "all": ["lift-prune", "lift-remat", "canonicalize", "lift-roll", "symbol-dce", "lift-lower", "cse"],
}


@pytest.mark.parametrize("depth", [1, 3, 5])
@pytest.mark.parametrize("name", PIPELINES)
def test_results_are_kept(name, depth):
    rng = np.random.default_rng(depth)
    args = [rng.normal(size=(2, 3)), np.asarray(rng.normal()), *rng.normal(size=(depth, 3, 3))]
    args = [arg.astype(np.float32) for arg in args]
    source = program(depth)
    expected = run_module(source, args, ["lift-inline"])
    found = run_module(source, args, PIPELINES[name])
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-6, atol=1e-6)
