"""Trees of attributes: Modules inside the lists, tuples and dicts that a field or `setup` holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from jax.sharding import PartitionSpec

from stablelift.frontend.frozen_dict import FrozenDict

Path = tuple[str, ...]


def freeze_attribute(value: Any) -> Any:
    """The value with lists as tuples and dicts as FrozenDicts, at every depth."""
    if isinstance(value, dict | FrozenDict):
        return FrozenDict({key: freeze_attribute(entry) for key, entry in value.items()})
    if isinstance(value, tuple) and (hasattr(value, "_fields") or isinstance(value, PartitionSpec)):
        return type(value)(*map(freeze_attribute, value))
    if isinstance(value, list | tuple):
        return tuple(map(freeze_attribute, value))
    return value


def map_leaves(fn: Callable[[str, Any], Any], tree: Any) -> Any:
    """The tree with `fn(suffix, leaf)` in place of each leaf; `suffix` is `_key` for each level of nesting.

    Leaves come in the order of their keys as strings, which decides the names of shared Modules.
    """
    if _entries(tree) is None:
        return fn("", tree)
    leaves = sorted(_leaves(tree, ()), key=lambda found: found[0])
    mapped = {path: fn("".join(f"_{key}" for key in path), leaf) for path, leaf in leaves}
    return _rebuilt(tree, (), mapped)


def _entries(tree: Any) -> list[tuple[str, Any]] | None:
    """Keys and children of a container that is not empty; None for a leaf."""
    if type(tree) in (dict, FrozenDict):
        entries = [(str(key), value) for key, value in tree.items()]
    elif isinstance(tree, tuple) and hasattr(tree, "_fields"):
        entries = list(zip(tree._fields, tree, strict=True))  # type: ignore[attr-defined]
    elif type(tree) in (list, tuple):
        entries = [(str(number), value) for number, value in enumerate(tree)]
    else:
        return None
    return entries or None


def _leaves(tree: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    entries = _entries(tree)
    if entries is None:
        yield path, tree
        return
    for key, child in entries:
        yield from _leaves(child, (*path, key))


def _rebuilt(tree: Any, path: Path, leaves: dict[Path, Any]) -> Any:
    entries = _entries(tree)
    if entries is None:
        return leaves[path]
    children = [_rebuilt(child, (*path, key), leaves) for key, child in entries]
    if isinstance(tree, dict | FrozenDict):
        return dict(zip(tree, children, strict=True))
    return type(tree)(*children) if hasattr(tree, "_fields") else type(tree)(children)
