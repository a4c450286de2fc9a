"""Derivatives checked against numbers: our generated forward and reverse mode against finite differences.

For a random direction v, forward mode must give what the central difference (f(x + h v) - f(x - h v)) / 2 h
gives; for a random cotangent ct, reverse mode must satisfy <ct, J v> = <J' ct, v>. Orders above the first
check the derivative of the derivative in the same way. Source: Griewank and Walther 2008, chapter 3.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from stablelift.errors import StableliftError
from stablelift.lowering import jax_compat
from stablelift.lowering.callee import as_array, name_of
from stablelift.lowering.gradients import jvp, vjp

MODES = ("forward", "reverse")


class GradientMismatch(StableliftError, AssertionError):
    """A generated derivative differs from its numerical check; the report is the message, and in `.report`.
    """

    def __init__(self, report: GradientReport):
        super().__init__(str(report))
        self.report = report


@dataclass(frozen=True)
class Check:
    """One comparison: the order and mode, what the derivative gives, what was expected, and the relative
    error.
    """

    order: int
    mode: str
    found: float
    expected: float
    error: float
    tolerance: float

    @property
    def passed(self) -> bool:
        return bool(self.error <= self.tolerance)

    def __str__(self) -> str:
        verdict = "ok" if self.passed else "WRONG"
        return (
            f"  order {self.order}, {self.mode:<7}  found {self.found: .9g}  expected {self.expected: .9g}  "
            f"error {self.error:.1e} (at most {self.tolerance:.1e})  {verdict}"
        )


@dataclass(frozen=True)
class GradientReport:
    """What `check_grads` found, one line for each comparison."""

    name: str
    checks: list[Check] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        return all(check.passed for check in self.checks)

    def __str__(self) -> str:
        verdict = "agree" if self.passed else "differ"
        return "\n".join([f"{self.name}: derivatives and numbers {verdict}", *map(str, self.checks)])


def check_grads(
    program: Callable,
    args: Sequence[Any],
    order: int = 1,
    modes: Sequence[str] = MODES,
    *,
    step: float | None = None,
    tolerance: float | None = None,
    seed: int = 0,
) -> GradientReport:
    """Check the derivatives that our passes generate for a Program or a function of pytrees.

    Args:
      program: What to differentiate: a Program, or any traceable function.
      args: The point at which it is checked, a sequence of pytrees. Leaves that can carry no tangent are
        held fixed.
      order: The highest derivative; each order takes the derivative of the one below it.
      modes: "forward", "reverse" or both.
      step: h of the central difference; by default the cube root of the coarsest input's precision.
      tolerance: The greatest relative error; by default what the step and the precision allow. 64-bit
        inputs make for the sharpest check.
      seed: Of the random directions.

    Returns:
      The report; its text lists every comparison.

    Raises:
      GradientMismatch: A derivative differs by more than the tolerance.
      ValueError: A mode is unknown, or no argument can carry a tangent.
    """
    unknown = sorted(set(modes) - set(MODES))
    if unknown:
        raise ValueError(f"check_grads: expected modes among {', '.join(MODES)}, found {', '.join(unknown)}")
    flat, point = _flat_function(program, args)
    digits = max(float(jnp.finfo(x.dtype).eps) for x in point)
    h: float = step or digits ** (1 / 3)
    allowed: float = tolerance or 50 * digits ** (2 / 3)
    report = GradientReport(name_of(program))
    random = np.random.default_rng(seed)
    for current in range(1, order + 1):
        direction = [_random(random, x) for x in point]
        forward = jax.jit(lambda x, v, f=flat: jvp(f, x, v))
        values, moved = forward(point, direction)
        cts = [_random(random, y) for y in values]
        slope = _inner(cts, moved)
        if "forward" in modes:
            expected = _central_difference(jax.jit(flat), point, direction, cts, h)
            report.checks.append(_compare(current, "forward", slope, expected, allowed, current))
        if "reverse" in modes:
            gradients = jax.jit(lambda x, ct, f=flat: vjp(f, *x)[1](ct))(point, cts)
            found = _inner(gradients, direction)
            report.checks.append(_compare(current, "reverse", found, slope, allowed, current))
        flat = _derivative_of(flat, cts)
    if not report.passed:
        raise GradientMismatch(report)
    return report


def _derivative_of(flat: Callable, cts: list[Any]) -> Callable:
    """The gradients of `flat` for fixed cotangents, as a function to be checked in turn."""

    def gradients(*point: Any) -> list[Any]:
        return list(vjp(flat, *point)[1](cts))

    return gradients


def _flat_function(program: Callable, args: Sequence[Any]) -> tuple[Callable, list[Any]]:
    """The program as a function of the leaves that can carry a tangent, to the leaves that can; and the
    leaves.
    """
    leaves, tree = jax.tree.flatten(tuple(args))
    arrays = [as_array(leaf) for leaf in leaves]
    moving = [index for index, leaf in enumerate(arrays) if jax_compat.can_carry_tangent(leaf)]
    if not moving:
        raise ValueError("check_grads: expected an argument of a floating-point or complex dtype, found none")

    def flat(*values: Any) -> list[Any]:
        filled = list(arrays)
        for index, value in zip(moving, values, strict=True):
            filled[index] = value
        results = jax.tree.leaves(program(*jax.tree.unflatten(tree, filled)))
        return [result for result in results if jax_compat.can_carry_tangent(result)]

    return flat, [arrays[index] for index in moving]


def _random(random: np.random.Generator, like: Any) -> Any:
    values = random.normal(size=like.shape)
    if jnp.issubdtype(like.dtype, jnp.complexfloating):
        values = values + 1j * random.normal(size=like.shape)
    return jnp.asarray(values, like.dtype)


def _inner(xs: Sequence[Any], ys: Sequence[Any]) -> float:
    """The real part of the sum of products: cotangents are not conjugated."""
    wide = [np.asarray(x, np.complex128) * np.asarray(y, np.complex128) for x, y in zip(xs, ys, strict=True)]
    return float(sum(np.sum(product).real for product in wide))


def _central_difference(
    flat: Callable, point: Sequence[Any], direction: Sequence[Any], cts: Sequence[Any], step: float
) -> float:
    ahead = flat(*(x + step * v for x, v in zip(point, direction, strict=True)))
    behind = flat(*(x - step * v for x, v in zip(point, direction, strict=True)))
    differences = [(a - b) / (2 * step) for a, b in zip(ahead, behind, strict=True)]
    return _inner(cts, differences)


def _compare(order: int, mode: str, found: float, expected: float, tolerance: float, scale: int) -> Check:
    """A relative error, where the numbers are not small; each order loses some of the digits of the one
    below.
    """
    error = abs(found - expected) / max(1.0, abs(expected))
    return Check(
        order, mode, found, expected, error if error == error else float("inf"), tolerance * 10 ** (scale - 1)
    )
