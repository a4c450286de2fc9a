"""What may be pruned: effects are found through calls and regions, and rules may refer to themselves."""

from __future__ import annotations

import pytest

from stablelift.ir.mlir import context, parse
from stablelift.passes.pipeline import run

RELU = '%y = "lift.custom_jvp"(%x) {callee = @relu, jvp = @rule} : (tensor<f32>) -> tensor<f32>'
SELF_REFERRING = f"""
  func.func private @layer(%x: tensor<f32>) -> (tensor<f32>, tensor<f32>) {{
    {RELU}
    return %y, %x : tensor<f32>, tensor<f32>
  }}
  func.func private @relu(%x: tensor<f32>) -> tensor<f32> {{ return %x : tensor<f32> }}
  func.func private @rule(%x: tensor<f32>, %t: tensor<f32>) -> (tensor<f32>, tensor<f32>) {{
    {RELU}
    return %y, %t : tensor<f32>, tensor<f32>
  }}"""


def function(name: str, body: str) -> str:
    """A function that runs `body` and returns its argument."""
    return f"func.func {name}(%x: tensor<f32>) -> tensor<f32> {{\n{body}\nreturn %x : tensor<f32>\n}}\n"


def pruned(body: str, others: str) -> str:
    """A module whose `main` runs `body`, uses none of it, and was pruned."""
    source = function("public @main", body) + others
    with context() as ctx:
        module = parse(source, ctx)
        run(module, ["lift-prune"])
        return str(module)


def test_a_rule_may_refer_to_itself():
    call = "%a:2 = call @layer(%x) : (tensor<f32>) -> (tensor<f32>, tensor<f32>)"
    assert "call @layer" not in pruned(call, SELF_REFERRING)


DRAW = """
    %low = stablehlo.constant dense<0.0> : tensor<f32>
    %high = stablehlo.constant dense<1.0> : tensor<f32>
    %shape = stablehlo.constant dense<2> : tensor<1xi64>
    %r = stablehlo.rng %low, %high, %shape, distribution = UNIFORM
      : (tensor<f32>, tensor<f32>, tensor<1xi64>) -> tensor<2xf32>"""
CALLBACK = "stablehlo.custom_call @tell(%x) {has_side_effect = true} : (tensor<f32>) -> ()"
INSIDE_A_BRANCH = """
    %i = stablehlo.constant dense<0> : tensor<i32>
    %b = "stablehlo.case"(%i) ({
      stablehlo.custom_call @tell(%x) {has_side_effect = true} : (tensor<f32>) -> ()
      stablehlo.return %x : tensor<f32>
    }, { stablehlo.return %x : tensor<f32> }) : (tensor<i32>) -> tensor<f32>"""


@pytest.mark.parametrize(
    ("effect", "remains"), [(DRAW, "stablehlo.rng"), (CALLBACK, "@tell"), (INSIDE_A_BRANCH, "@tell")]
)
def test_effects_are_kept_though_unused(effect, remains):
    callee = function("private @noisy", effect)
    assert remains in pruned("%y = call @noisy(%x) : (tensor<f32>) -> tensor<f32>", callee)
    assert remains in pruned(effect, "")


def test_what_only_computes_goes():
    callee = function("private @quiet", "")
    assert "call @quiet" not in pruned("%y = call @quiet(%x) : (tensor<f32>) -> tensor<f32>", callee)
