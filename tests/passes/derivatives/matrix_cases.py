"""Uses of linear algebra and Fourier transforms, in StableHLO where JAX lowers to calls of a library."""

from __future__ import annotations

import itertools

import jax.numpy as jnp
import numpy as np
from jax import lax

from tests.passes.derivatives.other_cases import Case, case, cplx, real


def mlir_type(x: np.ndarray, element: str = "") -> str:
    """What stands between the brackets of the type of `x`, or of a tensor of its shape and another element.
    """
    element = element or ("complex<f64>" if np.iscomplexobj(x) else "f64")
    return "x".join([*map(str, x.shape), element])


def solve(x: np.ndarray, b: np.ndarray, left: bool, lower: bool, unit: bool, kind: str) -> Case:
    """The triangular solve with all of its options, and what it computes in terms of a general one."""

    def function(a, b):
        a = (jnp.tril if lower else jnp.triu)(a, (-1 if lower else 1) if unit else 0)
        a = a + jnp.eye(a.shape[-1]) if unit else a
        a = a if kind == "NO_TRANSPOSE" else jnp.swapaxes(a, -1, -2)
        a = a.conj() if kind == "ADJOINT" else a
        return jnp.linalg.inv(a) @ b if left else b @ jnp.linalg.inv(a)

    flags = f"left_side = {left}, lower = {lower}, unit_diagonal = {unit}".lower()
    a, out = mlir_type(x), mlir_type(b)
    module = f"""func.func public @main(%a: tensor<{a}>, %b: tensor<{out}>) -> tensor<{out}> {{
      %y = "stablehlo.triangular_solve"(%a, %b) {{{flags}, transpose_a = #stablehlo<transpose {kind}>}}
        : (tensor<{a}>, tensor<{out}>) -> tensor<{out}>
      return %y : tensor<{out}> }}"""
    return case(function, x, b, module=module)


def dominant(x: np.ndarray) -> np.ndarray:
    """`x` made well conditioned."""
    return x + 3 * np.eye(x.shape[-1])


def factor(x: np.ndarray, lower: bool) -> Case:
    """The Cholesky factor of the matrix of which one triangle is given."""

    def function(a):
        half = jnp.tril(a, -1) if lower else jnp.triu(a, 1)
        diagonal = jnp.real(a) * jnp.eye(a.shape[-1])
        whole = half + jnp.swapaxes(half.conj(), -1, -2) + diagonal
        found = jnp.linalg.cholesky(whole, symmetrize_input=False)
        return found if lower else jnp.swapaxes(found.conj(), -1, -2)

    of, place, flag = mlir_type(x), mlir_type(x, "i32"), mlir_type(x, "i1")
    module = f"""func.func public @main(%a: tensor<{of}>) -> tensor<{of}> {{
      %y = stablehlo.cholesky %a, lower = {str(lower).lower()} : tensor<{of}>
      %z = stablehlo.subtract %y, %y : tensor<{of}>
      %r = stablehlo.iota dim = {x.ndim - 2} : tensor<{place}>
      %c = stablehlo.iota dim = {x.ndim - 1} : tensor<{place}>
      %p = stablehlo.compare {"GE" if lower else "LE"}, %r, %c
        : (tensor<{place}>, tensor<{place}>) -> tensor<{flag}>
      %t = stablehlo.select %p, %y, %z : tensor<{flag}>, tensor<{of}>
      return %t : tensor<{of}> }}"""
    return case(function, x, module=module)


def positive(x: np.ndarray) -> np.ndarray:
    """A positive definite matrix, made from `x`."""
    return x @ np.swapaxes(x.conj(), -1, -2) + np.eye(x.shape[-1])


SOLVES = [
    solve(dominant(cplx(3, 3)), cplx(3, 2) if left else cplx(2, 3), left, lower, left == lower, kind)
    for left, lower in itertools.product([True, False], repeat=2)
    for kind in ("NO_TRANSPOSE", "TRANSPOSE", "ADJOINT")
]

MATRICES: dict[str, list[Case]] = {
    "stablehlo.cholesky": [
        factor(positive(real(3, 4, 4)), True),
        factor(positive(real(4, 4)), False),
        factor(positive(cplx(3, 3)), True),
        factor(positive(cplx(2, 3, 3)), False),
    ],
    "stablehlo.fft": [
        case(jnp.fft.fft, cplx(2, 5)),
        case(jnp.fft.ifft2, cplx(3, 4)),
        case(jnp.fft.rfft, real(2, 5)),
        case(jnp.fft.rfft, real(2, 6)),
        case(jnp.fft.rfft2, real(3, 4)),
        case(lambda x: jnp.fft.irfft(x, 5), cplx(2, 3)),
        case(lambda x: jnp.fft.irfft(x, 6), cplx(2, 4)),
        case(lambda x: lax.fft(x, lax.FftType.IRFFT, (3, 4)), cplx(2, 3, 3)),
        case(lambda x: jnp.fft.irfft(x, 1), cplx(2, 1)),
        case(lambda x: jnp.fft.irfft(x, 2), cplx(2, 2)),
    ],
    "stablehlo.triangular_solve": [
        *SOLVES,
        solve(dominant(real(2, 3, 3)), real(2, 3, 4), True, True, False, "ADJOINT"),
        solve(dominant(real(3, 3)), real(5, 3), False, False, False, "TRANSPOSE"),
    ],
}
