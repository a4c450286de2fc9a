"""The `stablelift` command: programs compiled, transformed, run and explained from a shell.

Each command stands in the file of its name as `command`; it imports jax when it runs and not before, so that
`stablelift --help` answers at once. Exit codes: 0 done, 1 the input was refused, 2 the command line was.
"""

from __future__ import annotations

import os
import signal
import sys
from importlib import import_module
from typing import Any

import click

from stablelift import __version__
from stablelift.command.help import Context
from stablelift.command.refusal import Refusal, reason

COMMANDS = ("compile", "opt", "run", "explain", "check", "fmt")
"""The commands, in the order of the help."""

TRACEBACK = "STABLELIFT_TRACEBACK"
"""The environment variable that has errors of our own shown in full."""


class Commands(click.Group):
    """A group whose commands are imported when they are asked for."""

    context_class = Context

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run as a process. Ctrl-C ends it at once: an exception is no way out of MLIR and XLA."""
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
            if getattr(sys, name) is None:  # it was closed
                setattr(sys, name, open(os.devnull, mode))
        try:
            return self.main(*args, **kwargs)
        except OSError as error:  # of standard output; files have been spoken about
            click.echo(f"error: {reason(error)}", err=True)
            os._exit(1)  # Python would try to write what is left

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        return import_module(f"{__name__}.{cmd_name}").command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what it has not foreseen is an error of one line all the same."""
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")  # XLA's greetings
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort, OSError):
            raise
        except RecursionError:
            raise Refusal("error: the program is nested too deeply") from None
        except Exception as error:
            if os.environ.get(TRACEBACK):
                raise
            said = f"{type(error).__name__}: {error}"
            hint = f"this is a mistake of Stablelift: please report it, with what {TRACEBACK}=1 shows"
            raise Refusal(f"error: {said}\n  hint: {hint}") from error


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog='Tab completion: add `eval "$(_STABLELIFT_COMPLETE=bash_source stablelift)"` to ~/.bashrc '
    "(zsh and fish: docs/command.md).",
)
@click.version_option(__version__)
def main() -> None:
    """Lifted transformations as compiler passes over StableHLO.

    Exit codes: 0 done, 1 the input was refused, 2 the command line was.
    """
