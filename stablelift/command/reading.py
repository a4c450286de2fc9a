"""Modules that a command reads, from a file or standard input."""

from __future__ import annotations

import sys
from pathlib import Path

from stablelift.command.refusal import Refusal, reason

BYTECODE_MAGIC = b"ML\xefR"


def shown(file: str) -> str:
    """What a file is called in messages."""
    return "<stdin>" if file == "-" else file


def read_module(file: str) -> str | bytes:
    """The module in `file`: bytes when it is bytecode, else text.

    Raises: Refusal if the file cannot be read, or is neither bytecode nor UTF-8.
    """
    data = read_bytes(file)
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


def read_bytes(file: str) -> bytes:
    """What stands in `file`.

    Raises: Refusal if it cannot be read.
    """
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise Refusal(f"{file}: error: cannot be read: {reason(error)}") from error
