"""Variable: a handle on one entry of a collection, to read it and, where that is allowed, to write it."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import jax

from stablelift.frontend import meta

if TYPE_CHECKING:
    from stablelift.frontend.scope import Scope

T = TypeVar("T")

_identities = itertools.count()


def fresh_identity() -> int:
    """A number that no Module or Variable of this process has yet: what sharing is recognised by."""
    return next(_identities)


class Variable(Generic[T]):
    """The variable `name` of `collection`, in a scope.

    `value` reads and writes it; with `unbox`, without its axis metadata.
    """

    def __init__(self, scope: Scope, collection: str, name: str, unbox: bool = True):
        self._id = fresh_identity()
        self.scope = scope
        self.collection = collection
        self.name = name
        self.unbox = unbox

    @property
    def value(self) -> T:
        """The value. Setting it raises ModifyScopeVariableError if the collection is immutable."""
        value = self.scope.get_variable(self.collection, self.name)
        return meta.unbox(value) if self.unbox else value

    @value.setter
    def value(self, value: T) -> None:
        if self.unbox:
            value = _in_boxes_of(self.scope.get_variable(self.collection, self.name), value)
        self.scope.put_variable(self.collection, self.name, value)

    def is_mutable(self) -> bool:
        """Whether the collection is mutable here."""
        return self.scope.is_mutable_collection(self.collection)


def _in_boxes_of(current: Any, value: Any) -> Any:
    """`value` in the boxes of `current`, if it has the same structure with each box a leaf."""
    if not meta.has_boxes(current):
        return value
    structures = [
        jax.tree_util.tree_structure(tree, is_leaf=meta.is_axis_metadata) for tree in (current, value)
    ]
    return meta.replace_boxed(current, value) if structures[0] == structures[1] else value
