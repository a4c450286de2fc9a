"""Programs that a command reads, from a file or standard input, through a child process."""

from __future__ import annotations

import atexit
import functools
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stablelift.command.help import gathering, option
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


@functools.cache
def _ready() -> Reader:
    """The child once it has answered: what it takes to start is no file's fault."""
    reader().read(b"module {}", "")
    return reader()


def reader_for(data: bytes) -> Reader:
    """The child, with the time that a file of this size may take."""
    child = _ready()
    child.timeout = SECONDS + len(data) // BYTES_PER_SECOND
    return child


SECONDS = 3.0
"""What any file may take."""

BYTES_PER_SECOND = 1_000_000
"""How much of a file is surely read in a second."""


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


def text_in(file: str) -> str:
    """The text of a `.lift` file, or of standard input. Raises: LiftFileError."""
    from stablelift.frontend.language.load import read_text, text_of

    return text_of(sys.stdin.buffer.read(), shown(file)) if file == "-" else read_text(file)


def module_in(data: bytes, name: str) -> bytes:
    """The module in the bytes of a file as bytecode, whatever its functions take.

    Raises: Refusal if there is none.
    """
    with refusing():
        return reader_for(data).read(data, name)


Shapes = dict[str, int] | list[tuple[int, ...] | None]


class ShapesType(click.ParamType[Shapes]):
    """`batch=8,n=3`, sizes by name, or `8x3:-`, a shape for each argument."""

    name = "shapes"

    def convert(self, value: Any, param: Any, ctx: Any) -> Shapes:
        if not isinstance(value, str):
            return value
        try:
            if "=" in value:
                return {name: int(size) for name, size in (one.split("=") for one in value.split(","))}
            shapes = value.split(":")
            return [None if one == "-" else tuple(map(int, one.split("x"))) for one in shapes]
        except ValueError:
            self.fail(f"expected sizes such as batch=8, or shapes such as 8x3:-, found {value!r}", param, ctx)


class PlatformType(click.ParamType[str | int]):
    """The name of a platform, or its number among those of an artefact."""

    name = "platform"

    def convert(self, value: Any, param: Any, ctx: Any) -> str | int:
        return int(value) if isinstance(value, str) and value.isdecimal() else value


@dataclass(frozen=True)
class Opening:
    """How a command opens programs: what its options say."""

    allow_custom_calls: tuple[str, ...]
    platform: str | int | None
    shapes: Shapes | None
    lift_weights: bool

    def needs_program(self, data: bytes) -> bool:
        """Whether a file is more than a module, or is to be made another one."""
        from stablelift.runtime.exported import is_export

        chosen = self.platform is not None or self.shapes is not None
        return chosen or self.lift_weights or is_export(data)

    def program(self, file: str) -> Program:
        """The program in `file`. Raises: Refusal if there is none."""
        return self.program_in(read_bytes(file), file)

    def program_in(self, data: bytes, file: str) -> Program:
        """The program in the bytes of `file`. Raises: Refusal if there is none."""
        reader()
        from stablelift.runtime.load import load_bytes

        with refusing():
            return load_bytes(data, shown(file), reader_for(data), **asdict(self))


GROUP = "Opening the file"

_OPTIONS = (
    option(
        "--allow-custom-call", "allow_custom_calls", multiple=True, metavar="TARGET", group=GROUP,
        help="Let this custom_call through, beside those that JAX's own lowerings use.",
    ),
    option(
        "--platform", type=PlatformType(), metavar="NAME", group=GROUP,
        help="Of an export for several platforms the one to take: cpu, cuda, rocm, tpu, or its number.",
    ),
    option(
        "--shapes", type=ShapesType(), metavar="SHAPES", group=GROUP,
        help="What the file leaves open: batch=8,n=3 for the variables of a jax.export file, 8x3:- for the "
        "shapes of all arguments, - where it is known.",
    ),
    option(
        "--lift-weights", is_flag=True, group=GROUP,
        help="Make the weights, which are constants, a first argument.",
    ),
)  # fmt: skip


def opening(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of opening; it is called with what they say as `opening`."""
    return gathering(command, _OPTIONS, opening=Opening)
