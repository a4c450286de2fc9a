"""Reads a `.lift` file into ordinary Modules."""

from __future__ import annotations

import os
from pathlib import Path
from types import ModuleType

from stablelift.frontend.language import syntax
from stablelift.frontend.language.check import check
from stablelift.frontend.language.diagnostics import Diagnostic, LiftFileError, Source, Span
from stablelift.frontend.language.parse import parse

MAX_BYTES = 256 * 1024


def load(path: str | os.PathLike[str]) -> ModuleType:
    """A namespace of what the file declares: Modules, lifted Modules, and functions.

    Nothing but this file is read, and nothing in it runs as Python. Raises LiftFileError, LiftSyntaxError or
    LiftCheckError, each with all its diagnostics; what is decided while tracing raises LiftTraceError.
    """
    from stablelift.frontend.language.build import build

    file, source = read(path)
    return build(file, source, Path(path).stem)


def read(path: str | os.PathLike[str]) -> tuple[syntax.File, Source]:
    """The parsed and checked file. Raises as `load` does, and imports nothing of JAX."""
    filename = os.fspath(path)
    text = _text(filename)
    file = parse(text, filename)
    source = Source.of(text, filename)
    check(file, source)
    return file, source


def _text(filename: str) -> str:
    try:
        with open(filename, "rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _unreadable(filename, f"cannot read the file: {reason.lower()}") from None
    if len(data) > MAX_BYTES:
        raise _unreadable(filename, f"expected at most {MAX_BYTES} bytes, found more")
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        return data.decode().replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode()) + 1
        message = f"expected UTF-8 text, found the byte 0x{data[error.start]:02x}"
        excerpt = data.split(b"\n")[line - 1].decode(errors="replace")
        span = Span(line, column, line, column + 1)
        raise LiftFileError([Diagnostic(filename, span, message, excerpt)]) from None


def _unreadable(filename: str, message: str) -> LiftFileError:
    return LiftFileError([Diagnostic(filename, None, message)])
