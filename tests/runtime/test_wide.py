"""Programs with 64-bit types run whether or not JAX has them turned on."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stablelift.errors import LiftError
from stablelift.runtime.program import Program

pytestmark = pytest.mark.smoke

X = np.linspace(0.0, 1.0, 3)
HINT = '\n  hint: turn on 64-bit types: jax.config.update("jax_enable_x64", True)'

with jax.enable_x64(True):
    POWER = Program.trace(lambda x, n: (jnp.sum(x**2) ** 2, n * n, jnp.argmax(x)), X, np.int64(3))
    DOT = Program.trace(lambda x: jnp.sum(jnp.sin(x) * x), X)

GRADIENT = np.cos(X) * X + np.sin(X)


def refusal(kind, function, *args):
    with pytest.raises(kind) as error:
        function(*args)
    return str(error.value)


@pytest.mark.parametrize("run", [POWER, POWER.compile()], ids=["called", "compiled"])
def test_numbers_are_converted_at_the_boundary(run):
    for x, n in ((X, 5), (jnp.asarray(X), jnp.int32(5)), (X.astype(np.float32), np.int64(5))):
        square, power, place = run(x, n)
        assert (square.dtype, power.dtype, int(power), int(place)) == (jnp.float32, jnp.int32, 25, 2)
        np.testing.assert_allclose(square, np.sum(X**2) ** 2, rtol=1e-6)
    with jax.enable_x64(True):
        square, power, _ = run(X, np.int64(2**20))
        assert (square.dtype, int(power)) == (jnp.float64, 2**40)


def test_a_number_that_does_not_fit_is_an_error():
    name = POWER.name
    assert refusal(LiftError, POWER, X, 2**20) == (
        f"{name}: result 1: its numbers do not fit in int32" + HINT
    )
    assert refusal(LiftError, POWER, X * 1e30, 1) == (
        f"{name}: result 0: its numbers do not fit in float32" + HINT
    )
    assert np.isinf(POWER(np.full(3, np.inf), 1)[0])  # fits as it is
    assert refusal(TypeError, jax.jit(POWER), X, 3) == (
        f"{name}: result 1 is i64[], which may not fit in a trace" + HINT
    )


def test_arguments_of_other_types_are_refused():
    name = POWER.name
    assert refusal(TypeError, POWER, X, 3.5) == f"{name}: argument args[1]: expected i64[], found f64[]"
    assert refusal(TypeError, POWER, X, np.uint32(3)) == (
        f"{name}: argument args[1]: expected i64[], found u32[]"
    )


def test_transformed_by_us_they_keep_their_types():
    gradient = DOT.grad()
    assert repr(gradient).endswith("(f64[3]) -> (f64[3]))")
    np.testing.assert_allclose(gradient(X), GRADIENT, rtol=1e-6)
    value, tangent = DOT.vmap(axis_size=2).jvp()((np.stack([X, X]),), (np.stack([X, X]),))
    np.testing.assert_allclose([value, tangent], [[np.sin(X) @ X] * 2, [GRADIENT @ X] * 2], rtol=1e-6)


def test_transformed_by_jax():
    rows = jnp.stack([X, X])
    for transformed in (jax.vmap(jax.grad(DOT)), jax.jit(jax.vmap(jax.grad(DOT)))):
        found = transformed(rows)
        assert found.dtype == jnp.float32
        np.testing.assert_allclose(found, [GRADIENT] * 2, rtol=1e-6)
