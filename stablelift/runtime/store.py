"""A folder of entries by key, for several processes at once: whole or not there, and not too many of them."""

from __future__ import annotations

import contextlib
import hashlib
import os
import warnings
from dataclasses import dataclass
from pathlib import Path

from stablelift.ir.whole import write_whole

_DIGEST_BYTES = hashlib.sha256().digest_size


@dataclass(frozen=True)
class Store:
    """Entries in files of a folder, which may hold `max_bytes`: those not used for longest give way."""

    folder: Path
    max_bytes: int

    def read(self, key: str) -> bytes | None:
        """The entry, or None if there is none or it is damaged; then, with a warning, it is removed."""
        path = self.folder / key
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            warnings.warn(f"cannot read the cache: {error}", stacklevel=2)
            return None
        entry = content[_DIGEST_BYTES:]
        with contextlib.suppress(OSError):  # another process may have removed it
            if hashlib.sha256(entry).digest() == content[:_DIGEST_BYTES]:
                os.utime(path)
                return entry
            path.unlink()
        warnings.warn(f"{path}: the cache entry is damaged, and is made anew", stacklevel=2)
        return None

    def write(self, key: str, entry: bytes) -> None:
        """Keep the entry. A folder that cannot be written to is a warning: caches do without."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_whole(self.folder / key, hashlib.sha256(entry).digest() + entry)
        except OSError as error:
            warnings.warn(f"cannot write to the cache: {error}", stacklevel=2)
            return
        trim(self.folder, self.max_bytes)


def trim(folder: Path, max_bytes: int) -> None:
    """Remove the files of a folder and of those in it that were not used for longest, down to `max_bytes`."""
    found: list[tuple[float, int, Path]] = []
    for path in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):  # another process is at it as well
            status = path.lstat()
            if path.is_file() and not path.is_symlink():
                found.append((max(status.st_atime, status.st_mtime), status.st_size, path))
    held = sum(size for _, size, _ in found)
    for _, size, path in sorted(found):
        if held <= max_bytes:
            return
        path.unlink(missing_ok=True)
        held -= size
