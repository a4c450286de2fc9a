"""Stock layers in a `.lift` file are those of the package, and their shapes are checked before they run."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import stablelift as nn
from stablelift.frontend.language.diagnostics import LiftCheckError

from ..parity import KEY

SOURCE = """\
module Tokens
  vocabulary: int
  width: int = 6

  call(tokens: i32[*batch]) -> f32[*batch, width]
    x = LayerNorm(epsilon=0.001)(Embed(vocabulary, width)(tokens))
    return GroupNorm(2, use_fast_variance=false)(RMSNorm(use_scale=false)(x))
"""


def test_layers_of_a_file_are_the_packages(tmp_path):
    file = tmp_path / "tokens.lift"
    file.write_text(SOURCE)
    tokens = jnp.array([[1, 0, 4], [2, 3, 3]])

    class Tokens(nn.Module):
        @nn.compact
        def __call__(self, tokens):
            x = nn.LayerNorm(epsilon=0.001)(nn.Embed(5, 6)(tokens))
            return nn.GroupNorm(2, use_fast_variance=False)(nn.RMSNorm(use_scale=False)(x))

    found, variables = nn.load(file).Tokens(5).init_with_output(KEY, tokens)
    expected, theirs = Tokens().init_with_output(KEY, tokens)
    np.testing.assert_array_equal(found, expected)
    assert jax.tree.structure(variables) == jax.tree.structure(theirs)


def test_a_norm_keeps_the_shape_for_the_checker(tmp_path):
    file = tmp_path / "wrong.lift"
    file.write_text("module M\n\n  call(x: f32[b, 4]) -> f32[b, 5]\n    return LayerNorm()(x)\n")
    with pytest.raises(LiftCheckError, match=r"wrong\.lift:4:12: error: .*f32\[b, 5\].*f32\[b, 4\]"):
        nn.load(file)
