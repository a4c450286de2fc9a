"""Python values beside arrays: what a lift hands to its function as it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import jax

from stablelift.lowering.jax_compat import TreeDef


class Held:
    """The leaves of a call that are to be traced, and a function of those in place of one of all leaves."""

    def __init__(self, leaves: Sequence[Any], may_hold: Sequence[bool]):
        self._leaves = leaves
        self.is_traced = [
            not may or hasattr(leaf, "dtype") for leaf, may in zip(leaves, may_hold, strict=True)
        ]

    def on_traced(self, function: Callable, in_tree: TreeDef) -> tuple[Callable, TreeDef]:
        """`function` of the leaves that are traced, and the tree of these; others are what they were."""
        if all(self.is_traced):
            return function, in_tree

        @wraps(function)
        def on_traced(*traced: Any) -> Any:
            given = iter(traced)
            pairs = zip(self._leaves, self.is_traced, strict=True)
            args, kwargs = in_tree.unflatten([next(given) if traces else leaf for leaf, traces in pairs])
            return function(*args, **kwargs)

        return on_traced, jax.tree.structure(((0,) * sum(self.is_traced), {}))
