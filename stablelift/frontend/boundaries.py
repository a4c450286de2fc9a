"""Boundaries: what a lift keeps out of its body, so that an error can say which lift and what to change."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from stablelift.errors import KeptOut
from stablelift.frontend.filters import Filter, in_filter

if TYPE_CHECKING:
    from stablelift.frontend.scope import Scope


@dataclasses.dataclass(frozen=True, eq=False)
class Boundary:
    """Between a scope at the root of a lifted body and `outer`, the scope that it was made of."""

    lift: str
    outer: Scope
    collections: Sequence[Filter]
    streams: Sequence[Filter]


def missing_variable(scope: Scope, col: str) -> KeptOut | None:
    """Why a lift around `scope` has nothing of a collection, and creates nothing in it; None if none has."""
    for root, boundary in _boundaries(scope):
        lift = boundary.lift
        if not any(in_filter(one, col) for one in boundary.collections):
            return KeptOut(f"which `{lift}` does not cover", _cover(lift, col))
        if _makes_immutable(root, boundary, col):
            return KeptOut(f"in which `{lift}` creates nothing", _CREATE.get(lift, _cover(lift, col)))
    return None


def immutable_collection(scope: Scope, col: str) -> KeptOut | None:
    """Why a lift around `scope` lets nobody write a collection; None if none is to blame."""
    for root, boundary in _boundaries(scope):
        if _makes_immutable(root, boundary, col):
            lift = boundary.lift
            return KeptOut(f"`{lift}` only reads collection `{col}`", _WRITE.get(lift, _cover(lift, col)))
    return None


def missing_stream(scope: Scope, stream: str) -> KeptOut | None:
    """Why a lift around `scope` has no keys of a stream that exists outside; None if none is to blame."""
    for _, boundary in _boundaries(scope):
        if boundary.outer.has_rng(stream) and not any(in_filter(one, stream) for one in boundary.streams):
            return KeptOut(f"which `{boundary.lift}` does not cover", _streams(boundary.lift, stream))
    return None


def _boundaries(scope: Scope) -> Iterator[tuple[Scope, Boundary]]:
    """The roots of the lifted bodies around a scope, each with its boundary, from the inside out."""
    root = scope.root
    while root.boundary is not None:
        yield root, root.boundary
        root = root.boundary.outer.root


def _makes_immutable(root: Scope, boundary: Boundary, col: str) -> bool:
    return not root.is_mutable_collection(col) and boundary.outer.is_mutable_collection(col)


_CREATE = {
    "while_loop": "create it before the loop, such as by one call of its body",
    "map_variables": "let `map_variables` create it: init=True, or mutable=True",
}

_WRITE = {
    "while_loop": "name it in `carry_variables`; the condition writes nothing",
    "map_variables": "let `map_variables` write it: mutable=True",
}


def _cover(lift: str, col: str) -> str:
    if lift == "vmap":
        return f"name it in `variable_axes`: {{'{col}': 0}} stacks it, {{'{col}': None}} shares it"
    if lift == "scan":
        return "name it in `variable_axes` to stack it, in `variable_broadcast` to share it"
    if lift == "while_loop":
        return "name it in `broadcast_variables` to read it, in `carry_variables` to write it"
    return f"name it in `variables` of `{lift}`"


def _streams(lift: str, stream: str) -> str:
    each = {"vmap": "instance", "scan": "step", "while_loop": "step"}.get(lift)
    if each is None:
        return f"name it in `rngs` of `{lift}`"
    return f"name it in `split_rngs`: {{'{stream}': True}} gives each {each} keys of its own, False one key"
