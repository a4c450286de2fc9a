"""`stablelift explain`: what the passes do to a program, as tables, as JSON, or as a page."""

from __future__ import annotations

import json
import sys

import click

from stablelift.command.help import Command, option
from stablelift.command.reading import FILE, Opening, opening, shown
from stablelift.command.refusal import refusing
from stablelift.command.transforms import Transforms, transforming
from stablelift.command.writing import refuse_unwritable, write

WIDTH = 140
"""The columns of a table that is written to no terminal."""

EXAMPLES = """
# what becomes of a model and its gradient, and of their memory
stablelift explain model.mlir --vjp
# the same as a page, with the module after each pass
stablelift explain model.mlir --vjp --remat=min_cut --html out.html
# what a reverse sweep keeps, for a program to read
stablelift explain loss.stablehlo --grad 0 --json
"""


@click.command("explain", cls=Command, examples=EXAMPLES)
@click.argument("file", type=FILE)
@option("--json", "as_json", is_flag=True, help="Print the account as JSON.")
@option("--html", metavar="OUT.html", type=click.Path(), help="Write the account as one page.")
@option("--xla", is_flag=True, help="Compile it too, and say what XLA accounts for.")
@transforming
@opening
def command(
    file: str, as_json: bool, html: str | None, xla: bool, transforms: Transforms, opening: Opening
) -> None:  # fmt: skip
    """Say what the passes do to the program in FILE, and what comes of it.

    What each pass changed and decided, what reverse sweeps keep and recompute, loops, memory over time,
    FLOPs, rules of JAX's own. The page needs no network; it shows the module after each pass beside the one
    before, memory over time, and the graph of functions. docs/reading-explain.md says how to read it.
    """
    if html is not None:
        refuse_unwritable(html)
    program = transforms(opening.program(file), shown(file))
    from stablelift.runtime.account import account_of

    with refusing(to=shown(file)):
        account = account_of(program, {"remat": transforms.remaining}, xla=xla)
    if html is not None:
        from stablelift.runtime.page import page

        write(html, page(account).encode())
    if as_json:
        from stablelift.runtime.account.plain import plain

        click.echo(json.dumps(plain(account), indent=2))
    elif html is None:
        from rich.console import Console

        from stablelift.runtime.account.tables import tables

        Console(width=None if sys.stdout.isatty() else WIDTH).print(tables(account))
