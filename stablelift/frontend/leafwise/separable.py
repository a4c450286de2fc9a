"""Whether an optimiser updates each leaf by itself, seen in what it computes for one leaf and for two."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import jax

from stablelift.frontend.leafwise.somewhere import Somewhere, is_somewhere
from stablelift.lowering.callee import Callee, avals_of
from stablelift.lowering.terms import Terms
from stablelift.lowering.trace import struct

_HINT = (
    "  hint: chain what looks at all leaves, such as clip_by_global_norm, in front: "
    "optax.chain(clip, leafwise(adam)); leave `leafwise` out where a leaf's place counts"
)


class State:
    """An optimiser's state as parts: trees like that of the parameters, and what all leaves share."""

    def __init__(self, of_leaves: Any):
        """`of_leaves` is the state for `Somewhere`."""
        parts, self._tree = jax.tree.flatten(of_leaves, is_leaf=is_somewhere)
        self.is_own = [is_somewhere(part) for part in parts]

    def parts(self, state: Any) -> list[Any]:
        """The parts of a state for any tree of parameters."""
        return self._tree.flatten_up_to(state)

    def joined(self, parts: Sequence[Any]) -> Any:
        """The state with these parts."""
        return jax.tree.unflatten(self._tree, parts)


def require_separable(optimiser: Any, updates: Any, with_params: bool, extra: dict[str, Any]) -> State:
    """The form of the optimiser's state, if what it does with a leaf of `updates` it does anywhere.

    It is looked at for one leaf: alone, beside another, and at each place in the tree (numbers in names
    aside).

    Raises: ValueError if it does not, or if it cannot do without knowing more of where a leaf is.
    """
    leaf = jax.tree.leaves(updates)[0]
    places = {
        re.sub(r"\d+", "0", jax.tree_util.keystr(path)): None
        for path, _ in jax.tree_util.tree_leaves_with_path(updates)
    }

    def traced(count: int, place: str) -> _Traced:
        try:
            return _Traced(optimiser, [leaf] * count, place, with_params, extra)
        except Exception as error:
            raise ValueError(
                "leafwise: expected an optimiser that updates a leaf wherever it is, found one that raises "
                f"{type(error).__name__}: {error}\n{_HINT}"
            ) from error

    terms = Terms()
    first, *others = places
    alone, together = traced(1, first), traced(2, first)
    expected = alone.computed_for(0, terms)
    if any(together.computed_for(index, terms) != expected for index in range(2)):
        raise ValueError(
            "leafwise: expected an optimiser that updates each leaf by itself, found one where what becomes "
            f"of a leaf, or of what all share, depends on other leaves, or on how many there are\n{_HINT}"
        )
    for place in others:
        if traced(1, place).computed_for(0, terms) != expected:
            raise ValueError(
                "leafwise: expected an optimiser that updates a leaf wherever it is, found one that updates "
                f"{first} and {place} differently\n{_HINT}"
            )
    return alone.form


class _Traced:
    """An optimiser's update of some leaves of one type."""

    def __init__(
        self, optimiser: Any, leaves: Sequence[Any], place: str, with_params: bool, extra: dict[str, Any]
    ):
        types = Somewhere([jax.ShapeDtypeStruct(leaf.shape, leaf.dtype) for leaf in leaves], place)
        _, state = _evaluated(optimiser.init, types)
        self.form = State(state)

        def update(updates: Any, state: Any, params: Any, extra: Any) -> Any:
            return optimiser.update(updates, state, params, **extra)

        arguments = (types, state, types if with_params else None, extra)
        self._callee, results = _evaluated(update, *arguments)
        self._arguments, self._results = _places(arguments), _places(results)

    def computed_for(self, leaf: int, terms: Terms) -> list[tuple[_Part, int]]:
        """What is computed for one leaf and for all: which part each result is, and its term.

        Equal terms are the same computation from the same: the leaf's arguments, other leaves', shared ones.
        """
        named = [(part, index if index is None else index == leaf) for part, index in self._arguments]
        inputs = [*map(terms.constant, self._callee.constants), *map(terms.named, named)]
        found = terms.results(self._callee.jaxpr, inputs)
        places = zip(self._results, found, strict=True)
        return [(part, term) for (part, index), term in places if index is None or index == leaf]


def _evaluated(function: Callable, *args: Any) -> tuple[Callee, Any]:
    """A function traced on types, and the types of what it returns."""
    leaves, tree = jax.tree.flatten((args, {}))
    callee = Callee(function, tree, avals_of(leaves))
    return callee, jax.tree.unflatten(callee.out_tree, map(struct, callee.out_avals))


_Part = tuple[int, int]
"""A part of a tree with each `Somewhere` as a leaf, and a position among what stands there for one leaf."""


def _places(tree: Any) -> list[tuple[_Part, int | None]]:
    """For each value in a tree its part, and the leaf that it belongs to; None where all share it."""
    found: list[tuple[_Part, int | None]] = []
    for part, node in enumerate(jax.tree.leaves(tree, is_leaf=is_somewhere)):
        owned = enumerate(node.values) if is_somewhere(node) else [(None, node)]
        for index, value in owned:
            found += [((part, position), index) for position in range(jax.tree.structure(value).num_leaves)]
    return found
