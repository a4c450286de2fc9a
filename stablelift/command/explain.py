"""`stablelift explain`: what the passes do to a program, as tables, as JSON, or as a page."""

from __future__ import annotations

import json
from typing import Any

import click

from stablelift.command.reading import read_bytes, shown
from stablelift.command.refusal import Refusal


@click.command("explain")
@click.argument("file")
@click.option("--vjp", is_flag=True, help="Differentiate the entry point: cotangents in, gradients out.")
@click.option("--remat", metavar="POLICY", help="What its reverse keeps, as in 'dots_saveable' or 'min_cut'.")
@click.option("--json", "as_json", is_flag=True, help="Print the account as JSON.")
@click.option("--html", metavar="OUT", help="Write the account as one page that needs no network.")
def command(file: str, vjp: bool, remat: str | None, as_json: bool, html: str | None) -> None:
    """Say what the passes do to the StableHLO program in FILE, and what comes of it.

    What each pass changed and decided, what reverse sweeps keep, loops, memory over time, FLOPs, rules of
    JAX's own. The page shows the module after each pass beside the one before. FILE may be '-' for standard
    input; --vjp and --remat are those of `stablelift opt`.
    """
    account = account_of(read_bytes(file), shown(file), vjp, remat, html)
    if as_json:
        from stablelift.runtime.account.plain import plain

        click.echo(json.dumps(plain(account), indent=2))
    elif html is None:
        import rich

        from stablelift.runtime.account.tables import tables

        rich.print(tables(account))
    else:
        click.echo(f"wrote {html}", err=True)


def account_of(data: bytes, name: str, vjp: bool, remat: str | None, html: str | None) -> Any:
    """The account of a program in a file, written as a page where one is wanted.

    Raises: Refusal for what the compiler refuses.
    """
    from stablelift.errors import StableliftError
    from stablelift.ir.policy import PolicyError, parse
    from stablelift.passes.gradient import Gradient
    from stablelift.runtime import account
    from stablelift.runtime.files import load_bytes
    from stablelift.runtime.page import write

    try:
        policy = None if remat is None else parse(remat)
        passes = {"first": (Gradient(policy),)} if vjp else {"remat": policy}
        found = account.account_of(load_bytes(data, name), passes)
        if html is not None:
            write(found, html)
    except (StableliftError, PolicyError) as error:
        raise Refusal(str(error)) from error
    return found
