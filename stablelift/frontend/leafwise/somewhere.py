"""A tree of leaves whose places nobody can tell apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import jax


class Somewhere:
    """Leaves in a tree of one level, each at the same place: its key reads like `name` and has no parts."""

    def __init__(self, values: Sequence[Any], name: str = ""):
        self.values, self.name = values, name


def is_somewhere(node: Any) -> bool:
    return isinstance(node, Somewhere)


@dataclass(frozen=True)
class _Key:
    """The key of a leaf: a text, as JAX itself wants for its messages, and nothing to decide by."""

    text: str

    def __str__(self) -> str:
        return self.text

    def __getattr__(self, name: str) -> NoReturn:
        raise ValueError(f"the optimiser asks for the `{name}` of a leaf's place in the tree")


jax.tree_util.register_pytree_with_keys(
    Somewhere,
    lambda node: ([(_Key(node.name), value) for value in node.values], node.name),
    lambda name, values: Somewhere(list(values), name),
    lambda node: (node.values, node.name),
)
