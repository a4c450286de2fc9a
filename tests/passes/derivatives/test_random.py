"""Derivatives of `stablehlo.rng` for a fixed draw: the parameters move it."""

from __future__ import annotations

import numpy as np
import pytest

from tests.passes.derivatives.witness import derived

MODULE = """func.func public @main(%a: tensor<f64>, %b: tensor<f64>) -> tensor<50xf64> {{
  %s = stablehlo.constant dense<50> : tensor<1xi64>
  %y = stablehlo.rng %a, %b, %s, distribution = {kind}
    : (tensor<f64>, tensor<f64>, tensor<1xi64>) -> tensor<50xf64>
  return %y : tensor<50xf64> }}"""


@pytest.mark.parametrize("kind", ["UNIFORM", "NORMAL"])
def test_the_parameters_move_and_stretch_the_draw(kind):
    a, b, da, db = np.array(0.5), np.array(2.0), np.array(0.3), np.array(-1.1)
    ct = np.cos(np.arange(50.0))
    ours = derived(MODULE.format(kind=kind), [a, b], [da, db], [ct])
    (y,), (moved,) = ours.results, ours.tangents
    drawn = (y - a) / (b - a if kind == "UNIFORM" else b)
    expected = da * (1 - drawn) + db * drawn if kind == "UNIFORM" else da + db * drawn
    np.testing.assert_allclose(moved, expected, rtol=1e-12)
    of_a, of_b = ours.gradients
    # The reverse draws anew, so only the part that does not depend on the draw can be compared.
    total = of_a + of_b if kind == "UNIFORM" else of_a
    np.testing.assert_allclose(total, ct.sum(), rtol=1e-12)
    assert of_b.shape == ()
