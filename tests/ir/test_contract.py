"""`contract` against numpy's einsum, and `labels` against the `dot_general` that they are read from."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stablelift.ir.contract import contract, labels
from stablelift.ir.mlir import context, parse, walk
from tests.ir.build import module_of, run_rule
from tests.support import assert_close

SIZES = dict(zip("abcdef", (2, 3, 4, 5, 6, 7), strict=True))
PLAIN = SimpleNamespace(attributes={})
"""Stands for a `dot_general` without precision attributes."""


@st.composite
def contractions(draw):
    """Labels of two tensors and of a result, in any order, each label of one of the five kinds there are."""
    chosen = draw(st.lists(st.sampled_from("abcdef"), unique=True, max_size=5))
    kinds = [draw(st.sampled_from(["batch", "summed", "left", "right", "private"])) for _ in chosen]
    held = {
        "x": ("batch", "summed", "left", "private"),
        "y": ("batch", "summed", "right"),
        "to": ("batch", "left", "right"),
    }
    parts = {
        part: draw(st.permutations([c for c, kind in zip(chosen, kinds, strict=True) if kind in kept]))
        for part, kept in held.items()
    }
    return "".join(parts["x"]), "".join(parts["y"]), "".join(parts["to"])


@settings(max_examples=25)
@given(contractions(), st.randoms(use_true_random=False))
def test_einsum(parts, random):
    x_labels, y_labels, to = parts
    rng = np.random.default_rng(random.randrange(2**32))
    x, y = (
        rng.normal(size=[SIZES[label] for label in part]).astype(np.float32) for part in (x_labels, y_labels)
    )
    found = run_rule(lambda x, y: contract(x, x_labels, y, y_labels, to=to, like=PLAIN), x, y)
    assert_close(found, np.einsum(f"{x_labels},{y_labels}->{to}", x, y), rtol=1e-4)


DOT = """
func.func @main(%x: tensor<2x3x4x5xf32>, %y: tensor<4x2x6x5xf32>) -> tensor<5x2x3x6xf32> {
  %0 = stablehlo.dot_general %x, %y, batching_dims = [3, 0] x [3, 1], contracting_dims = [2] x [0],
      precision = [HIGHEST, DEFAULT]
    : (tensor<2x3x4x5xf32>, tensor<4x2x6x5xf32>) -> tensor<5x2x3x6xf32>
  return %0 : tensor<5x2x3x6xf32>
}
"""


def with_dot(action):
    with context() as ctx:
        module = parse(DOT, ctx)
        (op,) = [op for op in walk(module.operation) if op.operation.name == "stablehlo.dot_general"]
        return action(op)


@pytest.mark.smoke
def test_labels():
    left, right, out = with_dot(lambda op: labels(op.operation.opview))
    letter = "ijklmnop".__getitem__
    written = ["".join(map(letter, part)) for part in (left, right, out)]
    assert written == ["ijkl", "kiol", "lijo"]


@pytest.mark.smoke
def test_the_order_that_spares_a_transpose():
    plain = module_of(lambda x, y: contract(x, "ab", y, "bc", to="ac", like=PLAIN), ["2x3xf32", "3x4xf32"])
    swapped = module_of(lambda x, y: contract(x, "ab", y, "bc", to="ca", like=PLAIN), ["2x3xf32", "3x4xf32"])
    assert "dot_general %arg0, %arg1" in plain
    assert "dot_general %arg1, %arg0" in swapped
    assert "transpose" not in plain + swapped


@pytest.mark.smoke
def test_precision_goes_with_its_operand():
    precision = with_dot(lambda op: str(op.attributes["precision_config"]))
    assert precision == "[#stablehlo<precision HIGHEST>, #stablehlo<precision DEFAULT>]"

    def rule(x, y):
        from stablelift.ir.mlir import ir

        like = SimpleNamespace(attributes={"precision_config": ir.Attribute.parse(precision)})
        return contract(x, "ab", y, "bc", to="ca", like=like)

    assert "precision = [DEFAULT, HIGHEST]" in module_of(rule, ["2x3xf32", "3x4xf32"])
