"""What the tests of the command share: a way to run it in this process, in a folder of its own."""

import pytest
from click.testing import CliRunner

from stablelift.command import TRACEBACK, main

LOSS = """\
func.func @loss(%x: tensor<3x4xf32>, %y: tensor<4xf32>) -> tensor<f32> {
  %0 = stablehlo.dot_general %x, %y, contracting_dims = [1] x [0]
      : (tensor<3x4xf32>, tensor<4xf32>) -> tensor<3xf32>
  %1 = stablehlo.tanh %0 : tensor<3xf32>
  %c = stablehlo.constant dense<0.0> : tensor<f32>
  %2 = stablehlo.reduce(%1 init: %c) applies stablehlo.add across dimensions = [0]
      : (tensor<3xf32>, tensor<f32>) -> tensor<f32>
  return %2 : tensor<f32>
}
"""


@pytest.fixture
def stablelift(tmp_path, monkeypatch):
    """A function that runs the command in a folder that holds `loss.mlir`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(TRACEBACK, "1")
    (tmp_path / "loss.mlir").write_text(LOSS)
    options = {"prog_name": "stablelift", "catch_exceptions": False}
    return lambda *argv, stdin=None: CliRunner().invoke(main, argv, input=stdin, **options)
