"""Keys drawn outside of a traced body: bodies that differ only in the paths of their keys are equal then."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from stablelift.frontend.rng import LazyRng
from stablelift.frontend.scope import Scope
from stablelift.lowering import jax_compat


@dataclasses.dataclass(frozen=True)
class Draw:
    """A key that a body drew: from which of its scopes and streams, and the path that was folded in."""

    root: int
    stream: str
    path: tuple[str | int, ...]


class KeysFromOutside:
    """How the scopes of a body draw keys: outside of it, where the path of the call is known."""

    def __init__(self, outer: Scope, root: int, draws: dict[Draw, Any]):
        self._outer, self._root, self._draws = outer, root, draws
        self._trace = jax_compat.current_trace()

    def __call__(self, stream: str, rng: LazyRng) -> Any:
        above = len(self._outer.rngs[stream].suffix)
        draw = Draw(self._root, stream, rng.suffix[above:])
        if draw not in self._draws:
            with jax_compat.recording_in(self._trace):
                self._draws[draw] = drawn_key(self._outer, stream, draw.path)
        return self._draws[draw]


def keys_from_outside(roots: Sequence[Scope], draws: dict[Draw, Any]) -> list[KeysFromOutside]:
    """For each root how keys are drawn inside; `draws` remembers them."""
    return [KeysFromOutside(root, number, draws) for number, root in enumerate(roots)]


def drawn_key(scope: Scope, stream: str, path: tuple[str | int, ...]) -> Any:
    """The key of a stream of `scope` with `path`, which ends in a counter, folded in."""
    rng = LazyRng.create(scope.rngs[stream], *path)
    return scope.draw_outside(stream, rng) if scope.draw_outside else rng.as_jax_rng()
