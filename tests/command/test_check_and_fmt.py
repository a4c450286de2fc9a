"""`stablelift check` and `stablelift fmt`."""

import json

import pytest

pytestmark = pytest.mark.smoke

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
    assert not list(tmp_path.glob(".*"))
    assert stablelift("fmt", "--check", "a.lift").exit_code == 0


def test_fmt_leaves_a_file_with_errors(stablelift, tmp_path):
    (tmp_path / "a.lift").write_text("fn  f(x\n")
    result = stablelift("fmt", "a.lift")
    assert result.exit_code == 1 and result.stderr.startswith("a.lift:1:8: error: expected")
    assert (tmp_path / "a.lift").read_text() == "fn  f(x\n"


def test_standard_input(stablelift):
    assert stablelift("check", "-", stdin=GOOD).output == ""
    result = stablelift("check", "-", stdin=WRONG)
    assert result.exit_code == 1 and result.stderr.startswith("<stdin>:2:7: error: unknown function `rleu`\n")
    result = stablelift("fmt", "-", stdin="fn f( x )\n      return x # same\n")
    assert (result.exit_code, result.stdout) == (0, "fn f(x)\n  return x  # same\n")
    assert stablelift("fmt", "-", stdin=GOOD).stdout == GOOD
    result = stablelift("fmt", "--check", "-", stdin="fn f( x )\n  return x\n")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("<stdin>: error: not in the canonical layout\n")
    result = stablelift("check", "-", stdin=b"\xff")
    assert result.stderr.startswith("<stdin>:1:1: error: expected UTF-8 text")
