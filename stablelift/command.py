"""The `stablelift` command: the compiler's passes, and the checker and formatter of `.lift` files.

A command imports jax when it runs and not before, so that `stablelift --help` answers at once.
Exit codes: 0 done, 1 the input was refused, 2 the command line was.
"""

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import IO, Any

import click

from stablelift import __version__

BYTECODE_MAGIC = b"ML\xefR"


class Refusal(click.ClickException):
    """Input that is refused: the message as it stands on standard error, and exit code 1."""

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(self.format_message(), file=file, err=file is None)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """Lifted transformations as compiler passes over StableHLO."""


@main.command()
@click.argument("file")
@click.option("--pipeline", metavar="PASSES", help="The passes, as in 'lift-derivatives,cse'.")
@click.option("--vjp", is_flag=True, help="Differentiate the entry point: cotangents in, gradients out.")
@click.option("--remat", metavar="POLICY", help="What its reverse keeps, as in 'dots_saveable' or 'min_cut'.")
@click.option("-o", "--output", metavar="OUT", default="-", help="Where the result goes ('-': stdout).")
@click.option("--print-ir-after-all", is_flag=True, help="Print the module after each pass (stderr).")
@click.option("--timing", is_flag=True, help="Print the time each pass took (stderr).")
@click.option("--verify", is_flag=True, help="Check every lift op before the first and after the last pass.")
def opt(
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
    name = "<stdin>" if file == "-" else file
    with tempfile.TemporaryDirectory() as folder:
        try:
            dump = folder if print_ir_after_all else None
            text, times = run_passes(module, pipeline, name, dump, vjp=vjp, remat=remat)
        finally:
            print_dumps(Path(folder))
    if timing:
        for name, seconds in [*times, ("total", sum(seconds for _, seconds in times))]:
            click.echo(f"{seconds:10.4f} s  {name}", err=True)
    write_text(output, text)


@main.command()
@click.argument("files", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print the errors as JSON, an object for each.")
def check(files: tuple[str, ...], as_json: bool) -> None:
    """Check .lift FILES: syntax, names, shapes. All errors are printed; nothing runs."""
    from stablelift.frontend.language.diagnostics import LiftSourceError
    from stablelift.frontend.language.load import read

    found = []
    for file in files:
        try:
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


@main.command()
@click.argument("files", nargs=-1, required=True)
@click.option("--check", "only_check", is_flag=True, help="Write nothing; 1 if a file would change.")
def fmt(files: tuple[str, ...], only_check: bool) -> None:
    """Write .lift FILES in the canonical layout. Comments are kept, and the meaning is."""
    from stablelift.frontend.language.diagnostics import LiftSourceError
    from stablelift.frontend.language.format import format_text
    from stablelift.frontend.language.load import read_text

    failed = False
    for file in files:
        try:
            text = read_text(file)
            formatted = format_text(text, file)
        except LiftSourceError as error:
            click.echo(str(error), err=True)
            failed = True
            continue
        if formatted == text:
            continue
        if only_check:
            hint = f"`stablelift fmt {file}`"
            click.echo(f"{file}: error: not in the canonical layout\n  hint: {hint}", err=True)
            failed = True
        else:
            replace_text(file, formatted)
    if failed:
        sys.exit(1)


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


def read_module(file: str) -> str | bytes:
    """The module in `file`: bytes when it is bytecode, else text.

    Raises: Refusal if the file cannot be read, or is neither bytecode nor UTF-8.
    """
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise Refusal(f"{file}: error: cannot be read: {reason(error)}") from error
    if data.startswith(BYTECODE_MAGIC):
        return data
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refusal(
            f"{file}: error: expected MLIR text in UTF-8 or MLIR bytecode, "
            f"found byte 0x{data[error.start]:02x} at offset {error.start}\n"
            "  hint: bytecode begins with the bytes 4d 4c ef 52; was the file cut or compressed?"
        ) from error


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


def reason(error: OSError) -> str:
    """What the operating system said, as the end of a sentence."""
    return (error.strerror or str(error)).lower()


def print_dumps(folder: Path) -> None:
    """Print the modules that a run left in `folder`, in the order of its passes, on standard error."""
    for file in sorted(folder.iterdir()):
        click.echo(f"// -----// after {file.stem} //----- //\n{file.read_text(encoding='utf-8')}", err=True)
