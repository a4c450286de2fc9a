"""The `stablelift` command: the compiler's passes, and the checker and formatter of `.lift` files.

Each command stands in the file of its name as `command`; it imports jax when it runs and not before, so that
`stablelift --help` answers at once. Exit codes: 0 done, 1 the input was refused, 2 the command line was.
"""

from __future__ import annotations

from importlib import import_module

import click

from stablelift import __version__

COMMANDS = ("check", "fmt", "opt", "explain")
"""The commands, in the order of the help."""


class Commands(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        return import_module(f"{__name__}.{cmd_name}").command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """Lifted transformations as compiler passes over StableHLO."""
