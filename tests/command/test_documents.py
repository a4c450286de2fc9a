"""What the page and the help show can be typed."""

import shlex
import shutil
from pathlib import Path

import click
import pytest

from stablelift.command import COMMANDS, main

ROOT = Path(__file__).parents[2]


def test_the_first_example_of_the_page_runs(stablelift, tmp_path):
    shutil.copy(ROOT / "examples" / "digits.lift", tmp_path)
    block = (ROOT / "docs" / "command.md").read_text().split("```sh\n")[1].split("```")[0]
    for line in block.splitlines():
        name, *argv = shlex.split(line)
        assert name == "stablelift"
        result = stablelift(*argv)
        assert result.exit_code == 0, result.output
    assert "lift." not in (tmp_path / "vjp.mlir").read_text().split("\n", 1)[1]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_examples_of_the_help_are_understood(name):
    command = main.get_command(click.Context(main), name)
    lines = [line for line in getattr(command, "examples", ()) if not line.startswith("#")]
    for line in lines:
        for words in map(shlex.split, line.split("|")):
            assert words[0] == "stablelift"
            other = main.get_command(click.Context(main), words[1])
            other.make_context(words[1], words[2:])
