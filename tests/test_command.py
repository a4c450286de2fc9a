"""The `stablelift` command: its exit codes, its streams and its refusals, with the compiler stood in for."""

import json
import subprocess
import sys
import types
from pathlib import Path

import pytest
from click.testing import CliRunner

from stablelift.command import main
from stablelift.errors import LiftError

pytestmark = pytest.mark.smoke

MODULE = "func.func @f() { return }\n"


@pytest.fixture
def calls(monkeypatch):
    """The calls of a stand-in for the pipeline, which returns the module, or refuses it when told to."""
    calls = []

    def run_text(source, pipeline, *, filename, dump, vjp, remat):
        calls.append((source, pipeline, filename, *((vjp, remat) if vjp or remat else ())))
        if dump is not None:
            Path(dump, "01-cse.mlir").write_text(source)
        if pipeline and "refuse" in pipeline:
            raise LiftError(f"{filename}:1:1: error: no rule for `stablehlo.cosine`\n  hint: register one")
        text = source if isinstance(source, str) else "bytecode\n"
        return text, types.SimpleNamespace(seconds=[("lift-verify", 0.25), ("cse", 0.5)])

    stand_in = types.ModuleType("stablelift.passes.pipeline")
    stand_in.__dict__["run_text"] = run_text
    monkeypatch.setitem(sys.modules, stand_in.__name__, stand_in)
    return calls


