"""Dumps: the module after each pass, written into a folder or given to a function."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from stablelift.ir.mlir import ir, to_text

DUMP = "STABLELIFT_DUMP"
"""The environment variable that names a folder for the module after each pass."""

Watch = Callable[[str, ir.Module], None]
"""What is told the name of each pass that has run, and the module after it."""

Dump = str | os.PathLike | Watch
"""A folder for the module after each pass, or a function that is given it."""


def watch_of(dump: Dump | None) -> Watch | None:
    """What is to be told about each pass: what `dump` says or, without it, the environment."""
    dump = dump or os.environ.get(DUMP)
    return dump if dump is None or callable(dump) else _Folder(Path(dump))


class _Folder:
    """Modules as files, numbered in the order of the passes: `03-lift-batching.mlir`."""

    def __init__(self, path: Path):
        self._path, self._count = path, 0

    def __call__(self, name: str, module: ir.Module) -> None:
        self._count += 1
        self._path.mkdir(parents=True, exist_ok=True)
        (self._path / f"{self._count:02d}-{name}.mlir").write_text(to_text(module))
