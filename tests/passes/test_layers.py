"""Passes over equal layers keep results: random chains of calls, rolled, outlined, packed and pruned."""

from __future__ import annotations

import numpy as np
import pytest

from stablelift.passes.pipeline import run_text
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


SUMS = {  # what is done with the second result of each call, and how many stacks the loop then writes
    "added up": ("%a = add %0, %1", "%b = add %a, %2", "%c = add %b, %3", 0),
    "added up from the right": ("%a = add %1, %0", "%b = add %2, %a", "%c = add %3, %b", 0),
    "added up from a start": ("%z = add %s, %0", "%a = add %z, %1", "%b = add %2, %a", "%c = add %b, %3", 0),
    "backwards": ("%a = add %3, %2", "%b = add %a, %1", "%c = add %b, %0", 1),
    "in pairs": ("%a = add %0, %1", "%b = add %2, %3", "%c = add %a, %b", 1),
    "one twice": ("%a = add %0, %1", "%b = add %a, %2", "%d = add %b, %3", "%c = add %d, %3", 1),
    "one read": ("%a = add %0, %1", "%b = add %a, %2", "%d = add %b, %3", "%c = multiply %d, %2", 1),
    "a part read": ("%a = add %0, %1", "%b = add %a, %2", "%d = add %b, %3", "%c = multiply %d, %a", 1),
    "not all": ("%a = add %0, %1", "%c = add %a, %2", 1),
    "a start from the chain": ("%z = add %y, %0", "%a = add %z, %1", "%b = add %2, %a", "%c = add %b, %3", 1),
    "multiplied": ("%a = multiply %0, %1", "%b = multiply %a, %2", "%c = multiply %b, %3", 1),
}


@pytest.mark.parametrize("name", SUMS)
def test_totals_are_carried(name):
    *lines, stacks = SUMS[name]
    calls = [
        f"%f{i}:3 = call @layer(%w, %scale, {f'%f{i - 1}#0' if i else '%x'}) : {MAP}" for i in range(4)
    ]
    text = "\n".join(lines)
    for i in range(4):
        text = text.replace(f"%{i}", f"%f{i}#1")
    text = text.replace("%y", "%f3#0").replace("= ", "= stablehlo.").replace("\n", f" : {VALUE}\n")
    source = f"""
  func.func public @main(%x: {VALUE}, %s: {VALUE}, %w: {WEIGHT}, %scale: tensor<f32>) -> ({VALUE}, {VALUE}) {{
    {chr(10).join(calls)}
    {text} : {VALUE}
    return %f3#0, %c : {VALUE}, {VALUE}
  }}{LAYER}"""
    rolled, _ = run_text(source, "lift-prune,lift-roll,symbol-dce,canonicalize")
    assert f"out_axes = [{', '.join(['0'] * stacks)}]" in rolled or (not stacks and "out_axes = []" in rolled)
    rng = np.random.default_rng(0)
    args = [rng.normal(size=shape).astype(np.float32) for shape in [(2, 3), (2, 3), (3, 3), ()]]
    expected = run_module(source, args, ["lift-inline"])
    found = run_module(source, args, ["lift-prune", "lift-roll", "symbol-dce", "lift-lower"])
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-6, atol=1e-6)


@pytest.mark.parametrize("differs", [False, True])
def test_packed_calls_take_complex_constants(differs):
    """jaxlib 0.10 cannot read the attribute of a complex constant."""
    constants = [f"({float(i * differs)}, 2.0)" for i in range(4)]
    type = "(tensor<complex<f32>>, tensor<f32>) -> tensor<40xf32>"
    lines = [
        f"%c{i} = stablehlo.constant dense<{of}> : tensor<complex<f32>>\n"
        f"%y{i} = call @draw(%c{i}, %x{i}) : {type}"
        for i, of in enumerate(constants)
    ]
    results = ", ".join(["tensor<40xf32>"] * 4)
    source = f"""
  func.func public @main({', '.join(f'%x{i}: tensor<f32>' for i in range(4))}) -> ({results}) {{
    {chr(10).join(lines)}
    return %y0, %y1, %y2, %y3 : {results}
  }}
  func.func private @draw(%c: tensor<complex<f32>>, %x: tensor<f32>) -> tensor<40xf32> {{
    %0 = stablehlo.real %c : (tensor<complex<f32>>) -> tensor<f32>
    %1 = stablehlo.add %0, %x : tensor<f32>
    %2 = stablehlo.broadcast_in_dim %1, dims = [] : (tensor<f32>) -> tensor<40xf32>
    return %2 : tensor<40xf32>
  }}"""
    packed, _ = run_text(source, "lift-pack")
    assert "@draw__vmap" in packed
    args = [np.float32(i) for i in range(4)]
    found = run_module(source, args, ["lift-pack", "lift-inline"])
    np.testing.assert_array_equal(found, run_module(source, args, ["lift-inline"]))
