"""The two sweeps: what is active, what is shared, what is refused; derivatives of derivatives; user rules."""

from __future__ import annotations

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stablelift.errors import LiftError
from stablelift.lowering.trace import trace
from stablelift.passes.pipeline import run_text
from tests.passes.derivatives.witness import check, derived, differentiated, flattened, text_of
from tests.support import assert_close

X, Y = np.array([0.3, -1.2, 2.0]), np.array([1.1, 0.4, -0.7])


def test_repeated_operands():
    check(lambda x: x * x * x + jnp.dot(x, x), X, difference=True)
    check(lambda x: jnp.concatenate([x, x]) * jnp.maximum(x, x)[0], X)


def test_results_that_are_inputs_or_one_another():
    check(lambda x, y: (x, x, x * y, x), X, Y)


def test_results_that_do_not_depend_on_an_input():
    check(lambda x, y: (jnp.ones(2), x * 2), X, Y)


def test_results_nobody_uses():
    check(lambda x, y: [jnp.sort(x * y), jnp.exp(x)][1], X, Y)


def test_integer_inputs_and_results():
    check(lambda x, i: (x * i, i + 1, x > 0), X, np.array([1, 2, 3], np.int32))


@pytest.mark.parametrize(
    "function",
    [
        lambda x: jnp.sum(jnp.sin(x) * x**3),
        lambda x: jnp.prod(x * jnp.array([0.0, 1.0, 1.0])),
        lambda x: jax.nn.softmax(x) / (1 + jnp.abs(x)),
        lambda x: jax.jit(jnp.tanh)(jax.jit(jnp.tanh)(x)),
        lambda x: jnp.sort(x)[::2] * jnp.cumsum(x)[1],
    ],
)
def test_second_derivatives(function):
    """The derivatives' own derivatives, of a module that asks for both."""
    flat = flattened(function)

    def once(x, dx, *cts):
        results, tangents = jax.jvp(flat, (x,), (dx,))
        return [*results, *tangents, *jax.vjp(flat, x)[1](list(cts))]

    with jax.enable_x64(True):
        bytecode = trace(flat, X).bytecode
        cotangents = [np.cos(np.asarray(y)) for y in flat(X)]
    check(once, X, Y, *cotangents, module=differentiated(bytecode), rtol=1e-9)


def test_calls_of_one_function_share_its_derivatives():
    layer = jax.jit(lambda x: jnp.tanh(x) * 2)
    text, _ = run_text(
        differentiated(trace(lambda x: layer(layer(layer(x))), X).bytecode), "lift-derivatives"
    )
    for kind in ("fwd", "bwd"):
        assert len(re.findall(rf"func.func private .*__{kind}", text)) == 1
        assert len(re.findall(rf"call .*__{kind}", text)) == 3


@jax.custom_vjp
def tripled_gradient(x):
    return x * x


tripled_gradient.defvjp(lambda x: (x * x, x), lambda x, ct: (3 * ct * x,))


def test_custom_vjp_uses_the_rule_in_both_modes():
    """JAX refuses the forward mode; here it is the transpose of the user's reverse function."""
    flat = flattened(lambda x: tripled_gradient(x) + jnp.sin(x))
    with jax.enable_x64(True):
        text = text_of(trace(flat, X).bytecode)
        expected = jax.vjp(flat, X)[1]([jnp.asarray(Y)])
    assert "lift.custom_vjp" in text
    found = derived(text, [X], [Y], [Y])
    assert_close(found.gradients, list(expected))
    assert_close(found.tangents, list(expected))


VJP = """
func.func public @main(%x: tensor<3xf64>, %ct: tensor<3xf64>) -> (tensor<3xf64>{gradient_type}) {{
  %0{count} = "lift.vjp"(%x{cotangent}) {{callee = @f, wrt = {wrt}, of = {of}}}
       : (tensor<3xf64>{cotangent_type}) -> (tensor<3xf64>{gradient_type})
  return {returned} : tensor<3xf64>{gradient_type}
}}
func.func private @f(%x: tensor<3xf64>) -> tensor<3xf64> {{
  %0 = stablehlo.sine %x : tensor<3xf64>
  return %0 : tensor<3xf64>
}}"""


