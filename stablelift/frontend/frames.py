"""Frames: which lifted body is running, so that a Module it closed over is noticed.

A lift runs its body in a new frame, on scopes that were made for that frame. A scope of an outer frame that
the body uses all the same was closed over: its variables and keys would bypass the lift.
"""

from __future__ import annotations

import contextlib
import dataclasses
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

from stablelift.errors import ClosedOverModuleError

if TYPE_CHECKING:
    from stablelift.frontend.scope import Scope


@dataclasses.dataclass
class Lifetime:
    """Whether the call that made a tree of scopes has returned; all scopes of the tree share one."""

    over: bool = False


@dataclasses.dataclass(frozen=True, eq=False)
class Frame:
    """One run of a lifted body: the path of what is lifted, and the variable trees it was lifted from."""

    path: str
    trees: frozenset[int]
    outer: Frame | None


class _Current(threading.local):
    frame: Frame | None = None


_current = _Current()


def current_frame() -> Frame | None:
    """The frame of the innermost lifted body that is running in this thread; None outside all."""
    return _current.frame


@contextlib.contextmanager
def lifted_body(path: str, trees: frozenset[int]) -> Iterator[None]:
    """Run a lifted body in a frame of its own."""
    outer = _current.frame
    _current.frame = Frame(path, trees, outer)
    try:
        yield
    finally:
        _current.frame = outer


def check_lifted(scope: Scope, action: str, *, writes: bool) -> None:
    """Refuse to use a scope that the running lifted body closed over.

    Reading is allowed where the scope belongs to another tree of variables, as that of a bound teacher model.
    Raises: ClosedOverModuleError.
    """
    frame = _current.frame
    if scope.frame is frame or frame is None:
        return
    tree, around = id(scope.root.tree), frame
    while around is not None and around is not scope.frame:
        if writes or tree in around.trees:
            raise ClosedOverModuleError(scope.path_text, action, around.path)
        around = around.outer
