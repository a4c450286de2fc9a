"""Files that end the process which opens them end a child, and the next file finds another."""

import subprocess
import sys

import pytest

from stablelift.errors import LiftError
from stablelift.ir.isolate import Reader
from stablelift.runtime.program import Program

pytestmark = pytest.mark.smoke

GOOD = b"func.func @main(%x: tensor<3xf32>) -> tensor<3xf32> { return %x : tensor<3xf32> }"
TOO_DEEP = b"func.func @main() attributes {a = " + b"[" * 1_000_000
SELF_CALLING = b"""
func.func @main(%x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = call @main(%x) : (tensor<3xf32>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}"""


def refusal(action, *args, **options):
    with pytest.raises(LiftError) as error:
        action(*args, **options)
    return str(error.value)


def test_one_child_reads_file_after_file_until_one_ends_it():
    with Reader() as reader:
        bytecode = reader.read(GOOD, "good")
        child = reader._child
        assert reader.read(bytecode, "again") == bytecode
        reader.check(bytecode, "good")
        assert refusal(reader.read, b"hello", "prose").startswith("prose:1:1: error: custom op 'hello'")
        assert reader._child is child
        assert (
            refusal(reader.read, TOO_DEEP, "deep")
            == "deep: error: MLIR's parser crashes on this file (SIGSEGV)"
        )
        assert reader.read(GOOD, "good") == bytecode
        assert child.poll() is not None
        calls_itself = reader.read(SELF_CALLING, "rec")
        assert refusal(reader.check, calls_itself, "rec").startswith("rec: error: XLA's importer crashes on")


def test_a_child_that_takes_too_long_is_stopped():
    with Reader(timeout=0.001) as reader:  # less than it needs to start
        assert (
            refusal(reader.read, GOOD, "f")
            == "f: error: MLIR's parser was stopped after 0.001 s on this file"
        )
        assert reader._child is None


def test_a_program_is_loaded_through_a_child(tmp_path, capfd):
    (tmp_path / "good.mlir").write_bytes(GOOD)
    (tmp_path / "deep.mlir").write_bytes(TOO_DEEP)
    assert Program.load(tmp_path / "good.mlir", isolated=True) == Program.load(tmp_path / "good.mlir")
    assert "crashes" in refusal(Program.load, tmp_path / "deep.mlir", isolated=True)
    assert capfd.readouterr() == ("", "")


def test_reading_in_a_child_needs_no_jax():
    code = """
import sys
from stablelift.ir.isolate import Reader
with Reader() as reader:
    reader.read(b'module {}', 'empty')
print('jax' in sys.modules)"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("False\n", "")
