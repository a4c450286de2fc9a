"""Arguments that a Module takes when it is made or when it is called, but not both times."""

from __future__ import annotations

from typing import TypeVar

from stablelift.errors import LayerArgumentError
from stablelift.frontend.module_state import stacks

T = TypeVar("T")


def merge_param(name: str, a: T | None, b: T | None) -> T:
    """The one of `a` (given to the constructor) and `b` (given to the call) that is not None.

    `name` is the argument's name, for the error. Raises: LayerArgumentError if neither or both are given.
    """
    if a is not None and b is not None:
        raise LayerArgumentError(
            f"`{name}` is given twice",
            f"constructor: {a}",
            f"call: {b}",
            hint=f"pass `{name}` to one of the two",
            module=stacks.modules[-1],
        )
    given = b if a is None else a
    if given is None:
        raise LayerArgumentError(
            f"`{name}` is not given",
            hint=f"pass `{name}` to the constructor or to the call",
            module=stacks.modules[-1],
        )
    return given
