"""Keyword arguments that come next in line are given by position, which donation and carries count."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any


def positional_names(function: Callable[..., Any]) -> tuple[str, ...]:
    """The names of the arguments that `function` takes by position or by keyword; none if nobody says.

    A wrapper may make something else of a keyword than what it wraps does, so its own signature counts.
    """
    try:
        parameters = inspect.signature(function, follow_wrapped=False).parameters.values()
    except (TypeError, ValueError):
        return ()
    by_position = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return tuple("" if p.kind is p.POSITIONAL_ONLY else p.name for p in by_position)


def by_position(
    names: Sequence[str], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments, those of `kwargs` that come next in line at their positions."""
    left = dict(kwargs)
    placed = list(args)
    for name in names[len(args) :]:
        if name not in left:
            break
        placed.append(left.pop(name))
    return tuple(placed), left
