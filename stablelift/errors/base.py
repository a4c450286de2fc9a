"""What every error here is: `StableliftError` and its two branches, and how the user's line is found."""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path

_PACKAGE = str(Path(__file__).absolute().parents[1]) + os.sep
_FOREIGN = tuple(f"{os.sep}{name}{os.sep}" for name in ("jax", "jaxlib"))
_STANDARD = {"contextlib.py", "functools.py", "dataclasses.py"}


class StableliftError(Exception):
    """Base of all errors of this package."""

    def __reduce__(self):
        return _restore, (type(self), str(self))


class LiftError(StableliftError):
    """A compiler diagnostic: `file:line:col: error: what`, then types, then the remedy."""


class SideEffectError(LiftError):
    """A function does what a lift cannot keep: it writes to references, or checks something that nobody looks
    at, or calls back into Python where that cannot be.
    """


class ModuleError(StableliftError):
    """Base of the errors about Modules, variables and random streams.

    The text is `file:line: error: what`, then one indented line for each detail and for the hint.
    """

    def __init__(self, what: str, *details: str, hint: str | None = None):
        place = user_location()
        lines = [f"{place}: error: {what}" if place else f"error: {what}"]
        lines += [f"  {detail}" for detail in details]
        lines += [f"  hint: {hint}"] if hint else []
        super().__init__("\n".join(lines))


def user_location() -> str | None:
    """`file:line` of the innermost frame outside this package, JAX and the wrappers they pass through."""
    frame = sys._getframe(1)
    while frame is not None:
        if place := _user_line(frame.f_code.co_filename, frame.f_lineno):
            return place
        frame = frame.f_back
    return None


def location_of(error: BaseException) -> str | None:
    """`file:line` of the user's innermost line that an error passed through."""
    lines = traceback.walk_tb(error.__traceback__)
    places = [_user_line(frame.f_code.co_filename, number) for frame, number in lines]
    return next(filter(None, reversed(places)), None)


def _user_line(name: str, number: int) -> str | None:
    inside = os.path.abspath(name).startswith(_PACKAGE) or any(part in name for part in _FOREIGN)
    if inside or os.path.basename(name) in _STANDARD or name.startswith("<"):
        return None
    shown = os.path.relpath(name)
    return f"{name if shown.startswith('..') else shown}:{number}"


def _restore(cls: type[StableliftError], text: str) -> StableliftError:
    """Unpickle an error from its finished text: the constructors want the parts it was made of."""
    error = cls.__new__(cls)
    Exception.__init__(error, text)
    return error
