"""Sessions: what the functions of one program share while they are traced.

A session lasts as long as the outermost function that we trace. Outside of one nothing is shared: plain
`jax.jit` of a Module's `apply` is traced as ever.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any


class _Current(threading.local):
    memo: dict[Any, Any] | None = None


_current = _Current()


def session_memo() -> dict[Any, Any] | None:
    """A dictionary that lives as long as the running session; None outside of one."""
    return _current.memo


@contextlib.contextmanager
def session() -> Iterator[None]:
    """Run as part of the running session, or in a new one."""
    if _current.memo is not None:
        yield
        return
    _current.memo = {}
    try:
        yield
    finally:
        _current.memo = None
