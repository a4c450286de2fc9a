"""Libraries that a program calls, made ready before it runs.

JAX loads LAPACK's functions when it lowers a use of them; a program that comes from a file has none
lowered, and its first call would go through a null pointer.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from jaxlib.cpu import _lapack


def load_libraries(custom_calls: Iterable[Any]) -> None:
    """Load the libraries that a module's `custom_call` ops need."""
    if any(op.attributes["call_target_name"].value.startswith("lapack_") for op in custom_calls):
        _lapack.initialize()
