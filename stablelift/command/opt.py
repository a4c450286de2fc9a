"""`stablelift opt`: passes on a StableHLO file."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import click

from stablelift.command.reading import read_module, shown
from stablelift.command.refusal import Refusal
from stablelift.command.writing import write_text


@click.command("opt")
@click.argument("file")
@click.option("--pipeline", metavar="PASSES", help="The passes, as in 'lift-derivatives,cse'.")
@click.option("--vjp", is_flag=True, help="Differentiate the entry point: cotangents in, gradients out.")
@click.option("--remat", metavar="POLICY", help="What its reverse keeps, as in 'dots_saveable' or 'min_cut'.")
@click.option("-o", "--output", metavar="OUT", default="-", help="Where the result goes ('-': stdout).")
@click.option("--print-ir-after-all", is_flag=True, help="Print the module after each pass (stderr).")
@click.option("--timing", is_flag=True, help="Print the time each pass took (stderr).")
@click.option("--verify", is_flag=True, help="Check every lift op before the first and after the last pass.")
def command(
    file: str,
    pipeline: str | None,
    vjp: bool,
    remat: str | None,
    output: str,
    print_ir_after_all: bool,
    timing: bool,
    verify: bool,
) -> None:
    """Run passes on the StableHLO module in FILE, text or bytecode, and print the result.

    FILE may be '-' for standard input. Without --pipeline every lift op is compiled away; an empty one only
    parses, verifies and prints the module. Without --vjp, --remat says what reverse sweeps keep of loops and
    of repeated layers.
    """
    module = read_module(file)
    if verify and pipeline is not None:
        pipeline = ",".join(filter(None, ["lift-verify", pipeline, "lift-verify"]))
    with tempfile.TemporaryDirectory() as folder:
        try:
            dump = folder if print_ir_after_all else None
            text, times = run_passes(module, pipeline, shown(file), dump, vjp=vjp, remat=remat)
        finally:
            print_dumps(Path(folder))
    if timing:
        for name, seconds in [*times, ("total", sum(seconds for _, seconds in times))]:
            click.echo(f"{seconds:10.4f} s  {name}", err=True)
    write_text(output, text)


def run_passes(
    module: str | bytes, pipeline: str | None, name: str, dump: str | None, **options: Any
) -> tuple[str, list[tuple[str, float]]]:
    """The module's text after `pipeline` and the seconds in each pass; a compiler error becomes a Refusal.

    `options` are the further ones of `run_text`.
    """
    from stablelift.errors import StableliftError
    from stablelift.ir.policy import PolicyError
    from stablelift.passes.pipeline import run_text

    try:
        text, timing = run_text(module, pipeline, filename=name, dump=dump, **options)
    except (StableliftError, PolicyError) as error:
        raise Refusal(str(error)) from error
    return text, timing.seconds


def print_dumps(folder: Path) -> None:
    """Print the modules that a run left in `folder`, in the order of its passes, on standard error."""
    for file in sorted(folder.iterdir()):
        click.echo(f"// -----// after {file.stem} //----- //\n{file.read_text(encoding='utf-8')}", err=True)
