"""What a command writes: to standard output, or a file that is there whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import click

from stablelift.command.refusal import Refusal, reason


def write_text(output: str, text: str) -> None:
    """Write `text` to the file `output` or, for '-', to standard output.

    Raises: Refusal if the file cannot be written.
    """
    if output == "-":
        click.echo(text, nl=not text.endswith("\n"))
        return
    try:
        Path(output).write_text(text, encoding="utf-8")
    except OSError as error:
        raise Refusal(f"{output}: error: cannot be written: {reason(error)}") from error


def replace_text(file: str, text: str) -> None:
    """Write `text` beside the file, and put it in its place when it is whole.

    Raises: Refusal if that cannot be.
    """
    target = Path(file).resolve()
    written: Path | None = None
    try:
        with tempfile.NamedTemporaryFile("wb", dir=target.parent, prefix=".fmt-", delete=False) as stream:
            written = Path(stream.name)
            stream.write(text.encode())
        written.chmod(target.stat().st_mode)
        os.replace(written, target)
    except OSError as error:
        if written is not None:
            written.unlink(missing_ok=True)
        raise Refusal(f"{file}: error: cannot be written: {reason(error)}") from error
