"""The golden harness itself: what it accepts, what it refuses, and what it says."""

import sys
from pathlib import Path

import click
import pytest

from tests.golden import harness
from tests.golden.harness import GoldenError, check, parse_runs

pytestmark = pytest.mark.smoke

RUN = "// RUN: stablelift opt %s --pipeline=upper | filecheck %s"


@click.group()
def stand_in():
    """A `stablelift` that needs no compiler."""


@stand_in.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--pipeline", default="")
def opt(file, pipeline):
    if "refuse" in pipeline:
        click.echo(f"{file}:1:1: error: refused by `{pipeline}`", err=True)
        sys.exit(1)
    # MLIR prints no comments either: a directive must not match itself.
    lines = file.read_text().splitlines()
    code = "".join(f"{line}\n" for line in lines if not line.startswith("//")) + "end\n"
    click.echo(code.upper() if "upper" in pipeline else code, nl=False)


@pytest.fixture
def golden(tmp_path, monkeypatch):
    """A function that checks a golden file with the given text."""
    monkeypatch.setattr(harness, "main", stand_in)
    monkeypatch.chdir(tmp_path)

    def check_text(*lines):
        path = tmp_path / "case.mlir"
        path.write_text("\n".join(lines) + "\n")
        check(path)

    return check_text


def test_a_file_that_holds(golden):
    golden(RUN, "func.func @f()", "// CHECK: FUNC.FUNC @F()")


def test_a_file_that_does_not_hold(golden):
    with pytest.raises(GoldenError, match=r"case\.mlir:1: error: the output does not match") as caught:
        golden(RUN, "func.func @f()", "// CHECK: FUNC.FUNC @G()")
    assert "The whole output was:\nFUNC.FUNC @F()\nEND" in str(caught.value)


def test_every_run_line_is_run(golden):
    second = "// RUN: stablelift opt %s | filecheck %s --check-prefix=SAME"
    golden(RUN, second, "func.func @f()", "// CHECK: FUNC.FUNC @F()", "// SAME: func.func @f()")
    with pytest.raises(GoldenError, match=r"case\.mlir:2: error: the output does not match"):
        golden(RUN, second, "func.func @f()", "// CHECK: FUNC.FUNC @F()", "// SAME: func.func @g()")


def test_a_continued_run_line():
    text = "// RUN: not stablelift opt %s \\\n// RUN:   --pipeline='a,b' | filecheck %s"
    (run,) = parse_runs("a.mlir", text)
    assert (run.line, run.argv, run.must_fail) == (1, ("opt", "a.mlir", "--pipeline=a,b"), True)


def test_an_error_is_matched_after_not(golden):
    run = "// RUN: not stablelift opt %s --pipeline=refuse | filecheck %s"
    golden(run, "// CHECK: case.mlir:1:1: error: refused by `refuse`")


@pytest.mark.parametrize(
    ("run", "found"),
    [
        ("// RUN: not stablelift opt %s --pipeline=upper | filecheck %s", "expected exit code 1, found 0"),
        ("// RUN: not stablelift opt %s --no-such-option | filecheck %s", "expected exit code 1, found 2"),
        ("// RUN: stablelift opt %s --pipeline=refuse | filecheck %s", "expected exit code 0, found 1"),
    ],
)
def test_the_exit_code_counts(golden, run, found):
    with pytest.raises(GoldenError, match=rf"case\.mlir:1: error: {found}"):
        golden(run, "// CHECK: END")


def test_a_file_without_run_is_refused(golden):
    with pytest.raises(GoldenError) as caught:
        golden("func.func @f()", "// CHECK: FUNC")
    assert str(caught.value) == (
        "case.mlir:1: error: no RUN line\n"
        "  hint: // RUN: [not] stablelift opt %s [options] | filecheck %s [options]"
    )


@pytest.mark.parametrize(
    "command",
    [
        "stablelift opt %s",
        "stablelift opt %s | ",
        "| filecheck %s",
        "not",
        "mlir-opt %s | filecheck %s",
        "stablelift compile %s | filecheck %s",
        "stablelift opt %s | filecheck other.mlir",
        "stablelift opt %s | filecheck %s | cat",
        "stablelift opt 'unclosed | filecheck %s",
    ],
)
def test_another_command_is_refused(golden, command):
    with pytest.raises(GoldenError, match=r"case\.mlir:2: error: not a RUN line"):
        golden("func.func @f()", f"// RUN: {command}", "// CHECK: FUNC")


@pytest.mark.parametrize(
    ("line", "token"),
    [
        ("// CHECK-NXT: FUNC", "CHECK-NXT:"),
        ("// CHECK_NEXT: FUNC", "CHECK_NEXT:"),
        ("// CHECK FUNC", "CHECK"),
        ("// CHECK-NEXT  FUNC", "CHECK-NEXT"),
        ("// CHECK : FUNC", "CHECK"),
        ("// CHECKNEXT: FUNC", "CHECKNEXT:"),
        ("// CHEKC: FUNC", "CHEKC:"),
        ("// OTHER-NEXT: FUNC", "OTHER-NEXT:"),
        ("// Check-next: FUNC", "Check-next:"),
        ("return // CHECK-COUNT: FUNC", "CHECK-COUNT"),
        ("// INCOMPLETE CHECK: FUNC", "CHECK"),
        ("// TODO: FUNC", "TODO:"),
    ],
)
def test_a_directive_that_filecheck_passes_over_is_refused(golden, line, token):
    with pytest.raises(GoldenError) as caught:
        golden(RUN, line, "// CHECK: END")
    assert str(caught.value) == (
        f"case.mlir:2: error: filecheck passes over `{token}`\n"
        "  hint: a directive is PREFIX[-NEXT|-SAME|-DAG|-NOT|-LABEL|-EMPTY|-COUNT-n]: "
        "with a prefix of the RUN lines: CHECK"
    )


@pytest.mark.parametrize(
    "line",
    ["// A check: prose.", "// COM: CHECK FUNC", "// NaN: stays.", "// RE-CHECK of ties", "%check = f"],
)
def test_prose_is_no_directive(golden, line):
    golden(RUN, line, "// CHECK: END")


def test_a_prefix_without_directive_is_refused(golden):
    run = "// RUN: stablelift opt %s | filecheck %s --check-prefixes=CHECK,GPU"
    with pytest.raises(GoldenError, match=r"case\.mlir:1: error: this line names the prefix `GPU`"):
        golden(run, "// CHECK: END")


def test_an_empty_directive_is_refused(golden):
    with pytest.raises(GoldenError, match=r"case\.mlir:2: error: found empty check string"):
        golden(RUN, "// CHECK:")
