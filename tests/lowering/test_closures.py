"""What a lifted function closes over becomes an operand, and JAX's own caches never see our modules."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stablelift import functional
from stablelift.runtime.program import Program
from tests.lowering.printed import matches

pytestmark = pytest.mark.smoke

X = jnp.arange(12.0).reshape(3, 4)
W = jnp.arange(4.0)


def test_a_tracer_is_an_unmapped_operand():
    matches(
        """
        CHECK:      "lift.vmap"(%arg0, %arg1) {axis_size = 3 : i64, callee = @{{.*}}, in_axes = [unit, 0],
        CHECK-SAME:   out_axes = [0]} : (tensor<4xf32>, tensor<3x4xf32>) -> tensor<3x4xf32>
        """,
        lambda w, x: functional.vmap(lambda row: row * w)(x),
        W,
        X,
    )


def test_derivatives_reach_what_is_closed_over():
    def loss(w):
        return functional.vmap(lambda row: jnp.sin(row) @ w)(X).sum()

    expected = jnp.sin(X).sum(0)
    for grad in (functional.grad, jax.grad):
        np.testing.assert_allclose(grad(loss)(W), expected, rtol=1e-6)


def test_an_array_closed_over():
    found = functional.grad(lambda row: (row * W).sum())(X[0])
    np.testing.assert_array_equal(found, W)


def relu_sum(x):
    return jnp.sum(jax.nn.relu(jnp.sin(x)))


@pytest.mark.parametrize("ours_first", [True, False])
def test_plain_jit_is_unaffected(ours_first):
    function = lambda x: relu_sum(x) * 3  # noqa: E731  (a fresh one: JAX caches by identity)
    plain = jax.jit(function)
    before = None if ours_first else plain.lower(X).as_text()
    program = Program.trace(function, X)
    lifted = functional.grad(function)(X)
    after = plain.lower(X).as_text()
    assert before in (None, after)
    assert "lift." not in after
    np.testing.assert_allclose(plain(X), program(X), rtol=1e-6)
    np.testing.assert_allclose(jax.grad(plain)(X), lifted, rtol=1e-6)
    assert '"lift.custom_jvp"' in str(Program.trace(function, X))


def test_a_jitted_function_inside_both():
    inner = jax.jit(relu_sum)
    expected = inner(X)
    assert '"lift.call"' in str(Program.trace(lambda x: inner(x), X))
    np.testing.assert_allclose(inner(X), expected)
    assert "lift." not in jax.jit(lambda x: inner(x)).lower(X).as_text()
