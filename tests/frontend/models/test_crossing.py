"""Models whose equal layers cross, rolled and outlined: a selection of `benchmarks/exam_layers.py`."""

from __future__ import annotations

import pytest

from .crossing import check_step, start

NUMBERS = (27, 100)
"""One whose reverse takes results of two kinds of layers, and one whose draws were batched twice."""


@pytest.mark.parametrize("number", NUMBERS)
def test_rolled_and_outlined_layers_take_the_same_step(number):
    started = start(number)
    for layers in ("roll", "outline"):
        check_step(*started, layers)