def test_nothing_to_differentiate():
    no_inputs = VJP.format(
        gradient_type="",
        count="",
        cotangent=", %ct",
        wrt="[]",
        of="[0]",
        cotangent_type=", tensor<3xf64>",
        returned="%0",
    )
    text, _ = run_text(no_inputs)
    assert "lift." not in text and "cosine" not in text
    no_results = VJP.format(
        gradient_type=", tensor<3xf64>",
        count=":2",
        cotangent="",
        wrt="[0]",
        of="[]",
        cotangent_type="",
        returned="%0#0, %0#1",
    )
    text, _ = run_text(no_results)
    assert "lift." not in text and "cosine" not in text and "dense<0.0" in text


def refusal(
    body: str,
    arguments: str = "%x: tensor<4xf32>",
    result: str = "tensor<4xf32>",
    pipeline: str | None = None,
) -> str:
    """What the derivatives of a function with this body, which ends in `%y`, are refused with."""
    source = f"func.func public @main({arguments}) -> {result} {{\n{body}\n  return %y : {result}\n}}"
    with pytest.raises(LiftError) as caught:
        run_text(differentiated(source), pipeline, filename="model.mlir")
    return str(caught.value).split(": ", 1)[1]


def test_op_without_a_rule():
    assert refusal('  %y = "my.sine"(%x) : (tensor<4xf32>) -> tensor<4xf32>') == (
        "error: no derivative rule for `my.sine`\n"
        "  op: my.sine : (tensor<4xf32>) -> (tensor<4xf32>)\n"
        "  hint: rules stand in stablelift/passes/derivatives/, one file per op family"
    )


def test_values_that_a_region_captures_are_active():
    body = """  %y = "stablehlo.case"(%i) ({
    %s = stablehlo.sine %x : tensor<4xf32>
    stablehlo.return %s : tensor<4xf32>
  }) : (tensor<i32>) -> tensor<4xf32>"""
    arguments = "%x: tensor<4xf32>, %i: tensor<i32>"
    assert refusal(body, arguments, pipeline="lift-derivatives").startswith(
        "error: no derivative rule for `stablehlo.case`\n"
    )


def test_operand_without_a_derivative():
    assert refusal("  %y = chlo.zeta %x, %x : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>") == (
        "error: `chlo.zeta` has no derivative with respect to its exponent\n"
        "  op: chlo.zeta : (tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>)\n"
        "  hint: hold its exponent constant (stop_gradient), or give the function a rule of its own "
        "(custom_jvp)"
    )


def test_region_that_uses_a_value_from_outside():
    body = """  %c = stablehlo.constant dense<0.0> : tensor<f32>
  %k = stablehlo.reshape %w : (tensor<1xf32>) -> tensor<f32>
  %y = stablehlo.reduce(%x init: %c) across dimensions = [0] : (tensor<4xf32>, tensor<f32>) -> tensor<f32>
    reducer(%a: tensor<f32>, %b: tensor<f32>) {
      %s = stablehlo.atan2 %a, %k : tensor<f32>
      stablehlo.return %s : tensor<f32>
    }"""
    arguments = "%x: tensor<4xf32>, %w: tensor<1xf32>"
    assert refusal(body, arguments, result="tensor<f32>").startswith(
        "error: no derivative rule for a region that uses values from outside of it\n"
        "  op: stablehlo.atan2 : "
    )
    argument = body.replace("atan2 %a, %k", "atan2 %a, %w").replace(body.splitlines()[1] + "\n", "")
    assert "\n  op: stablehlo.atan2 : " in refusal(
        argument, "%x: tensor<4xf32>, %w: tensor<f32>", result="tensor<f32>"
    )


def unary_module(body: str) -> str:
    type = "tensor<4xf32>"
    return f"func.func public @main(%x: {type}) -> {type} {{\n{body}\n  return %y : {type}\n}}"


def test_integer_product_of_high_bits_is_locally_constant():
    """XLA's CPU backend cannot run `chlo.mulhi`: only what is generated can be looked at."""
    body = """  %i = stablehlo.convert %x : (tensor<4xf32>) -> tensor<4xi32>
  %h = chlo.mulhi %i, %i : tensor<4xi32>, tensor<4xi32> -> tensor<4xi32>
  %s = stablehlo.convert %h : (tensor<4xi32>) -> tensor<4xf32>
  %y = stablehlo.multiply %s, %x : tensor<4xf32>"""
    text, _ = run_text(differentiated(unary_module(body)))
    assert text.count("stablehlo.multiply") == 3
