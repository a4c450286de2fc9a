"""Ways through the nodes."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from functools import cache

from stablelift.frontend.language.syntax.expressions import Comprehension
from stablelift.frontend.language.syntax.node import Node
from stablelift.frontend.language.syntax.statements import Block, For, Let, Param, Variable


def below(root: object) -> Iterator[Node]:
    """Every node at or below `root`, without recursion."""
    pending = [root]
    while pending:
        item = pending.pop()
        if isinstance(item, tuple):
            pending += item
        elif isinstance(item, Node):
            yield item
            pending += [getattr(item, name) for name in _parts(type(item))]


def bound_names(statements: Block) -> Iterator[str]:
    """The names that statements bind."""
    for node in below(statements):
        match node:
            case Let(targets=targets) | For(targets=targets) | Comprehension(targets=targets):
                yield from (target.text for target in targets)
            case Param(name=name) | Variable(name=name):
                yield name.text


@cache
def _parts(kind: type[Node]) -> tuple[str, ...]:
    """The fields of a node that may hold others."""
    return tuple(field.name for field in dataclasses.fields(kind) if field.name != "span")
