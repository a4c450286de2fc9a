"""What a compiled step hands from call to call: kept as the step wants it, read as the tree that it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any

import jax

from stablelift.passes.layers.layout import Group


class Carried:
    """An argument and result of a compiled step, its equal layers stacked.

    It reads like the tree of arrays that stands for: attributes, items, `keys()`, `len()`; `tree` is that
    tree, unstacked when it is first asked for. As a pytree it flattens to the tree, so `jax.tree.map` over it
    gives a plain one, and so do copies and pickles. Passed back to the step it costs nothing.

    Attributes:
      groups: Which leaves of the tree each array stands for.
      signature: The structure of the tree, and the types of its leaves.
      arrays: The arrays as the compiled program takes them.
    """

    def __init__(
        self,
        groups: Sequence[Group],
        signature: Any,
        arrays: Sequence[Any],
        read: Callable[[Sequence[Any]], Any],
    ):
        self.groups, self.signature, self.arrays, self._read = groups, signature, arrays, read

    @cached_property
    def tree(self) -> Any:
        """The tree of arrays, as the uncompiled step would return it."""
        return self._read(self.arrays)

    def block_until_ready(self) -> Carried:
        """Wait for the arrays, and return this."""
        jax.block_until_ready(self.arrays)
        return self

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.tree, name)

    def __getitem__(self, key: Any) -> Any:
        return self.tree[key]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.tree)

    def __len__(self) -> int:
        return len(self.tree)

    def __contains__(self, key: Any) -> bool:
        return key in self.tree

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy, or what a pickle holds, is the tree."""
        return _itself, (self.tree,)

    def __repr__(self) -> str:
        return f"Carried({self.tree!r})"


def _itself(tree: Any) -> Any:
    return tree


jax.tree_util.register_pytree_node(
    Carried, lambda carried: ((carried.tree,), None), lambda _, children: children[0]
)
