"""Argument and result trees as text, so that a saved program keeps the shape of what it takes and returns.

Dictionaries, lists, tuples and None are kept; a tree with other containers is saved flat.
"""

from __future__ import annotations

import json
from typing import Any

import jax

from stablelift.lowering.jax_compat import TreeDef


def tree_to_text(tree: TreeDef) -> str | None:
    """The tree as JSON; None where it holds a container that other programs would not know."""
    try:
        return json.dumps(_encode(jax.tree.unflatten(tree, [0] * tree.num_leaves)))
    except TypeError:
        return None


def tree_from_text(text: str) -> TreeDef | None:
    """The tree that `tree_to_text` wrote; None for a text of any other form."""
    try:
        return jax.tree.structure(_decode(json.loads(text)))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def flat_tree(count: int) -> TreeDef:
    """The tree of `count` positional leaves."""
    return jax.tree.structure((0,) * count)


def result_tree(count: int) -> TreeDef:
    """The tree of `count` results: one is itself, several are a tuple."""
    return jax.tree.structure(0) if count == 1 else flat_tree(count)


def _encode(value: Any) -> Any:
    kind = type(value)
    if value is None or kind is int:
        return value
    if kind is dict and all(isinstance(key, str) for key in value):
        return {"dict": {key: _encode(item) for key, item in value.items()}}
    if kind in (list, tuple):
        return {kind.__name__: [_encode(item) for item in value]}
    raise TypeError(kind)


def _decode(value: Any) -> Any:
    if value is None or isinstance(value, int):
        return value
    if "dict" in value:
        return {key: _decode(item) for key, item in value["dict"].items()}
    if "list" in value:
        return [_decode(item) for item in value["list"]]
    return tuple(_decode(item) for item in value["tuple"])
