"""Cursor: a place in a tree of variables, and what each collection holds there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from stablelift.frontend.frozen_dict import FrozenDict


class Cursor:
    """One place in a tree of variables, by collection.

    The variables live in the tree of the root. A cursor below holds references to its part of each
    collection, fetched when it is first asked for.
    """

    def __init__(self, tree: dict[str, Any], parent: Any, name: str | None):
        self.tree = tree
        self.parent = parent
        self.name = name
        self._root: Self | None = parent.root if parent else None

    @property
    def root(self) -> Self:
        """The cursor at the top of the tree."""
        return self._root or self

    def is_collection_empty(self, col: str) -> bool:
        """Whether the whole tree holds nothing in `col`."""
        return not self.root.tree.get(col)

    def variables(self) -> dict[str, Any]:
        """This cursor's part of every collection."""
        self.populate_collections()
        return self.tree

    def populate_collections(self) -> None:
        """Fetch this scope's part of each collection that the root has."""
        for col in self.root.tree:
            self._collection(col)

    def _collection(self, col: str) -> Mapping[str, Any]:
        """This cursor's part of `col`; empty if there is none."""
        if col not in self.tree:
            if self.parent is None:
                return FrozenDict()
            above = self.parent._collection(col)
            if self.name not in above:
                return FrozenDict()
            self.tree[col] = above[self.name]  # type: ignore[index]
        return self.tree[col]

    def _mutable_collection(self, col: str) -> dict[str, Any]:
        """This cursor's part of `col`, created in the root and all the way down where it is missing."""
        if col not in self.tree:
            self.tree[col] = (
                self.parent._mutable_collection(col).setdefault(str(self.name), {}) if self.parent else {}
            )
        return self.tree[col]

    def has_variable(self, col: str, name: str) -> bool:
        """Whether the variable exists."""
        return name in self._collection(col)

    def get_variable(self, col: str, name: str, default: Any = None) -> Any:
        """The variable's value, in its box if it has one; `default` if there is no such variable."""
        return self._collection(col).get(name, default)

    def _put(self, col: str, name: str, value: Any) -> None:
        """Create or update a variable, whether or not that is allowed."""
        _assign(self._mutable_collection(col), name, value)


def _assign(target: dict[str, Any], key: str, value: Any) -> None:
    """Assign, but into the dicts that are there: child scopes hold references to them."""
    held = target.get(key)
    if isinstance(held, dict) and isinstance(value, Mapping):
        for name, entry in value.items():
            _assign(held, name, entry)
    else:
        target[key] = value
