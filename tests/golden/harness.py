"""Golden files: one `.mlir` file holds a module, the commands that transform it and what they must print.

    // RUN: stablelift opt %s --pipeline='lift-derivatives,cse' | filecheck %s
    // RUN: not stablelift opt %s --verify | filecheck %s --check-prefix=BAD

A file may have several RUN lines; a trailing backslash continues one. `%s` is the file's name, and the
command runs in the file's folder, so that an error reads `name.mlir:3:8: error: ...` wherever the tree lies.
After `not` the command must refuse its input (exit code 1), and filecheck reads its standard error.

A directive that filecheck would pass over in silence is refused: a colon left out, a misspelt suffix, a
prefix that no RUN line names, a line that filecheck takes for a comment.
"""

import contextlib
import io
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner
from filecheck.error import ParseError
from filecheck.finput import FInput
from filecheck.matcher import Matcher
from filecheck.options import Options, parse_argv_options
from filecheck.parser import Parser, pattern_for_opts

from stablelift.command import main

RUN_LINE = re.compile(r"^\s*//\s*RUN:(.*)$")
SHOUTED_WORD = re.compile(r"^\s*//\s*([A-Z][A-Z0-9_-]+:)")
RUN_FORM = "// RUN: [not] stablelift opt %s [options] | filecheck %s [options]"
DIRECTIVE_FORM = "PREFIX[-NEXT|-SAME|-DAG|-NOT|-LABEL|-EMPTY|-COUNT-n]:"


class GoldenError(Exception):
    """A golden file that cannot be trusted, or that does not hold; the message begins with file:line."""


@dataclass(frozen=True)
class Run:
    """One RUN line: the arguments of `stablelift`, whether it must fail, and filecheck's options."""

    line: int
    argv: tuple[str, ...]
    must_fail: bool
    options: Options


def check(path: Path) -> None:
    """Run every RUN line of the golden file `path` and match what it prints.

    The current folder must be the file's. Raises: GoldenError, with filecheck's account of a mismatch.
    """
    name, text = path.name, path.read_text(encoding="utf-8")
    runs = parse_runs(name, text)
    refuse_silent_directives(name, text, runs)
    for run in runs:
        match(name, text, run, execute(name, run))


def parse_runs(name: str, text: str) -> list[Run]:
    """The RUN lines of a golden file. Raises: GoldenError if there are none, or one has another form."""
    runs = [parse_run(name, line, command) for line, command in commands(text)]
    if not runs:
        raise GoldenError(f"{name}:1: error: no RUN line\n  hint: {RUN_FORM}")
    return runs


def commands(text: str) -> Iterator[tuple[int, str]]:
    """The line number and the command of each RUN line, continued lines joined."""
    first, command = 0, ""
    for number, line in enumerate(text.splitlines(), start=1):
        if found := RUN_LINE.match(line):
            part = found.group(1).strip()
            first = first or number
            command = " ".join([command, part.removesuffix("\\")]).strip()
            if not part.endswith("\\"):
                yield first, command
                first, command = 0, ""
    if first:
        yield first, command


def parse_run(name: str, line: int, command: str) -> Run:
    """One RUN line taken apart. Raises: GoldenError if its form is not `RUN_FORM`."""
    try:
        lexer = shlex.shlex(command, posix=True, punctuation_chars="|")
        lexer.whitespace_split = True
        words = [word.replace("%s", name) for word in lexer]
        bar = words.index("|")
        left, right = words[:bar], words[bar + 1 :]
        must_fail = left[0] == "not"
        tool, *argv = left[must_fail:]
        options = parse_argv_options(list(right))
        well_formed = [tool, argv[0], right[0]] == ["stablelift", "opt", "filecheck"]
        well_formed &= options.match_filename == name
    except (ValueError, IndexError, RuntimeError):
        well_formed = False
    if not well_formed:
        raise GoldenError(f"{name}:{line}: error: not a RUN line: `{command}`\n  hint: {RUN_FORM}")
    return Run(line, tuple(argv), must_fail, options)


def refuse_silent_directives(name: str, text: str, runs: list[Run]) -> None:
    """Raise GoldenError for every directive that filecheck would not read, and every prefix without any."""
    read: dict[str, set[int]] = {prefix: set() for run in runs for prefix in run.options.check_prefixes}
    for run in runs:
        try:
            for directive in directives(run, text):
                read[directive.prefix].add(directive.source_line)
        except ParseError as error:
            raise GoldenError(f"{name}:{error.line_no}: error: {error.message}") from error
    problems = [
        f"{name}:{run.line}: error: this line names the prefix `{prefix}`, which has no directive"
        for run in runs
        for prefix in run.options.check_prefixes
        if not read[prefix]
    ]
    lines_read = set().union(*read.values())
    for number, line in enumerate(text.splitlines(), start=1):
        if number not in lines_read and not RUN_LINE.match(line) and (token := directive_like(line, read)):
            problems.append(f"{name}:{number}: error: filecheck passes over `{token}`")
    if problems:
        hint = f"  hint: a directive is {DIRECTIVE_FORM} with a prefix of the RUN lines: {', '.join(read)}"
        raise GoldenError("\n".join([*problems, hint]))


def directives(run: Run, text: str) -> Parser:
    """filecheck's own reading of the directives in `text`, under the options of `run`."""
    return Parser(run.options, io.StringIO(text), *pattern_for_opts(run.options))


def directive_like(line: str, prefixes: dict[str, set[int]]) -> str | None:
    """The part of `line` that its writer may have meant as a directive."""
    if found := SHOUTED_WORD.match(line):
        return None if found.group(1) == "COM:" else found.group(1)
    for prefix in map(re.escape, prefixes):
        bare = re.search(rf"(?<![\w-])({prefix}[\w-]*)", line)
        lower = re.search(rf"//\s*({prefix}[\w-]*\s*:)", line, re.IGNORECASE)
        if found := bare or lower:
            return found.group(1)
    return None


def execute(name: str, run: Run) -> str:
    """What the command of `run` prints. Raises: GoldenError if its exit code is not the one expected."""
    result = CliRunner().invoke(main, run.argv, prog_name="stablelift", catch_exceptions=False)
    code, expected = result.exit_code, int(run.must_fail)
    if code != expected:
        said = f"expected exit code {expected}, found {code}"
        raise GoldenError(f"{name}:{run.line}: error: {said}\n{result.output}")
    return result.stderr if run.must_fail else result.stdout


def match(name: str, text: str, run: Run, printed: str) -> None:
    """Match `printed` against the directives in `text`. Raises: GoldenError with filecheck's account."""
    account = io.StringIO()
    with contextlib.redirect_stderr(account), contextlib.redirect_stdout(account):
        failed = Matcher(run.options, FInput("<printed>", printed), directives(run, text)).run()
    if failed:
        raise GoldenError(
            f"{name}:{run.line}: error: the output does not match\n{account.getvalue()}\n"
            f"The whole output was:\n{printed}"
        )
