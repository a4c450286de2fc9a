"""`compile(remat=budget(...))`: XLA's temporary memory stays within the budget, and grows with it."""

from __future__ import annotations

from io import StringIO
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from rich.console import Console

import stablelift as nn
from stablelift import checkpoint_policies, functional
from stablelift.errors import LiftError
from stablelift.ir.policy import LEAST, MOST
from stablelift.runtime.budget import temporary_bytes

SHAPES = ((64, 512), (32, 64))
W, X = (jax.random.normal(jax.random.key(seed), shape) / 8 for seed, shape in enumerate(SHAPES))


def gradient(w, x):
    """Of a loop whose reverse uses wide values and narrow ones, with a product between them."""

    def step(c, _):
        return jnp.tanh(jnp.sin(c @ w) @ w.T), None

    return functional.grad(lambda w, x: (functional.scan(step, x, length=12)[0] ** 2).sum(), (0, 1))(w, x)


def kept(size):
    compiled = nn.compile(gradient, remat=checkpoint_policies.budget(size))
    compiled.prepare(W, X)
    assert compiled.kept.peak_bytes == temporary_bytes(compiled.latest[1])
    return compiled


def test_the_peak_is_within_the_budget_and_grows_with_it():
    least, most = (kept(part).kept.peak_bytes for part in (0.0, 1.0))
    assert least < most
    budgets = [least + (most - least) * tenth // 4 for tenth in range(5)]
    peaks = [kept(budget).kept.peak_bytes for budget in budgets]
    assert all(peak <= budget for peak, budget in zip(peaks, budgets, strict=True))
    assert peaks == sorted(peaks) and peaks[0] == least and peaks[-1] == most


def test_gradients_are_the_same():
    expected = functional.jit(gradient)(W, X)
    for part in (0.0, 0.4, 1.0):
        for found, wanted in zip(kept(part)(W, X), expected, strict=True):
            np.testing.assert_allclose(found, wanted, rtol=2e-5, atol=2e-5 * np.abs(wanted).max())


def test_the_curve(tmp_path):
    curve = nn.budget_curve(nn.Program.trace(gradient, W, X), points=3)
    policies = [point.policy for point in curve]
    assert policies[0] == LEAST and policies[-1] == MOST
    assert nn.compile(gradient, remat=str(policies[1])).lower(W, X).compile().memory_analysis() is not None
    for before, after in pairwise(curve):
        assert before.saved_bytes < after.saved_bytes and before.peak_bytes < after.peak_bytes
        assert before.simulated_bytes < after.simulated_bytes
        assert before.repeated_flops > after.repeated_flops
        assert before.repeated_seconds > after.repeated_seconds
    assert curve.points[0].repeated_flops >= 12 * 2 * 32 * 64 * 512
    console = Console(width=100, record=True, file=StringIO())
    console.print(curve.table())
    assert "repeated GFLOP" in console.export_text() and curve.table().row_count == 3
    curve.plot(tmp_path / "curve.png")
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(ValueError, match="points: expected at least 2, found 1"):
        nn.budget_curve(nn.Program.trace(gradient, W, X), points=1)


def test_a_budget_that_cannot_be_met():
    least = kept(0.0).kept.peak_bytes
    with pytest.raises(LiftError) as caught:
        kept("1KiB")
    assert str(caught.value) == (
        "error: the program does not fit into a budget of 1024 bytes of temporary memory\n"
        f"  hint: the smallest budget that can be met is {least} bytes"
    )
