"""`stablelift check`: the errors in `.lift` files."""

from __future__ import annotations

import json
import sys

import click

from stablelift.command.reading import FILE, shown, text_in


@click.command("check")
@click.argument("files", nargs=-1, required=True, type=FILE)
@click.option("--json", "as_json", is_flag=True, help="Print the errors as JSON, an object for each.")
def command(files: tuple[str, ...], as_json: bool) -> None:
    """Check .lift FILES: syntax, names, shapes. All errors are printed; nothing runs.

    '-' is standard input.
    """
    from stablelift.frontend.language.diagnostics import LiftSourceError
    from stablelift.frontend.language.load import read, read_from_text

    found = []
    for file in files:
        try:
            if file == "-":
                read_from_text(text_in(file), shown(file))
            else:
                read(file)
        except LiftSourceError as error:
            # A file that several others import is shown once.
            found += [diagnostic for diagnostic in error.diagnostics if diagnostic not in found]
    if as_json:
        click.echo(json.dumps([diagnostic.as_json() for diagnostic in found], indent=2))
    else:
        for diagnostic in found:
            click.echo(str(diagnostic), err=True)
    if found:
        sys.exit(1)
