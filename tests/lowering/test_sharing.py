"""Equal callees are one function, whoever traced them."""

import jax
import jax.numpy as jnp
import pytest

from stablelift import functional
from stablelift.ir.mlir import context, functions, parse
from stablelift.lowering.link import share_equal_functions
from stablelift.runtime.program import Program

pytestmark = pytest.mark.smoke

V = jnp.ones(3)


def function_names(program):
    with context() as ctx:
        module = parse(program.bytecode, ctx)
        return list(functions(module))


def test_lambdas_of_equal_text():
    first, second = jax.jit(lambda y: jnp.sin(y) * 2), jax.jit(lambda z: jnp.sin(z) * 2)
    program = Program.trace(lambda x: first(second(x)), V)
    assert function_names(program) == ["main", "<lambda>"]


def test_a_layer_traced_twice():
    def layer(x):
        return functional.vmap(lambda row: jnp.tanh(row) * 3)(x)

    program = Program.trace(lambda x: layer(layer(x)), jnp.ones((2, 3)))
    assert len(function_names(program)) == 2
    assert str(program).count('"lift.vmap"') == 2


def test_types_tell_functions_apart():
    program = Program.trace(lambda x: jax.jit(jnp.sin)(jax.jit(jnp.sin)(x).astype(jnp.bfloat16)), V)
    assert len(function_names(program)) == 3


def test_callers_of_what_became_one_are_equal_in_turn():
    text = """
    func.func @main(%i: tensor<i32>, %x: tensor<3xf32>) -> tensor<3xf32> {
      %0 = call @outer_a(%x) : (tensor<3xf32>) -> tensor<3xf32>
      %1 = "lift.switch"(%i, %0) {branches = [@outer_a, @"outer b"]}
        : (tensor<i32>, tensor<3xf32>) -> tensor<3xf32>
      return %1 : tensor<3xf32>
    }
    func.func private @outer_a(%x: tensor<3xf32>) -> tensor<3xf32> {
      %0 = "lift.call"(%x) {callee = @inner_a} : (tensor<3xf32>) -> tensor<3xf32>
      return %0 : tensor<3xf32>
    }
    func.func private @"outer b"(%x: tensor<3xf32>) -> tensor<3xf32> {
      %0 = "lift.call"(%x) {callee = @inner_b} : (tensor<3xf32>) -> tensor<3xf32>
      return %0 : tensor<3xf32>
    }
    func.func private @inner_a(%x: tensor<3xf32>) -> tensor<3xf32> {
      %0 = stablehlo.sine %x : tensor<3xf32>
      return %0 : tensor<3xf32>
    }
    func.func private @inner_b(%y: tensor<3xf32>) -> tensor<3xf32> {
      %s = stablehlo.sine %y : tensor<3xf32>
      return %s : tensor<3xf32>
    }"""
    with context() as ctx:
        module = parse(text, ctx)
        share_equal_functions(module)
        assert list(functions(module)) == ["main", "outer_a", "inner_a"]
        assert "branches = [@outer_a, @outer_a]" in str(module)
        assert module.operation.verify()


def test_a_rule_that_calls_its_primal_is_lowered_once():
    program = Program.trace(lambda x: jax.nn.relu(jax.nn.relu(x) * 2), V)
    assert str(program).count("func.func private @custom_jvp_rule") == 1
    assert str(program).count("func.func private @custom_jvp_0") == 1


def test_a_recursive_rule_under_several_transforms():
    found = functional.grad(lambda x: jnp.sum(functional.vmap(jax.nn.relu)(x) * 2))(jnp.array([-1.0, 2.0]))
    assert found.tolist() == [0.0, 2.0]
