"""The cache on disk: programs compiled in one process start at once in the next.

It has two halves. What our passes make of a traced program is kept here, by the content of that program. What
XLA makes of the result is kept by JAX's own persistent compilation cache, for this as for every other program
of the process. One switch turns on both: the directory of JAX's cache (`jax_compilation_cache_dir`), ours
being a folder in it. `enable` sets it to a good place; where JAX's cache is on already, so is ours.

It is off unless asked for, as JAX's is: whoever may write to the directory may run code in the processes that
read from it, and a home directory is not ours to fill. An entry is found again by the traced module without
its source lines, the passes, JAX's settings and the contents of this package and versions of JAX; another of
any of them is another entry.
"""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Mapping
from functools import cache as once
from pathlib import Path
from typing import Any

import jax
import jaxlib.version
from jax.experimental.compilation_cache.compilation_cache import reset_cache

from stablelift.lowering import jax_compat
from stablelift.runtime.store import Store, trim

__all__ = ["disable", "enable", "folder"]

VARIABLE = "STABLELIFT_CACHE_DIR"
_PASSES_BYTES = 1 << 30


def enable(directory: str | os.PathLike | None = None, *, max_bytes: int = 4 << 30) -> None:
    """Keep compiled programs on disk, and find those that are there.

    The environment variable STABLELIFT_CACHE_DIR, set to a directory when the package is imported, does the
    same.

    Args:
      directory: Where; `~/.cache/stablelift` (or below XDG_CACHE_HOME) without it. Nobody else should be able
        to write there.
      max_bytes: How much the directory may hold. It is brought down to that now, not by every program: what
        was not used for longest goes.
    """
    root = _default_directory() if directory is None else Path(directory).expanduser().absolute()
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    trim(root, max_bytes)
    # XLA compiles for the very CPU: hosts that share a home directory do not share executables.
    jax.config.update("jax_compilation_cache_dir", str(root / f"host-{_host()}"))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    reset_cache()


def disable() -> None:
    """Neither read nor write what is on disk."""
    jax.config.update("jax_compilation_cache_dir", None)
    reset_cache()


def folder() -> Path | None:
    """Where what our passes made is kept; None while the cache is off."""
    settings: Any = jax.config
    directory = settings.jax_compilation_cache_dir
    if not directory or "://" in directory or not settings.jax_enable_compilation_cache:
        return None
    return Path(directory) / "stablelift"


def enable_as_environment_says() -> None:
    """Enable the cache if the environment names a directory for it."""
    if directory := os.environ.get(VARIABLE):
        enable(directory)


def store() -> Store | None:
    """The entries of our passes; None while the cache is off."""
    place = folder()
    return None if place is None else Store(place, _PASSES_BYTES)


def key(content: str, passes: Mapping[str, Any]) -> str:
    """What identifies the result of passes over a module of which `content` is a hash."""
    settings = (content, sorted(passes.items()), jax_compat.printed_settings(), _compiler())
    return hashlib.sha256(repr(settings).encode()).hexdigest()


def _default_directory() -> Path:
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "stablelift"


@once
def _compiler() -> str:
    """A hash of this package and of the versions that it runs on."""
    found = hashlib.sha256(f"{jax.__version__} {jaxlib.version.__version__}".encode())
    package = Path(__file__).parents[1]
    for path in sorted(package.rglob("*.py")):
        found.update(path.relative_to(package).as_posix().encode() + path.read_bytes())
    return found.hexdigest()


@once
def _host() -> str:
    """A name for CPUs that run the same instructions."""
    about = [platform.machine(), platform.processor()]
    information = Path("/proc/cpuinfo")
    if information.exists():
        lines = information.read_text(errors="replace").splitlines()
        about += sorted({line for line in lines if line.startswith(("flags", "Features", "model name"))})
    return hashlib.sha256("\n".join(about).encode()).hexdigest()[:12]
