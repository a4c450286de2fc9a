"""Programs from files that call LAPACK, in a process in which JAX has lowered no linear algebra."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FACTOR = """
func.func public @main(%x: tensor<2x2xf32>) -> (tensor<2x2xf32>, tensor<i32>) {
  %y:2 = stablehlo.custom_call @lapack_spotrf_ffi(%x) {
    mhlo.backend_config = {uplo = 76 : ui8},
    operand_layouts = [dense<[0, 1]> : tensor<2xindex>],
    result_layouts = [dense<[0, 1]> : tensor<2xindex>, dense<> : tensor<0xindex>]
  } : (tensor<2x2xf32>) -> (tensor<2x2xf32>, tensor<i32>)
  return %y#0, %y#1 : tensor<2x2xf32>, tensor<i32>
}"""

SCRIPT = """
import sys
import numpy as np
from stablelift import Program
factor, info = Program.load(sys.argv[1])(np.diag([4.0, 9.0]).astype("f"))
print(np.diag(factor).tolist(), info)
"""


def test_lapack_is_loaded_before_the_first_call(tmp_path: Path):
    file = tmp_path / "factor.mlir"
    file.write_text(FACTOR)
    command, root = [sys.executable, "-c", SCRIPT, str(file)], Path(__file__).parents[2]
    found = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120)
    assert (found.returncode, found.stdout) == (0, "[2.0, 3.0] 0\n"), found.stderr
