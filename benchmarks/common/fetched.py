"""What pip fetches for an exam, once, into a folder that no commit holds."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

CACHE = Path(__file__).resolve().parents[2] / "out" / "published"


class Unreachable(Exception):
    """pip could not fetch something, and says why."""


def source_of(name: str, version: str) -> Path:
    """The folder with the files of a package's source distribution.

    Raises:
      Unreachable: pip cannot fetch it.
    """

    def fetch(folder: Path) -> None:
        _pip("download", "--no-deps", "--no-binary", name, "--dest", str(folder), f"{name}=={version}")
        (archive,) = folder.glob("*.tar.gz")
        with tarfile.open(archive) as opened:
            opened.extractall(folder, filter="data")
        archive.unlink()

    (root,) = _once(f"{name}=={version}", fetch).iterdir()
    return root


def installed(requirement: str) -> Path:
    """A folder to import a package from that this environment lacks, with all that it needs.

    Raises:
      Unreachable: pip cannot fetch it.
    """
    return _once(requirement, lambda folder: _pip("install", "--target", str(folder), requirement))


def _once(requirement: str, fetch: Callable[[Path], None]) -> Path:
    folder = CACHE / requirement
    if not folder.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(dir=CACHE))
        try:
            fetch(made)
            made.rename(folder)
        finally:
            shutil.rmtree(made, ignore_errors=True)
    return folder


def _pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR: ")]
        why = said[-1].removeprefix("ERROR: ") if said else f"pip ended with code {done.returncode}"
        raise Unreachable(f"{arguments[-1]} cannot be fetched, which takes a network: {why}")
