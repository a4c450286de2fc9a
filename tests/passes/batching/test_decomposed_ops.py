"""Batching of the ops that JAX does not emit: a map of a region, and batch normalisation."""

from __future__ import annotations

import numpy as np
import pytest

from tests.passes.batching.mapping import example, vmap_text
from tests.passes.derivatives.decomposed_cases import DECOMPOSED
from tests.support import assert_close, random, run_module

SIZE = 5


def types(arrays) -> list[str]:
    return ["tensor<" + "".join(f"{size}x" for size in array.shape) + "f64>" for array in arrays]


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("op", DECOMPOSED)
def test_batched_is_a_loop(op: str, shared: bool):
    """All operands mapped, or the first one only."""
    (one,) = DECOMPOSED[op]
    rng = np.random.default_rng(3)
    axes = [0 if index == 0 or not shared else None for index in range(len(one.arguments))]
    args = [
        np.abs(random(rng, (SIZE, *x.shape), x.dtype)) if axis == 0 else np.abs(x)
        for x, axis in zip(one.arguments, axes, strict=True)
    ]

    def examples(index: int) -> list[np.ndarray]:
        chosen = [example(x, axis, index) for x, axis in zip(args, axes, strict=True)]
        return run_module(one.module, chosen)

    expected = [np.stack(column) for column in zip(*map(examples, range(SIZE)), strict=True)]
    callee = one.module.replace("func.func public @main", "func.func private @f")
    in_axes = ", ".join("unit" if axis is None else "0" for axis in axes)
    out_axes = ", ".join("0" for _ in expected)
    attributes = f"axis_size = {SIZE} : i64, in_axes = [{in_axes}], out_axes = [{out_axes}]"
    found = run_module(vmap_text(callee, types(args), types(expected), attributes), args)
    assert_close(found, expected)
