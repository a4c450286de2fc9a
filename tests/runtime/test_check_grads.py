"""`check_grads`: right derivatives pass to the second order, a wrong one is reported."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import pytest

import stablelift
from stablelift import Program
from stablelift.runtime.check_grads import GradientMismatch

X = jnp.asarray([0.4, -1.3, 2.0])


def smooth(x, n):
    return {"a": jnp.sin(x) * x.sum(), "b": jnp.exp(-(x**2)) * n, "n": n}


def test_right_derivatives_pass():
    report = stablelift.check_grads(smooth, (X, 3), order=2)
    assert report.passed
    assert [(check.order, check.mode) for check in report.checks] == [
        (1, "forward"), (1, "reverse"), (2, "forward"), (2, "reverse"),
    ]  # fmt: skip
    assert str(report).startswith("smooth: derivatives and numbers agree\n  order 1, forward  found ")


def test_programs_are_checked_too():
    assert stablelift.check_grads(Program.trace(smooth, X, 3), (X, jnp.int32(3))).passed


@jax.custom_jvp
def wrong(x):
    return x**2


wrong.defjvp(lambda primals, tangents: (wrong(*primals), 3 * primals[0] * tangents[0]))


def test_a_wrong_rule_is_reported():
    with pytest.raises(GradientMismatch, match="wrong: derivatives and numbers differ") as caught:
        stablelift.check_grads(wrong, (X,))
    forward, reverse = caught.value.report.checks
    assert not forward.passed and reverse.passed


def test_what_cannot_be_checked_is_said():
    with pytest.raises(
        ValueError, match="^check_grads: expected modes among forward, reverse, found sideways$"
    ):
        stablelift.check_grads(smooth, (X, 3), modes=["sideways"])
    with pytest.raises(ValueError, match="floating-point or complex dtype, found none"):
        stablelift.check_grads(lambda n: n, (3,))
