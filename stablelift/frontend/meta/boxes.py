"""Axis metadata: boxes around variables whose meaning changes when a lift adds or removes an axis."""

from __future__ import annotations

import abc
from collections.abc import Callable, Mapping
from typing import Any

import jax


class AxisMetadata(abc.ABC):
    """A pytree that holds one array, and what is known about its axes."""

    @abc.abstractmethod
    def unbox(self) -> Any:
        """The array."""

    @abc.abstractmethod
    def replace_boxed(self, val: Any) -> AxisMetadata:
        """The same box around another array."""

    @abc.abstractmethod
    def add_axis(self, index: int, params: Mapping[Any, Any]) -> AxisMetadata:
        """The box after a lift stacked its array on axis `index`."""

    @abc.abstractmethod
    def remove_axis(self, index: int, params: Mapping[Any, Any]) -> AxisMetadata:
        """The box as one instance of a lift along axis `index` sees it."""


def is_axis_metadata(val: Any) -> bool:
    """Whether `val` is a box."""
    return isinstance(val, AxisMetadata)


def map_axis_meta(fn: Callable[[AxisMetadata], Any], tree: Any) -> Any:
    """The tree with `fn` applied to each box."""
    return jax.tree_util.tree_map(
        lambda x: fn(x) if is_axis_metadata(x) else x, tree, is_leaf=is_axis_metadata
    )


def add_axis(tree: Any, index: int, params: Mapping[Any, Any]) -> Any:
    """The tree with `add_axis` applied to each box."""
    return map_axis_meta(lambda box: box.add_axis(index, params), tree)


def remove_axis(tree: Any, index: int, params: Mapping[Any, Any]) -> Any:
    """The tree with `remove_axis` applied to each box."""
    return map_axis_meta(lambda box: box.remove_axis(index, params), tree)


def unbox(tree: Any) -> Any:
    """The tree with each box, nested ones too, replaced by its array."""
    return map_axis_meta(lambda box: unbox(box.unbox()), tree)


def replace_boxed(tree: Any, updates: Any) -> Any:
    """The values of `updates` in the boxes of `tree`."""

    def replace(old, new):
        return old.replace_boxed(replace_boxed(old.unbox(), new)) if is_axis_metadata(old) else new

    return jax.tree_util.tree_map(replace, tree, updates, is_leaf=is_axis_metadata)


def has_boxes(tree: Any) -> bool:
    """Whether the tree holds a box."""
    return any(map(is_axis_metadata, jax.tree_util.tree_leaves(tree, is_leaf=is_axis_metadata)))
