"""What a command writes: to standard output, or a file that is there whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stablelift.command.help import option
from stablelift.command.refusal import Refusal, reason
from stablelift.ir.whole import write_whole

if TYPE_CHECKING:
    from stablelift.ir.mlir import ir
    from stablelift.runtime.program import Program

output_option = option(
    "-o",
    "--output",
    metavar="OUT",
    default="-",
    type=click.Path(allow_dash=True),
    help="Where the result goes: OUT.mlir is text, OUT.bc bytecode, OUT.stablehlo a portable artefact "
    "(default: text on standard output).",
)


def finishing(
    output: str, name: str, allowed: Sequence[str], program: Program | None
) -> Callable[[ir.Module], bytes]:
    """How a module becomes the bytes of `output`: text, bytecode or an artefact, as its suffix says.

    What nobody here knows is listed on standard error, under the file's `name`; the trees of `program`, if
    there is one, are noted on the module.
    """

    def finish(module: ir.Module) -> bytes:
        from stablelift.ir.callback import CALLBACKS
        from stablelift.ir.mlir import to_bytecode, to_portable_artifact, to_text, walk_by_name
        from stablelift.runtime.files import note_trees
        from stablelift.runtime.guard import listing, refuse_callbacks, unknown_ops, untrusted_calls

        if program is not None:
            note_trees(module, program)
        suffix = Path(output).suffix
        ops = walk_by_name(module)
        unknown = unknown_ops(ops)
        if unknown and suffix == ".stablehlo":
            hint = "lift ops are compiled away without --pipeline; write OUT.mlir or OUT.bc to keep others"
            what = f"{output}: error: a portable artefact holds StableHLO and nothing else"
            raise Refusal(f"{what}\n{listing(unknown)}\n  hint: {hint}")
        strange = [one for one in unknown if not one.startswith("`lift.")]
        custom_calls = ops.get("stablehlo.custom_call", ())
        if suffix == ".stablehlo":
            refuse_callbacks(custom_calls, output)
        calls = untrusted_calls(custom_calls, (*allowed, *CALLBACKS))
        strange += [f"custom_call `{target}`{place}" for target, place in calls]
        if strange:
            what = "warning: what Stablelift does not know is left as it is"
            click.echo(f"{name}: {what}\n{listing(strange)}", err=True)
        if suffix == ".stablehlo":
            return to_portable_artifact(module)
        return to_bytecode(module) if suffix == ".bc" else to_text(module).encode()

    return finish


def arrays_as(output: str, arrays: Mapping[str, Any]) -> bytes:
    """Arrays as the bytes of a `.npz` file, or one as those of a `.npy` file."""
    import numpy as np

    stream = io.BytesIO()
    if output.endswith(".npy"):
        np.save(stream, *arrays.values())
    else:
        np.savez(stream, **arrays)
    return stream.getvalue()


def refuse_unwritable(output: str) -> None:
    """Raise Refusal, before any work is done, if `output` lies in no folder that can be written to."""
    target = Path(output)
    problem = None
    if output != "-" and not (target.exists() and not target.is_dir() and os.access(target, os.W_OK)):
        if target.is_dir():
            problem = errno.EISDIR
        elif not target.parent.exists():
            problem = errno.ENOENT
        elif not target.parent.is_dir():
            problem = errno.ENOTDIR
        elif not os.access(target.parent, os.W_OK):
            problem = errno.EACCES
    if problem is not None:
        raise Refusal(f"{output}: error: cannot be written: {os.strerror(problem).lower()}")


def write(output: str, data: bytes) -> None:
    """Write `data` to the file `output` or, for '-', to standard output.

    A file is written beside its place and put there when it is whole; what is no file, such as a pipe or
    `/dev/null`, is written to. Raises: Refusal if that cannot be.
    """
    if output == "-":
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    target = Path(output)
    try:
        if target.exists() and not target.is_file():
            target.write_bytes(data)
        else:
            with _uninterrupted():
                write_whole(target.resolve(), data)
    except OSError as error:
        raise Refusal(f"{output}: error: cannot be written: {reason(error)}") from error


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Leave Ctrl-C, which ends the process at once, unheard until no file is half written."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
