"""Programs that a command reads, from a file or standard input, through a child process."""

from __future__ import annotations

import atexit
import contextlib
import functools
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stablelift.command.help import option
from stablelift.command.refusal import Refusal, reason, refusing

if TYPE_CHECKING:
    from stablelift.ir.isolate import Reader
    from stablelift.runtime.program import Program

FILE = click.Path(allow_dash=True)
"""The type of an argument that names a file, `-` for standard input: shells complete it."""


@functools.cache
def reader() -> Reader:
    """The child in which files are opened, already starting: it gets ready while jax is imported."""
    from stablelift.ir.isolate import Reader

    child = Reader()
    child.start()
    atexit.register(child.close)
    return child


def shown(file: str) -> str:
    """What a file is called in messages."""
    return "<stdin>" if file == "-" else file


def read_bytes(file: str) -> bytes:
    """What stands in `file`. Raises: Refusal if it cannot be read, or is a source and no program."""
    if file.endswith(".lift"):
        hint = f"`stablelift compile {file} --entry NAME --arg x=TYPE ... -o OUT.mlir` makes one"
        raise Refusal(f"{file}: error: expected StableHLO, found a .lift file\n  hint: {hint}")
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except (OSError, ValueError) as error:
        why = reason(error) if isinstance(error, OSError) else str(error)
        raise Refusal(f"{shown(file)}: error: cannot be read: {why}") from error


@dataclass(frozen=True)
class Opening:
    """How a command opens programs: what its options say."""

    allow_custom_calls: tuple[str, ...] = ()

    def module(self, file: str) -> bytes:
        """The module in `file` as bytecode, whatever its functions take. Raises: Refusal if there is none."""
        data = read_bytes(file)
        child = reader()
        from stablelift.runtime.files import is_export, load_bytes

        with refusing():
            if is_export(data):
                return load_bytes(data, shown(file), ("*",), isolated=child).bytecode
            return child.read(data, shown(file))

    def program(self, file: str) -> Program:
        """The program in `file`. Raises: Refusal if there is none."""
        data = read_bytes(file)
        child = reader()
        from stablelift.runtime.files import load_bytes

        with refusing():
            return load_bytes(data, shown(file), self.allow_custom_calls, isolated=child)


_OPTIONS = (
    option(
        "--allow-custom-call", "allow_custom_calls", multiple=True, metavar="TARGET",
        help="Let this custom_call through, beside those that JAX's own lowerings use.",
    ),
)  # fmt: skip


def opening(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of opening; it is called with what they say as `opening`."""

    @wraps(command)
    def opened(allow_custom_calls: tuple[str, ...], **given: Any) -> None:
        command(opening=Opening(allow_custom_calls), **given)

    for add in reversed(_OPTIONS):
        opened = add(opened)
    return opened


@contextlib.contextmanager
def wide_types(program: Program) -> Iterator[None]:
    """JAX's 64-bit types turned on, if the program has any."""
    import jax

    types = {aval.dtype for aval in (*program.in_avals, *program.out_avals)}
    wide = any(jax.dtypes.canonicalize_dtype(dtype) != dtype for dtype in types)
    with jax.enable_x64(True) if wide else contextlib.nullcontext():
        yield
