"""`Refusal`: a user's mistake, as a message without a traceback."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import IO, Any

import click

from stablelift.errors import StableliftError


class Refusal(click.ClickException):
    """Input that is refused: the message as it stands on standard error, and exit code 1."""

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(self.format_message(), file=file, err=file is None)


@contextlib.contextmanager
def refusing(*others: type[Exception], to: str = "", of: str = "") -> Iterator[None]:
    """Make Refusals of our own errors, and of `others`; they are about the file `to`, and the option `of`."""
    try:
        yield
    except StableliftError as error:
        said = _in_options(str(error))
        raise Refusal(f"{to}: {said}" if to and said.startswith("error: ") else said) from error
    except others as error:
        said = str(error).removeprefix(f"{of.removeprefix('--')}: ")
        raise Refusal(f"{to}: error: {of and f'{of}: '}{said}") from error


_IN_OPTIONS = {
    r"shapes=\[\(2, 3\), \.\.\.\]": "--shapes 2x3:...",
    r"give `platform`": "give --platform",
    r"load it with allow_custom_calls=\[.*\]": "give --allow-custom-call for each",
}


def _in_options(message: str) -> str:
    """A message of `Program.load` that says what to do, in the words of the command line."""
    for python, option in _IN_OPTIONS.items():
        message = re.sub(python, option, message)
    return message


def reason(error: OSError) -> str:
    """What the operating system said, as the end of a sentence."""
    return (error.strerror or str(error)).lower()
