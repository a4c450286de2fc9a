"""Flags and other plain Python values among a function's arguments, which are not traced."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import jax

from stablelift.lowering import jax_compat

Call = tuple[Callable, tuple[Any, ...], dict[str, Any]]


def set_aside(
    function: Callable, args: tuple[Any, ...], kwargs: dict[str, Any], flags: Sequence[bool]
) -> Call:
    """The same call, with the leaves that `flags` names inside of the function: it sees them as they are."""
    if not any(flags):
        return function, args, kwargs
    leaves, tree = jax.tree.flatten((args, kwargs))
    pairs = list(zip(leaves, flags, strict=True))

    @wraps(function)
    def filled(*args: Any, **kwargs: Any) -> Any:
        given = iter(jax.tree.leaves((args, kwargs)))
        args, kwargs = tree.unflatten([leaf if is_plain else next(given) for leaf, is_plain in pairs])
        return function(*args, **kwargs)

    return filled, *tree.unflatten([None if is_plain else leaf for leaf, is_plain in pairs])


def plain_beside(traced: Sequence[int], args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[bool]:
    """Which leaves are booleans or no arrays, outside of the positional arguments at `traced`."""
    flags = [
        index not in traced and _is_plain(leaf)
        for index, arg in enumerate(args)
        for leaf in jax.tree.leaves(arg)
    ]
    return flags + list(map(_is_plain, jax.tree.leaves(kwargs)))


def _is_plain(leaf: Any) -> bool:
    if isinstance(leaf, bool):
        return True
    try:
        jax_compat.aval_of(leaf)
    except TypeError:
        return True
    return False
