"""`Refusal`: a user's mistake, as a message without a traceback."""

from __future__ import annotations

from typing import IO, Any

import click


class Refusal(click.ClickException):
    """Input that is refused: the message as it stands on standard error, and exit code 1."""

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(self.format_message(), file=file, err=file is None)


def reason(error: OSError) -> str:
    """What the operating system said, as the end of a sentence."""
    return (error.strerror or str(error)).lower()
