"""The value beside a gradient is what the forward rule of a `custom_vjp` returns, whoever differentiates."""

import jax
import jax.numpy as jnp
import pytest

from stablelift import functional


@functional.custom_vjp
def scaled(x):
    return 1.0 * x


scaled.defvjp(lambda x: (2.0 * x, None), lambda _, cotangent: (3.0 * cotangent,))


@pytest.mark.parametrize("value_and_grad", [jax.value_and_grad, functional.value_and_grad])
def test_the_value_beside_a_gradient_is_the_forward_rules(value_and_grad):
    assert value_and_grad(scaled)(jnp.float32(5)) == (10, 3)
    assert jax.jit(value_and_grad(scaled))(jnp.float32(5)) == (10, 3)
    assert scaled(jnp.float32(5)) == 5
