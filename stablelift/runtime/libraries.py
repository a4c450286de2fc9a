"""Libraries that a program calls, made ready before it runs.

JAX loads LAPACK's functions when it lowers a use of them; a program that comes from a file has none
lowered, and its first call would go through a null pointer.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from jaxlib.cpu import _lapack

from stablelift.ir.callback import target_of


def called(custom_calls: Iterable[Any]) -> tuple[str, ...]:
    """The targets of custom calls, each once."""
    return tuple(sorted(set(map(target_of, custom_calls))))


def load_libraries(targets: Iterable[str]) -> None:
    """Load the libraries that custom calls of these targets need."""
    if any(target.startswith("lapack_") for target in targets):
        _lapack.initialize()
