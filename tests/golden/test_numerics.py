"""The third witness of each golden derivative: what its IR computes, in double precision.

For every `@f` that a file under `derivatives/` differentiates: its tangents against a central difference of
`@f`, and its gradients against its tangents (the dot-product identity). Checks of the IR's text cannot tell a
wrong formula from a right one.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stablelift.ir.lift import attributes_of, signature_of
from stablelift.ir.mlir import context, functions, ir, is_private, parse, to_text, walk
from tests.passes.derivatives.witness import Derived, derived, inexact, is_inexact, pairing
from tests.support import assert_close, random, run_module

FILES = sorted((Path(__file__).parent / "derivatives").glob("*.mlir"))

TWINS = {"0xFF800000": "0xFFF0000000000000", "0x7F800000": "0x7FF0000000000000"}
"""Infinities in single precision as literals, and what they are in double precision."""

NOT_RUN = {
    "callback.mlir",
    "collective_broadcast.mlir",
    "custom_vjp_maxima.mlir",
    "manual_computation.mlir",
    "pullback_again.mlir",
}
"""Files with calls of Python functions, with ops that XLA does not run on the CPU or on one device, and with
gradients whose maximum is taken, which are none.
"""

NO_DIFFERENCE = {
    "convert.mlir",  # rounds
    "custom_jvp.mlir",  # has a rule that differs from the derivative, so that it shows
    "stop_gradient.mlir",
}
"""Files whose tangents are not those of a central difference."""

STEP = 1e-6


def doubled(text: str) -> str:
    """The module with double precision in the place of single."""
    for single, double in TWINS.items():
        text = text.replace(single, double)
    return re.sub(r"(?<!: )\bf32\b|(?<=x)f32\b", "f64", text)


def differentiated_function(text: str) -> tuple[str, list[Any]]:
    """The module whose `main` is the function that a golden file differentiates, and what it takes."""
    with context() as ctx, ir.Location.unknown():
        module = parse(text, ctx)
        transforms = [op for op in walk(module.operation) if op.name in ("lift.jvp", "lift.vjp")]
        (name,) = {attributes_of(op.opview)["callee"] for op in transforms}
        known = functions(module)
        for function in known.values():
            if not is_private(function):
                function.operation.erase()
        function = known[name]
        function.attributes["sym_name"] = ir.StringAttr.get("main")
        function.attributes["sym_visibility"] = ir.StringAttr.get("public")
        types = [(tuple(type.shape), str(type.element_type)) for type in signature_of(function).inputs]
        return to_text(module), types


def values(types: list[Any]) -> list[np.ndarray]:
    """Inputs of these types: numbers between 0 and 1, matrices well conditioned, small integers."""
    rng = np.random.default_rng(11)
    found = []
    for shape, element in types:
        x = rng.uniform(0.1, 0.9, shape)
        if len(shape) > 1 and shape[-1] == shape[-2]:
            x = x + 3 * np.eye(shape[-1])
        if element == "i1":
            x = x > 0.5
        elif element.startswith(("i", "ui")):
            x = rng.integers(0, 3, shape)
        elif "complex" in element:
            x = x + 1j * rng.uniform(0.1, 0.9, shape)
        names = {"i32": np.int32, "i64": np.int64, "i1": np.bool_}
        found.append(np.asarray(x, names.get(element, np.complex128 if "complex" in element else np.float64)))
    return found


def directions(like: list[np.ndarray], seed: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [random(rng, x.shape, x.dtype) for x in inexact(like)]


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_numbers(path: Path) -> None:
    if path.name in NOT_RUN:
        return
    text, types = differentiated_function(doubled(path.read_text(encoding="utf-8")))
    primals = values(types)
    tangents = directions(primals, 1)

    def moved(by: float) -> list[np.ndarray]:
        remaining = iter(tangents)
        args = [x + by * next(remaining) if is_inexact(x) else x for x in primals]
        return inexact(run_module(text, args))

    cotangents = directions(run_module(text, primals), 2)
    found: Derived = derived(text, primals, tangents, cotangents)
    if path.name not in NO_DIFFERENCE:
        for up, down, have in zip(moved(STEP), moved(-STEP), found.tangents, strict=True):
            assert_close(have, (up - down) / (2 * STEP), rtol=1e-6, what="central difference")
    forward, backward = pairing(cotangents, found.tangents), pairing(found.gradients, tangents)
    rounding = 1e-2 if path.name == "convert.mlir" else 1e-10
    assert abs((forward - backward).real) <= rounding * (1 + abs(forward))
