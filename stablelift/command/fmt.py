"""`stablelift fmt`: `.lift` files in the canonical layout."""

from __future__ import annotations

import sys

import click

from stablelift.command.reading import FILE, shown, text_in
from stablelift.command.writing import write


@click.command("fmt")
@click.argument("files", nargs=-1, required=True, type=FILE)
@click.option("--check", "only_check", is_flag=True, help="Write nothing; 1 if a file would change.")
def command(files: tuple[str, ...], only_check: bool) -> None:
    """Write .lift FILES in the canonical layout. Comments are kept, and the meaning is.

    '-' is standard input, and what comes of it is printed.
    """
    from stablelift.frontend.language.diagnostics import LiftSourceError
    from stablelift.frontend.language.format import format_text

    failed = False
    for file in files:
        try:
            text = text_in(file)
            formatted = format_text(text, shown(file))
        except LiftSourceError as error:
            click.echo(str(error), err=True)
            failed = True
            continue
        if formatted == text and (only_check or file != "-"):
            continue
        if only_check:
            hint = f"`stablelift fmt {file}`"
            click.echo(f"{shown(file)}: error: not in the canonical layout\n  hint: {hint}", err=True)
            failed = True
        else:
            write(file, formatted.encode())
    if failed:
        sys.exit(1)
