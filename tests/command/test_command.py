"""The command as a whole: its help, its exit codes, what it imports, how it ends."""

import os
import signal
import subprocess
import sys
import time

import pytest

from stablelift.command import COMMANDS, TRACEBACK, main
from stablelift.command.transforms import Transforms

pytestmark = pytest.mark.smoke


def python(code, **options):
    """What a fresh interpreter says that runs `code`, `main` being the command."""
    code = f"import sys\nfrom stablelift.command import main\n{code}"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, **options)


def test_the_help_names_the_commands(stablelift):
    result = stablelift("--help")
    assert result.exit_code == 0
    for name in COMMANDS:
        assert f"\n  {name} " in result.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_help(stablelift, name):
    result = stablelift(name, "--help")
    assert result.exit_code == 0 and result.stdout.startswith(f"Usage: stablelift {name} ")


@pytest.mark.parametrize(
    "argv",
    [
        ["no-such-command"],
        ["opt"],
        ["opt", "loss.mlir", "--no-such-option"],
        ["check"],
        ["fmt"],
        ["compile", "a.lift", "--arg", "x=f32[a]"],
        ["run", "loss.mlir", "-o", "results.txt"],
        ["run", "loss.mlir", "--bench", "0"],
    ],
)
def test_a_wrong_command_line_is_exit_code_2(stablelift, argv):
    result = stablelift(*argv)
    assert result.exit_code == 2
    assert result.stderr.startswith("Usage: stablelift")


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["opt", "b.mlir"], "b.mlir: error: cannot be read: no such file or directory\n"),
        (["run", "."], ".: error: cannot be read: is a directory\n"),
        (
            ["opt", "loss.mlir", "-o", "no/b.mlir"],
            "no/b.mlir: error: cannot be written: no such file or directory\n",
        ),
        (
            ["opt", "loss.mlir", "-o", "loss.mlir/b.mlir"],
            "loss.mlir/b.mlir: error: cannot be written: not a directory\n",
        ),
        (
            ["run", "a.lift"],
            "a.lift: error: expected StableHLO, found a .lift file\n"
            "  hint: `stablelift compile a.lift --entry NAME --arg x=TYPE ... -o OUT.mlir` makes one\n",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(stablelift, argv, message):
    result = stablelift(*argv)
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", message)


def test_what_nobody_foresaw_is_one_line(stablelift, monkeypatch):
    def fail(*_):
        raise KeyError("lost")

    monkeypatch.setattr(Transforms, "__call__", fail)
    with pytest.raises(KeyError):
        stablelift("opt", "loss.mlir", "--vjp")
    monkeypatch.delenv(TRACEBACK)
    result = stablelift("opt", "loss.mlir", "--vjp")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        "error: KeyError: 'lost'\n"
        f"  hint: this is a mistake of Stablelift: please report it, with what {TRACEBACK}=1 shows\n"
    )


@pytest.mark.parametrize(
    "argv", [["--help"], ["opt", "--help"], ["compile", "--help"], ["check", "a.lift"], ["fmt", "a.lift"]]
)
def test_what_needs_no_jax_imports_none(tmp_path, argv):
    (tmp_path / "a.lift").write_text("fn f(x: f32[n]) -> f32[n]\n  return relu(x)\n")
    code = f"""
try: main({argv!r})
finally: print(sorted({{'jax', 'jaxlib', 'numpy', 'rich'}} & set(sys.modules)))
"""
    done = python(code, cwd=tmp_path, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    assert done.stdout.endswith("[]\n"), done


ENDS = {
    "check a.lift --json | true; exit ${PIPESTATUS[0]}": (0, ""),
    "--help > /dev/full": (1, "error: no space left on device\n"),
    "check --json a.lift > /dev/full": (1, "error: no space left on device\n"),
    "check --json a.lift >&-": (0, ""),
    "check <&- --json no.lift": (1, ""),
}


@pytest.mark.parametrize("line", ENDS)
def test_streams_that_end_are_no_traceback(tmp_path, line):
    (tmp_path / "a.lift").write_text("fn f(x: f32[n]) -> f32[n]\n  return relu(x)\n")
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = ["bash", "-c", f"{sys.executable} -m stablelift {line}"]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60)
    code, said = ENDS[line]
    # A pipe may close before or after what was written to it.
    assert done.returncode == code or "PIPESTATUS" in line
    assert done.stderr == said


@pytest.mark.parametrize("argv", [["opt", "-"], ["run", "-"]])
def test_an_interrupt_ends_the_command_and_its_child_at_once(argv):
    """Ctrl-C while the command waits for its input: what the terminal sends to the whole group."""
    code = f"from stablelift.command import main\nprint('ready', flush=True)\nmain({argv})"
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    child = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=env,
        start_new_session=True,
    )
    assert child.stdout is not None and child.stdout.readline() == b"ready\n"
    time.sleep(0.3)
    os.killpg(child.pid, signal.SIGINT)
    _, said = child.communicate(timeout=60)
    assert (child.returncode, said) == (-signal.SIGINT, b"")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["o"], "opt"),
        (["opt", "--re"], "--remat"),
        (["opt", "--remat", "min"], "min_cut"),
        (["opt", "--pipeline", "cse,lift-ba"], "cse,lift-batching"),
        (["compile", "a.lift", "--entry", "M"], "MLP"),
    ],
)
def test_completion(tmp_path, monkeypatch, words, expected):
    from click.shell_completion import ShellComplete

    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.lift").write_text("module MLP\n  call(x: f32[n]) -> f32[n]\n    return x\n")
    *before, last = words
    found = ShellComplete(main, {}, "stablelift", "_STABLELIFT_COMPLETE").get_completions(before, last)
    assert [item.value for item in found] == [expected]