@pytest.fixture
def stablelift(tmp_path, monkeypatch):
    """A function that runs the command in a folder that holds `a.mlir`."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.mlir").write_text(MODULE)
    options = {"prog_name": "stablelift", "catch_exceptions": False}
    return lambda *argv, stdin=None: CliRunner().invoke(main, argv, input=stdin, **options)


def test_opt_prints_the_module(stablelift, calls):
    result = stablelift("opt", "a.mlir", "--pipeline=lift-derivatives,cse")
    assert (result.exit_code, result.stdout, result.stderr) == (0, MODULE, "")
    assert calls == [(MODULE, "lift-derivatives,cse", "a.mlir")]


def test_opt_differentiates_under_a_policy(stablelift, calls):
    assert stablelift("opt", "a.mlir", "--vjp", "--remat=min_cut").exit_code == 0
    assert calls == [(MODULE, None, "a.mlir", True, "min_cut")]


def test_opt_reads_standard_input(stablelift, calls):
    assert stablelift("opt", "-", stdin=MODULE).stdout == MODULE
    assert calls == [(MODULE, None, "<stdin>")]


def test_opt_hands_bytecode_on_as_bytes(stablelift, calls):
    assert stablelift("opt", "-", stdin=b"ML\xefR\x06\xff").stdout == "bytecode\n"
    assert calls == [(b"ML\xefR\x06\xff", None, "<stdin>")]


def test_opt_writes_a_file(stablelift, calls, tmp_path):
    assert stablelift("opt", "a.mlir", "-o", "b.mlir").output == ""
    assert (tmp_path / "b.mlir").read_text() == MODULE


@pytest.mark.parametrize(
    ("options", "pipeline"),
    [
        (["--pipeline=cse"], "lift-verify,cse,lift-verify"),
        (["--pipeline="], "lift-verify,lift-verify"),
        ([], None),
    ],
)
def test_opt_verifies_before_and_after(stablelift, calls, options, pipeline):
    assert stablelift("opt", "a.mlir", "--verify", *options).exit_code == 0
    assert calls == [(MODULE, pipeline, "a.mlir")]


def test_opt_prints_each_pass_on_standard_error(stablelift, calls):
    result = stablelift("opt", "a.mlir", "--print-ir-after-all", "--pipeline=cse")
    assert (result.stdout, result.stderr) == (MODULE, f"// -----// after 01-cse //----- //\n{MODULE}\n")


def test_opt_prints_the_passes_before_the_one_that_refused(stablelift, calls):
    result = stablelift("opt", "a.mlir", "--print-ir-after-all", "--pipeline=refuse")
    assert result.exit_code == 1
    dump, _, error = result.stderr.partition("\na.mlir:1:1: error: no rule")
    assert dump == f"// -----// after 01-cse //----- //\n{MODULE}" and error


def test_opt_prints_the_time_of_each_pass_on_standard_error(stablelift, calls):
    result = stablelift("opt", "a.mlir", "--timing")
    assert result.stdout == MODULE
    assert result.stderr == "    0.2500 s  lift-verify\n    0.5000 s  cse\n    0.7500 s  total\n"


def test_a_compiler_error_is_one_paragraph_and_exit_code_1(stablelift, calls):
    result = stablelift("opt", "a.mlir", "--pipeline=refuse")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "a.mlir:1:1: error: no rule for `stablehlo.cosine`\n  hint: register one\n"


@pytest.mark.parametrize(
    ("argv", "stdin", "message"),
    [
        (["opt", "b.mlir"], None, "b.mlir: error: cannot be read: no such file or directory\n"),
        (["opt", "."], None, ".: error: cannot be read: is a directory\n"),
        (
            ["opt", "a.mlir", "-o", "no/b.mlir"],
            None,
            "no/b.mlir: error: cannot be written: no such file or directory\n",
        ),
        (
            ["opt", "-"],
            b"func\xff",
            "-: error: expected MLIR text in UTF-8 or MLIR bytecode, found byte 0xff at offset 4\n"
            "  hint: bytecode begins with the bytes 4d 4c ef 52; was the file cut or compressed?\n",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(stablelift, calls, argv, stdin, message):
    result = stablelift(*argv, stdin=stdin)
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", message)


@pytest.mark.parametrize(
    "argv", [["opt"], ["opt", "a.mlir", "--no-such-option"], ["no-such-command"], ["check"], ["fmt"]]
)
def test_a_wrong_command_line_is_exit_code_2(stablelift, argv):
    result = stablelift(*argv)
    assert result.exit_code == 2
    assert result.stderr.startswith("Usage: stablelift")


GOOD = "fn f(x: f32[n]) -> f32[n]\n  return relu(x)\n"
WRONG = "fn f(x: f32[n])\n  y = rleu(x)\n  return y + hiden\n"


def test_check_says_nothing_of_files_without_errors(stablelift, tmp_path):
    (tmp_path / "a.lift").write_text(GOOD)
    result = stablelift("check", "a.lift", "a.lift")
    assert (result.exit_code, result.output) == (0, "")


def test_check_prints_all_errors_of_all_files(stablelift, tmp_path):
    (tmp_path / "a.lift").write_text(WRONG)
    (tmp_path / "b.lift").write_text("fn f(x\n")
    result = stablelift("check", "a.lift", "b.lift", "c.lift")
    assert (result.exit_code, result.stdout) == (1, "")
    assert [line for line in result.stderr.splitlines() if "error" in line] == [
        "a.lift:2:7: error: unknown function `rleu`",
        "a.lift:3:14: error: unknown name `hiden`",
        "b.lift:1:7: error: expected `)`, `,`, `:` or `=`, found the end of the file",
        "c.lift: error: cannot read the file: no such file or directory",
    ]


def test_check_prints_json(stablelift, tmp_path):
    (tmp_path / "a.lift").write_text(WRONG)
    result = stablelift("check", "--json", "a.lift")
    assert result.exit_code == 1 and result.stderr == ""
    first, _ = json.loads(result.stdout)
    assert first == {
        "file": "a.lift",
        "line": 2,
        "column": 7,
        "end_line": 2,
        "end_column": 11,
        "message": "unknown function `rleu`",
        "hints": ["did you mean `relu`?"],
    }
    (tmp_path / "a.lift").write_text(GOOD)
    assert json.loads(stablelift("check", "--json", "a.lift").stdout) == []


def test_fmt_writes_the_layout_once(stablelift, tmp_path):
    file = tmp_path / "a.lift"
    file.write_text("fn f( x )\n      return x # same\n")
    file.chmod(0o640)
    result = stablelift("fmt", "--check", "a.lift")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "a.lift: error: not in the canonical layout\n  hint: `stablelift fmt a.lift`\n"
    assert stablelift("fmt", "a.lift").exit_code == 0
    assert file.read_text() == "fn f(x)\n  return x  # same\n"
    assert file.stat().st_mode & 0o777 == 0o640
    assert [each.name for each in tmp_path.iterdir() if each.suffix == ".lift"] == ["a.lift"]
    assert not list(tmp_path.glob(".fmt-*"))
    assert stablelift("fmt", "--check", "a.lift").exit_code == 0


def test_fmt_leaves_a_file_with_errors(stablelift, tmp_path):
    (tmp_path / "a.lift").write_text("fn  f(x\n")
    result = stablelift("fmt", "a.lift")
    assert result.exit_code == 1 and result.stderr.startswith("a.lift:1:8: error: expected")
    assert (tmp_path / "a.lift").read_text() == "fn  f(x\n"


def test_check_and_fmt_import_no_jax(tmp_path):
    file = tmp_path / "a.lift"
    file.write_text(GOOD)
    for command in ("check", "fmt"):
        code = (
            f"import sys; sys.argv = ['stablelift', {command!r}, {str(file)!r}]\n"
            "from stablelift.command import main\n"
            "try: main()\n"
            "finally: print(sorted({'jax', 'jaxlib', 'numpy'} & set(sys.modules)))"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
        assert done.stdout == "[]\n", done


def test_help_imports_no_jax():
    code = (
        "import sys; sys.argv = ['stablelift', '--help']\n"
        "from stablelift.command import main\n"
        "try: main()\n"
        "finally: print(sorted({'jax', 'jaxlib', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.startswith("Usage: stablelift") and done.stdout.endswith("[]\n"), done
