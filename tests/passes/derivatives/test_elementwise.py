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


NOT_FROM_EVERY_JAX = {"chlo.asin", "chlo.lgamma"}
"""Ops to which one of the versions we support does not lower: their modules are written out."""


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

    module = written_out(op, arguments) if op in NOT_FROM_EVERY_JAX else None
    check(function, *arguments, module=module, contains=op, reference=op not in NO_REFERENCE, **options)


def written_out(op: str, arguments: list[np.ndarray]) -> str:
    """A module that applies a unary op to each argument."""
    elements = {"float32": "f32", "float64": "f64", "bfloat16": "bf16", "float16": "f16"}
    elements |= {"complex64": "complex<f32>", "complex128": "complex<f64>"}
    types = [
        "tensor<" + "".join(f"{size}x" for size in x.shape) + elements[x.dtype.name] + ">" for x in arguments
    ]
    inputs = ", ".join(f"%x{n}: {type}" for n, type in enumerate(types))
    body = "\n".join(f'  %y{n} = "{op}"(%x{n}) : ({type}) -> {type}' for n, type in enumerate(types))
    results, returned = ", ".join(types), ", ".join(f"%y{n}" for n in range(len(types)))
    head = f"func.func public @main({inputs}) -> ({results})"
    return f"{head} {{\n{body}\n  return {returned} : {results}\n}}"


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
    # Below 1 acosh is NaN, and jax 0.10 gives it a derivative there.
    points = np.array([x for x in POINTS if op != "chlo.acosh" or not x < 1], np.float32)
    module = written_out(op, [points]) if op in NOT_FROM_EVERY_JAX else None
    check(UNARY[op].function, points, module=module, rtol=1e-4)


def test_acosh_left_of_its_branch_cut():
    """Where jax 0.10 gives the wrong sign."""
    check(UNARY["chlo.acosh"].function, np.array([-2 + 1j, -0.5 - 0.7j]), reference=False, difference=True)


def test_logistic_where_its_exponential_overflows():
    check(UNARY["stablehlo.logistic"].function, np.array([-100.0, 100.0, -1000.0], np.float32))


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
