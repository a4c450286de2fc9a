"""Derivatives of elementwise ops: every dtype, random shapes, ties, zeros, infinities and NaN."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.passes.derivatives.cases import BINARY, UNARY, Elementwise
from tests.passes.derivatives.witness import check

NO_REFERENCE = {"chlo.zeta", "chlo.next_after"}
"""Ops that JAX (or one of the versions we support) gives no derivative."""

ROUGH = {"chlo.next_after"}
"""Ops whose steps a central difference sees."""

SPECIAL_F64 = {"chlo.bessel_i1e": 1e-9, "chlo.zeta": 1e-9, "chlo.polygamma": 1e-9}


def _sample(case: Elementwise, shape: tuple[int, ...], dtype: str, seed: int) -> np.ndarray:
    low, high = case.domain
    rng = np.random.default_rng(seed)
    values = rng.uniform(low, high, shape)
    if dtype.startswith("complex"):
        values = values + 1j * rng.uniform(low, high, shape)
    return np.asarray(values).astype(jnp.dtype(dtype))


def _check(op: str, case: Elementwise, arity: int, dtypes: list[str], **options) -> None:
    arguments = [
        _sample(case, (2, 3), dtype, seed) for number, dtype in enumerate(dtypes) for seed in range(arity)
    ]

    def function(*xs):
        return [case.function(*xs[start : start + arity]) for start in range(0, len(xs), arity)]

    check(function, *arguments, contains=op, reference=op not in NO_REFERENCE, **options)


@pytest.mark.parametrize("op", [*UNARY, *BINARY])
def test_in_double_precision(op):
    case, arity = (UNARY[op], 1) if op in UNARY else (BINARY[op], 2)
    dtypes = ["float64"] + ["complex128"] * case.complex
    rounds = op == "stablehlo.reduce_precision"
    smooth = op not in ROUGH and not rounds
    _check(op, case, arity, dtypes, difference=smooth, linear=not rounds, rtol=SPECIAL_F64.get(op, 1e-11))


@pytest.mark.parametrize("op", [*UNARY, *BINARY])
def test_in_lower_precision(op):
    case, arity = (UNARY[op], 1) if op in UNARY else (BINARY[op], 2)
    _check(op, case, arity, ["float32", "bfloat16", "float16"] + ["complex64"] * case.complex)


POINTS = [0.0, -0.0, 1.0, -1.0, 0.5, 3.0, 1e-30, 1e30, np.inf, -np.inf, np.nan]


@pytest.mark.parametrize("op", sorted(set(UNARY) - NO_REFERENCE))
def test_special_points_are_those_of_jax(op):
    check(UNARY[op].function, np.array(POINTS, np.float32), rtol=1e-4)


@pytest.mark.parametrize("op", sorted(set(BINARY) - NO_REFERENCE - {"stablehlo.power"}))
def test_special_pairs_are_those_of_jax(op):
    points = [0.0, -0.0, 1.0, -2.0, 3.0, np.nan]
    x, y = (each.ravel().astype(np.float32) for each in np.meshgrid(points, points))
    check(BINARY[op].function, x, y, rtol=1e-5)


@settings(max_examples=5)
@given(st.lists(st.integers(0, 4), max_size=3), st.integers(0, 99))
def test_any_shape(shape, seed):
    x, y = (_sample(BINARY["stablehlo.divide"], tuple(shape), "float64", seed + one) for one in (0, 1))
    check(lambda x, y: jnp.tanh(x * y) / y + jnp.maximum(x, y) * x, x, y, difference=True)
