"""Flags and other plain Python values among a function's arguments, which are not traced."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import jax

from stablelift.lowering import jax_compat

Call = tuple[Callable, tuple[Any, ...], dict[str, Any]]


def set_aside(
    function: Callable, args: tuple[Any, ...], kwargs: dict[str, Any], traced: Sequence[int]
) -> Call:
    """The same call, with the booleans and the leaves that are no arrays inside of the function: it sees
    them as they are. Positional arguments at `traced` stay as they are.
    """
    whole = (args, kwargs)
    paths, tree = jax.tree_util.tree_flatten_with_path(whole)
    fixed = {
        index: leaf
        for index, (path, leaf) in enumerate(paths)
        if _is_plain(leaf) and not (path[0].idx == 0 and path[1].idx in traced)
    }
    if not fixed:
        return function, args, kwargs

    @wraps(function)
    def filled(*args: Any, **kwargs: Any) -> Any:
        given = iter(jax.tree.leaves((args, kwargs)))
        leaves = [fixed[index] if index in fixed else next(given) for index in range(tree.num_leaves)]
        args, kwargs = tree.unflatten(leaves)
        return function(*args, **kwargs)

    emptied = tree.unflatten([None if index in fixed else leaf for index, (_, leaf) in enumerate(paths)])
    return filled, *emptied


def _is_plain(leaf: Any) -> bool:
    if isinstance(leaf, bool):
        return True
    try:
        jax_compat.aval_of(leaf)
    except TypeError:
        return True
    return False
