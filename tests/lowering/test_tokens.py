"""A token goes through all that calls Python functions in order, and through nothing else."""

from __future__ import annotations

import pytest

from stablelift.errors import SideEffectError
from stablelift.ir.mlir import context, parse, to_text
from stablelift.lowering.tokens import thread_tokens

TELL = 'stablehlo.custom_call @stablelift.ordered_{}(%x) {{backend_config = "{}", has_side_effect = true}} : '
DEBUG = TELL.format("debug", "debug_print:0:0") + "(tensor<f32>) -> ()"
IO = "%io = " + TELL.format("io", "io_callback:0:0") + "(tensor<f32>) -> tensor<f32>"


def main(*body):
    lines = "\n".join(body)
    return f"""
  func.func public @main(%x: tensor<f32> {{jax.arg = "x"}}) -> tensor<f32> {{
    {lines}
    return %x : tensor<f32>
  }}"""


def threaded(*functions):
    with context() as ctx:
        module = parse("\n".join(functions), ctx)
        kinds = thread_tokens(module)
        module.operation.verify()
        return kinds, to_text(module)


def test_nothing_in_order():
    source = main('stablehlo.custom_call @tell(%x) {has_side_effect = true} : (tensor<f32>) -> ()')
    kinds, text = threaded(source)
    assert kinds == ()
    assert "token" not in text


def test_calls_of_a_kind_follow_each_other():
    kinds, text = threaded(main(DEBUG, IO, DEBUG))
    assert kinds == ("debug", "io")
    assert '%arg0: tensor<f32> {jax.arg = "x"}, %arg1: !stablehlo.token, %arg2: !stablehlo.token' in text
    first, io, second, returned = (line.strip() for line in text.splitlines()[2:6])
    assert first.startswith("%0 = stablehlo.custom_call @stablelift.ordered_debug(%arg0, %arg1)")
    assert io.startswith("%1:2 = stablehlo.custom_call @stablelift.ordered_io(%arg0, %arg2)")
    assert second.startswith("%2 = stablehlo.custom_call @stablelift.ordered_debug(%arg0, %0)")
    assert returned.startswith("return %arg0, %2, %1#1 :")


QUIET = """
  func.func private @quiet(%x: tensor<f32>) -> tensor<f32> {
    %y = stablehlo.sine %x : tensor<f32>
    return %y : tensor<f32>
  }"""
LOUD = f"""
  func.func private @loud(%x: tensor<f32>) -> tensor<f32> {{
    {DEBUG}
    return %x : tensor<f32>
  }}"""


def test_functions_that_tell_take_and_return_it():
    calls = [f"%{name} = call @{name}(%x) : (tensor<f32>) -> tensor<f32>" for name in ("quiet", "loud")]
    _, text = threaded(main(*calls), QUIET, LOUD)
    assert "call @quiet(%arg0) : (tensor<f32>) -> tensor<f32>" in text
    assert "%1:2 = call @loud(%arg0, %arg1) : (tensor<f32>, !stablehlo.token)" in text
    assert "return %arg0, %1#1 :" in text


def test_branches_see_it():
    _, text = threaded(
        main(
            "%i = stablehlo.constant dense<0> : tensor<i32>",
            '%b = "stablehlo.case"(%i) ({',
            DEBUG,
            "stablehlo.return %x : tensor<f32>",
            "}, {",
            "stablehlo.return %x : tensor<f32>",
            "}) : (tensor<i32>) -> tensor<f32>",
        )
    )
    assert "@stablelift.ordered_debug(%arg0, %arg1)" in text
    assert "stablehlo.return %arg0, %1 : tensor<f32>, !stablehlo.token" in text
    assert "stablehlo.return %arg0, %arg1 : tensor<f32>, !stablehlo.token" in text


def loop(condition, body):
    return main(
        "%w = stablehlo.while(%c = %x) : tensor<f32>",
        "cond {",
        condition,
        "%p = stablehlo.compare LT, %c, %x : (tensor<f32>, tensor<f32>) -> tensor<i1>",
        "stablehlo.return %p : tensor<i1>",
        "} do {",
        body,
        "stablehlo.return %c : tensor<f32>",
        "}",
    )


def test_loops_carry_it():
    _, text = threaded(loop("", DEBUG))
    assert "stablehlo.while(%iterArg = %arg0, %iterArg_0 = %arg1) : tensor<f32>, !stablehlo.token" in text
    assert "@stablelift.ordered_debug(%arg0, %iterArg_0)" in text
    assert "return %arg0, %0#1" in text


@pytest.mark.parametrize(
    ("source", "where"),
    [
        (loop(DEBUG, ""), "in the condition of a loop"),
        (
            main(
                '%s = "stablehlo.map"(%x) ({',
                "^bb0(%y: tensor<f32>):",
                DEBUG,
                "stablehlo.return %y : tensor<f32>",
                "}) {dimensions = array<i64>} : (tensor<f32>) -> tensor<f32>",
            ),
            "inside of `stablehlo.map`",
        ),
    ],
)
def test_where_none_goes(source, where):
    with pytest.raises(SideEffectError, match=f"a Python function that is called in order stands {where}"):
        threaded(source)
