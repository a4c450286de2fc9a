"""Tensor arithmetic emits the ops that it reads like, in that order, and computes what numpy does."""

import numpy as np
import pytest

from stablelift.ir.tensor import splat
from tests.ir.build import module_of, run_rule

pytestmark = pytest.mark.smoke

A = np.array([[0.5, -2.0, 3.0], [1.0, 4.0, -0.25]], np.float32)
B = np.array([[2.0, 0.5, -1.5], [8.0, -4.0, 0.125]], np.float32)


def ops_of(rule, *types):
    """The names of the ops that `rule` emits, in order."""
    lines = module_of(rule, types).splitlines()
    return [line.split(" = ")[1].split()[0] for line in lines if " = " in line]


def test_numbers_are_splat_constants_where_they_stand():
    assert ops_of(lambda y: 1 - y * y, "3xf32") == [
        "stablehlo.multiply",
        "stablehlo.constant",
        "stablehlo.subtract",
    ]
    assert ops_of(lambda x: x - 1, "3xf32") == ["stablehlo.constant", "stablehlo.subtract"]


@pytest.mark.parametrize(
    "rule",
    [
        lambda x, y: x + y,
        lambda x, y: x - y,
        lambda x, y: x * y,
        lambda x, y: x / y,
        lambda x, y: -x,
        lambda x, y: x + 2,
        lambda x, y: 2 + x,
        lambda x, y: x - 2.5,
        lambda x, y: 2.5 - x,
        lambda x, y: x * 3,
        lambda x, y: 3 * x,
        lambda x, y: x / 4,
        lambda x, y: 4 / x,
    ],
)
def test_operators(rule):
    np.testing.assert_array_equal(run_rule(rule, A, B), rule(A, B))


def test_shape_and_types():
    seen = []
    module_of(
        lambda x: seen.append((x.shape, x.rank, str(x.type), str(x.element_type), repr(x))) or x, ["2x3xbf16"]
    )
    assert seen == [((2, 3), 2, "tensor<2x3xbf16>", "bf16", "Tensor(tensor<2x3xbf16>)")]


@pytest.mark.parametrize("element", ["f64", "bf16", "i1", "ui8", "i64", "complex<f32>"])
def test_constants_of_every_kind_of_element(element):
    text = module_of(lambda x: splat(1, x.type), [f"3x{element}"])
    assert f"return %{'0' if 'complex' in element else 'c'}" in text
    assert f"tensor<3x{element}>\n" in text
