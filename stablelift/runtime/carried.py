"""What a compiled step hands from call to call: kept as the step wants it, read as the tree that it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from operator import is_
from typing import Any

import jax

from stablelift.lowering import jax_compat
from stablelift.lowering.callee import as_array
from stablelift.passes.layers.layout import Group
from stablelift.runtime.stacks import stacked

Signature = tuple[Any, tuple[Any, ...]]
"""The tree of an argument, and the types of its leaves."""


def signature_of(arg: Any) -> Signature:
    leaves, tree = jax.tree.flatten(arg)
    return tree, tuple(map(jax_compat.aval_of, leaves))


class Carried:
    """An argument and result of a compiled step, its equal layers stacked.

    It reads like the tree of arrays that stands for: attributes, items, `keys()`, `len()`; `tree` is that
    tree, unstacked when it is first asked for. What is written there, as in
    `state.hyperparams["learning_rate"] = 0.1`, the step takes. As a pytree it flattens to the tree, so
    `jax.tree.map` over it gives a plain one, and so do copies and pickles. Passed back to the step it costs
    nothing.

    Attributes:
      groups: Which leaves of the tree each array stands for.
      signature: The structure of the tree, and the types of its leaves.
      arrays: The arrays as the compiled program takes them.
    """

    groups: Sequence[Group]
    signature: Signature
    arrays: Sequence[Any]

    def __init__(
        self,
        groups: Sequence[Group],
        signature: Signature,
        arrays: Sequence[Any],
        read: Callable[[Sequence[Any]], Any],
    ):
        vars(self).update(groups=groups, signature=signature, arrays=arrays, _read=read)

    @cached_property
    def tree(self) -> Any:
        """The tree of arrays, as the uncompiled step would return it."""
        tree = self._read(self.arrays)
        vars(self)["_leaves"] = jax.tree.leaves(tree)
        return tree

    def settled(self) -> Carried:
        """Itself, whose arrays are those of its tree also where somebody who read that has written to it."""
        if "tree" not in vars(self):
            return self
        leaves, structure = jax.tree.flatten(self.tree)
        same = structure == self.signature[0]
        if same and all(map(is_, leaves, self._leaves)):
            return self
        signature, groups = signature_of(self.tree), self.groups
        now, before = list(map(as_array, leaves)), self._leaves
        if same and all(_are_alike(signature[1][position] for position in group) for group in groups):
            arrays = [
                array if all(leaves[at] is before[at] for at in group) else stacked([group], now)[0]
                for group, array in zip(groups, self.arrays, strict=True)
            ]
        else:  # another tree, whose stacks the program for it will say
            groups, arrays = tuple((position,) for position in range(len(leaves))), now
        lasting = [leaf if isinstance(leaf, jax.Array) else None for leaf in leaves]  # NumPy's may change
        vars(self).update(groups=groups, signature=signature, arrays=arrays, _leaves=lasting)
        return self

    def block_until_ready(self) -> Carried:
        """Wait for the arrays, and return this."""
        jax.block_until_ready(self.arrays)
        return self

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.tree, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self.tree, name, value)

    def __getitem__(self, key: Any) -> Any:
        return self.tree[key]

    def __setitem__(self, key: Any, value: Any) -> None:
        self.tree[key] = value

    def __delitem__(self, key: Any) -> None:
        del self.tree[key]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.tree)

    def __len__(self) -> int:
        return len(self.tree)

    def __contains__(self, key: Any) -> bool:
        return key in self.tree

    def __or__(self, other: Any) -> Any:
        return self.tree | other

    def __ror__(self, other: Any) -> Any:
        return other | self.tree

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy, or what a pickle holds, is the tree."""
        return _itself, (self.tree,)

    def __repr__(self) -> str:
        return f"Carried({self.tree!r})"


def settled(arg: Any) -> Any:
    """An argument of a compiled step, whose arrays say what its tree does."""
    return arg.settled() if isinstance(arg, Carried) else arg


def _are_alike(avals: Iterable[Any]) -> bool:
    return len({(aval.shape, aval.dtype) for aval in avals}) == 1


def _itself(tree: Any) -> Any:
    return tree


jax.tree_util.register_pytree_node(
    Carried, lambda carried: ((carried.tree,), None), lambda _, children: children[0]
)
