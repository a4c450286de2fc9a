"""`Refusal`: a user's mistake, as a message without a traceback."""

from __future__ import annotations

import contextlib
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
        said = str(error)
        raise Refusal(f"{to}: {said}" if to and said.startswith("error: ") else said) from error
    except others as error:
        said = str(error).removeprefix(f"{of.removeprefix('--')}: ")
        raise Refusal(f"{to}: error: {of and f'{of}: '}{said}") from error


def reason(error: OSError) -> str:
    """What the operating system said, as the end of a sentence."""
    return (error.strerror or str(error)).lower()
