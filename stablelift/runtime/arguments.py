"""The arguments of a call, checked against what a program takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax

from stablelift.lowering import jax_compat
from stablelift.lowering.callee import as_array, avals_in
from stablelift.lowering.jax_compat import TreeDef
from stablelift.runtime.types import spelled


def checked(name: str, tree: TreeDef, avals: Sequence[Any], args: tuple[Any, ...]) -> list[Any]:
    """The arguments of the program `name`, flat: arrays or tracers of the types `avals`.

    Raises:
      TypeError: Their structure is not `tree`, or one of them has another type.
    """
    leaves, found_tree = jax.tree.flatten(args)
    if found_tree != tree:
        raise TypeError(_wrong_tree(name, tree, avals, args))
    arrays = [as_array(leaf) for leaf in leaves]
    for index, (array, expected) in enumerate(zip(arrays, avals, strict=True)):
        found = jax_compat.aval_of(array)
        if found.shape != expected.shape or found.dtype != expected.dtype:
            raise TypeError(
                f"{name}: argument {places(args)[index]}: expected {spelled(expected)}, "
                f"found {spelled(found)}{_remedy(found)}"
            )
    return arrays


def refuse_non_arrays(name: str, args: tuple[Any, ...]) -> None:
    """Raise a TypeError that names the first argument of the program `name` which is no array."""
    avals_in(args, lambda path: f"{name}: argument args{path}")


def places(args: Sequence[Any]) -> list[str]:
    """Where each leaf of the arguments stands, as in `args[0]['kernel']`."""
    return [f"args{jax.tree_util.keystr(path)}" for path, _ in jax.tree_util.tree_leaves_with_path(args)]


def _wrong_tree(name: str, tree: TreeDef, avals: Sequence[Any], args: tuple[Any, ...]) -> str:
    expected = tree.children()
    if len(args) != len(expected):
        types = ", ".join(map(spelled, avals))
        return f"{name}: expected {len(expected)} arguments ({types}), found {len(args)}"
    return f"{name}: expected arguments of structure {tree}, found {jax.tree.structure(args)}"


def _remedy(found: Any) -> str:
    """A hint for the mismatches that do not explain themselves."""
    if jax.numpy.issubdtype(found.dtype, jax.dtypes.prng_key):
        return "\n  hint: the program takes keys as integers: pass jax.random.key_data(key)"
    return ""
