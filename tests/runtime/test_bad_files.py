"""Files that hold no program: each is refused in one paragraph that says what was expected and found."""

import os
import subprocess
import sys

import pytest

from stablelift.errors import LiftError
from stablelift.runtime.load import load_bytes
from stablelift.runtime.program import Program

pytestmark = pytest.mark.smoke


def refusal(data, **options):
    with pytest.raises(LiftError) as error:
        load_bytes(data if isinstance(data, bytes) else data.encode(), "bad", **options)
    return str(error.value)


def identity(type, name="main", visibility=""):
    return f"func.func {visibility} @{name}(%x: {type}) -> {type} {{\n  return %x : {type}\n}}\n"


def body(op):
    return (
        f"func.func @main(%x: tensor<3xf32>) -> tensor<3xf32> {{\n  {op}\n  return %0 : tensor<3xf32>\n}}\n"
    )


STATIC_HINT = "\n  hint: give the shapes of all arguments: shapes=[(2, 3), ...]"

TEXTS = {
    "empty": (b"", "bad: error: expected a program, found an empty file"),
    "blank": (b" \n\t\n", "bad: error: expected a program, found an empty file"),
    "bytes": (
        bytes(range(256)),
        "bad: error: expected MLIR text, MLIR bytecode or a StableHLO artefact, "
        "found bytes that are none of them (at byte 128)",
    ),
    "prose": ("hello world", "bad:1:1: error: custom op 'hello' is unknown (tried 'builtin.hello' as well)"),
    "unknown op of StableHLO": (
        body("%0 = stablehlo.frobnicate %x : tensor<3xf32>"),
        "bad:2:8: error: custom op 'stablehlo.frobnicate' is unknown",
    ),
    "unknown lift op": (
        body('%0 = "lift.frob"(%x) : (tensor<3xf32>) -> tensor<3xf32>'),
        "bad:2:8: error: unknown op `lift.frob`\n  op: lift.frob : (tensor<3xf32>) -> (tensor<3xf32>)\n"
        "  hint: the dialect's ops are listed in docs/lift-dialect.md",
    ),
    "mismatched lift op": (
        body('%0 = "lift.call"(%x) {callee = @f} : (tensor<3xf32>) -> tensor<3xf32>')
        + identity("tensor<4xf32>", "f", "private"),
        "bad:2:8: error: malformed `lift.call`: operand 0: expected tensor<4xf32>, found tensor<3xf32> (C1)\n"
        "  op: lift.call : (tensor<3xf32>) -> (tensor<3xf32>)\n"
        "  hint: see `lift.call` in docs/lift-dialect.md",
    ),
    "types that do not fit": (
        body("%0 = stablehlo.transpose %x, dims = [1] : (tensor<3xf32>) -> tensor<3xf32>"),
        "bad:2:8: error: attribute permutation must be a permutation of [0] but got 1",
    ),
    "dynamic shape": (
        identity("tensor<3x?xf32>"),
        "bad: error: input 0: expected a static shape, found tensor<3x?xf32>" + STATIC_HINT,
    ),
    "unranked": (
        identity("tensor<*xf32>"),
        "bad: error: input 0: expected a ranked tensor, found tensor<*xf32>",
    ),
    "tuple": (
        identity("tuple<tensor<f32>>"),
        "bad: error: input 0: expected a ranked tensor, found tuple<tensor<f32>>",
    ),
    "token": (
        identity("!stablehlo.token"),
        "bad: error: input 0: expected a ranked tensor, found !stablehlo.token",
    ),
    "odd width": (
        identity("tensor<3xi17>"),
        "bad: error: input 0: no array has the elements of tensor<3xi17>",
    ),
    "quantised": (
        identity("tensor<3x!quant.uniform<i8:f32, 1.0>>"),
        "bad: error: input 0: no array has the elements of tensor<3x!quant.uniform<i8:f32, 1.0>>",
    ),
    "two public functions": (
        identity("tensor<3xf32>", "a") + identity("tensor<3xf32>", "b"),
        "bad: error: expected `@main` or one public function, found `@a`, `@b`",
    ),
    "no function": ("module {}", "bad: error: expected `@main` or one public function, found none"),
    "only private functions": (
        identity("tensor<3xf32>", "main", "private"),
        "bad: error: expected `@main` or one public function, found none",
    ),
    "a function without a body": (
        "func.func private @g(tensor<3xf32>) -> tensor<3xf32>\n" + identity("tensor<3xf32>"),
        "bad:1:1: error: expected a whole program, found `@g` without a body",
    ),
}


@pytest.mark.parametrize("case", TEXTS)
def test_refused(case, capfd):
    data, expected = TEXTS[case]
    assert refusal(data) == expected
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "tree", ['"[[["', '"0"', '"{\\"dict\\": [0]}"', '"{\\"tuple\\": [0, 0]}"', "3 : i64"]
)
def test_malformed_tree(tree):
    text = f"module attributes {{stablelift.in_tree = {tree}}} {{ {identity('tensor<3xf32>')} }}"
    printed = tree.replace('\\"', "\\22")
    assert refusal(text) == (
        "bad: error: malformed `stablelift.in_tree` on the module, "
        f"expected a tree of 1 leaves as `Program.save` writes it, found {printed}"
    )


def test_missing_file_and_directory(tmp_path):
    for path, reason in ((tmp_path / "absent", "No such file or directory"), (tmp_path, "Is a directory")):
        with pytest.raises(LiftError) as error:
            Program.load(path)
        assert str(error.value) == f"{path}: error: cannot read the program: {reason}"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_file(tmp_path):
    path = tmp_path / "secret"
    path.write_text("module {}")
    path.chmod(0)
    with pytest.raises(LiftError) as error:
        Program.load(path)
    assert str(error.value) == f"{path}: error: cannot read the program: Permission denied"


TRUNCATE = """
from stablelift.errors import LiftError
from stablelift.ir.mlir import context, parse, to_bytecode, to_portable_artifact
from stablelift.runtime.load import load_bytes

text = '''
func.func @main(%x: tensor<3x3xf32>) -> tensor<3x3xf32> {
  %0 = stablehlo.sine %x : tensor<3x3xf32>
  return %0 : tensor<3x3xf32>
}'''
with context() as ctx:
    module = parse(text, ctx)
    whole = [to_bytecode(module), to_portable_artifact(module)]
for data in whole:
    load_bytes(data, "whole")
    for bad in [data[: len(data) * eighths // 8] for eighths in range(1, 8)] + [data[:4] + bytes(range(256))]:
        try:
            load_bytes(bad, "bad")
            print("loaded")
        except LiftError as error:
            print(str(error).startswith("bad: error: "), "\\n" in str(error))
"""


def test_truncated_bytes():
    """In a process of its own: MLIR's reader is C++. Nothing is printed but by us."""
    run = subprocess.run([sys.executable, "-c", TRUNCATE], capture_output=True, text=True, timeout=120)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.splitlines() == ["True False"] * 16
