"""The strategy: a whole program and what it takes, and arrays for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
from hypothesis import strategies as st

from stablelift import Program
from stablelift.runtime.load import load_bytes
from tests.programs.body import INTEGER, PREDICATE, Body, Flavour, Source, Type, Value, dims, function_text
from tests.programs.table import advance

DTYPES = {
    "f64": "float64",
    "f32": "float32",
    "bf16": "bfloat16",
    "complex<f64>": "complex128",
    "complex<f32>": "complex64",
    INTEGER: "int32",
    PREDICATE: "bool",
}

MIXED = (
    Flavour(("f32", INTEGER, PREDICATE)),
    Flavour(("f64", "f32", INTEGER, PREDICATE, "complex<f64>")),
    Flavour(("f32", "complex<f32>", INTEGER, PREDICATE)),
    Flavour(("bf16", "f32", INTEGER, PREDICATE), jumps=False),
)
"""What the values of a program may be; a bfloat16 must not decide where an integer jumps."""

DOUBLE = Flavour(("f64", INTEGER, PREDICATE, "complex<f64>"), derived=True)
SMOOTH = Flavour(("f64", INTEGER, PREDICATE), kinks=False, derived=True, jumps=False)

LOOSE = {"bf16": 0.2, "f32": 2e-3, "f64": 1e-8, "complex<f32>": 2e-3, "complex<f64>": 1e-8}
"""How far two orders of the same operations may drift apart in a program that computes in a type."""


@dataclass(frozen=True)
class RandomProgram:
    """A program as text, and the types of its arguments and results."""

    text: str
    inputs: tuple[Type, ...]
    outputs: tuple[Type, ...]
    tolerance: float

    def __repr__(self) -> str:
        return f"RandomProgram:\n{self.text}"

    def load(self) -> Program:
        return load_bytes(self.text.encode(), "random.mlir")


@st.composite
def programs(
    draw: Callable[[Any], Any], flavour: Flavour, *, steps: int = 14, scalar: bool = False
) -> RandomProgram:
    """Programs of up to `steps` steps and three arguments; of a few results, or of one real `scalar`."""
    source = Source(draw, flavour)
    body = Body(source, depth=0)
    others = draw(st.lists(st.sampled_from(flavour.elements), max_size=2))
    inputs = [Type(body.shape(), element) for element in [flavour.real, *others]]
    arguments = body.arguments(inputs)
    advance(body, body.integer(1, steps))
    results = [_total(body)] if scalar else body.unused()[:4]
    text = "\n".join([function_text("public @main", arguments, body, results), *source.functions])
    tolerance = max(LOOSE[element] for element in flavour.elements if element in LOOSE)
    return RandomProgram(text + "\n", tuple(inputs), tuple(value.type for value in results), tolerance)


def _total(body: Body) -> Value:
    """The sum of all elements of the values that nothing else depends on."""
    scalar = Type((), body.flavour.real)
    total = body.constant(0, scalar)
    for value in body.unused()[:4]:
        x = body.converted(value, scalar.element)
        region = body.combiner("add", scalar.element)
        summed = body.op(
            "reduce", [x, body.constant(0, scalar)], scalar, dims("dimensions", range(x.type.rank)), [region]
        )
        total = body.op("add", [total, summed])
    return total


def array(type: Type, random: np.random.Generator, shape: tuple[int, ...] | None = None) -> Any:
    """Random values of a type, in the range that programs expect; `shape` replaces the type's."""
    shape = type.shape if shape is None else shape
    dtype = jnp.dtype(DTYPES[type.element])
    if type.element == PREDICATE:
        return random.integers(0, 2, shape).astype(bool)
    if type.element == INTEGER:
        return random.integers(-4, 5, shape).astype(dtype)
    values = random.uniform(-1.6, 1.6, shape)
    if type.is_complex:
        values = values + 1j * random.uniform(-1.6, 1.6, shape)
    return np.asarray(values).astype(dtype)
