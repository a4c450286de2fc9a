"""Models whose equal layers cross, rolled and outlined: a selection of `benchmarks/exam_layers.py`."""

from __future__ import annotations

import jax
import numpy as np
import pytest

import stablelift as nn

from .crossing import RATE, Model, X, step_of

NUMBERS = (27, 100)
"""One whose reverse takes results of two kinds of layers, and one whose draws were batched twice."""


@pytest.mark.parametrize("number", NUMBERS)
def test_rolled_and_outlined_layers_take_the_same_step(number):
    model = Model(number)
    params = model.init(jax.random.key(number), X)
    loss, gradient = jax.value_and_grad(model.apply)(params, X)
    wanted = jax.tree.map(lambda p, g: p - RATE * g, params, gradient), loss
    for layers in ("roll", "outline"):
        after, loss = nn.compile(step_of(model), carry=1, layers=layers)(params, X)
        found = getattr(after, "tree", after), loss
        jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, rtol=1e-4, atol=1e-4), found, wanted)
