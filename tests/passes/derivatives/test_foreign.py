"""Opaque primitives by JAX's own rules: gradients, second order, maps, and what a file cannot hold."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stablelift import Program, functional
from stablelift.errors import LiftError

A = jnp.asarray(np.random.default_rng(0).normal(size=(4, 4)), jnp.float32)
A = A @ A.T + 4 * jnp.eye(4)
B = jnp.asarray([1.0, -2.0, 0.5, 3.0])

FUNCTIONS = {
    "eigh": lambda a: jnp.linalg.eigh(a)[0],
    "svd": lambda a: jnp.linalg.svd(a, compute_uv=False),
    "qr": lambda a: jnp.linalg.qr(a)[1],
    "cholesky": jnp.linalg.cholesky,
    "inverse": jnp.linalg.inv,
    "determinant": lambda a: jnp.linalg.det(a / 4),
    "solve": lambda a: jnp.linalg.solve(a, B),
    "custom_linear_solve": lambda a: jax.lax.custom_linear_solve(
        lambda v: a @ v, B, lambda _, b: jnp.linalg.solve(a, b), symmetric=True
    ),
    "gammainc": lambda a: jax.scipy.special.gammainc(2.0, jnp.abs(a)),
}


def weighed(function):
    return lambda a: jnp.sum(jnp.sin(function(a)))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradients(name):
    loss = weighed(FUNCTIONS[name])
    np.testing.assert_allclose(
        functional.jit(functional.grad(loss))(A), jax.grad(loss)(A), rtol=2e-4, atol=2e-5
    )
    moved = functional.jit(lambda a: functional.jvp(loss, (a,), (jnp.cos(a),)))(A)
    np.testing.assert_allclose(moved, jax.jvp(loss, (A,), (jnp.cos(A),)), rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("name", ["eigh", "cholesky", "custom_linear_solve"])
def test_second_order(name):
    loss = weighed(FUNCTIONS[name])

    def twice(grad):
        return grad(lambda a: jnp.sum(jnp.cos(grad(loss)(a))))

    np.testing.assert_allclose(
        functional.jit(twice(functional.grad))(A), twice(jax.grad)(A), rtol=1e-2, atol=1e-4
    )


@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradients_of_mapped_primitives(name):
    stack = jnp.stack([A, A + jnp.eye(4), 2 * A])
    loss = weighed(FUNCTIONS[name])
    found = functional.jit(functional.grad(lambda s: functional.vmap(loss)(s).sum()))(stack)
    expected = jax.grad(lambda s: jax.vmap(loss)(s).sum())(stack)
    np.testing.assert_allclose(found, expected, rtol=2e-4, atol=2e-5)


def test_where_jax_has_no_rule_the_error_names_the_primitive():
    def full(a):
        return jnp.linalg.svd(a[:3], full_matrices=True)[0].sum()

    with pytest.raises(LiftError, match="JAX has no derivative of `svd`"):
        functional.jit(functional.grad(full))(A)


def test_a_file_does_not_hold_the_rule(tmp_path):
    Program.trace(weighed(jnp.linalg.cholesky), A).save(tmp_path / "program.mlir")
    text = (tmp_path / "program.mlir").read_text()
    # As in another process, where nothing is known of the key.
    (tmp_path / "program.mlir").write_text(text.replace('key = "cholesky-', 'key = "elsewhere-'))
    program = Program.load(tmp_path / "program.mlir")
    np.testing.assert_allclose(program(A), weighed(jnp.linalg.cholesky)(A), rtol=1e-6)
    with pytest.raises(LiftError, match="which a file does not hold"):
        program.grad()(A)


@pytest.mark.parametrize("name", ["eigh", "svd", "qr", "cholesky"])
@pytest.mark.parametrize("mode", ["grad", "jvp", "vjp"])
def test_of_what_a_library_computes_no_result_has_a_derivative(name, mode, tmp_path):
    Program.trace(weighed(FUNCTIONS[name]), A).save(tmp_path / "artefact.stablehlo")
    program = getattr(Program.load(tmp_path / "artefact.stablehlo"), mode)()
    with pytest.raises(LiftError, match="no derivative rule for a call of `lapack_"):
        program.optimize()
