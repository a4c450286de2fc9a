"""What a loop carries: its types stay the same from step to step, numbers aside, which take the body's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax

from stablelift.lowering import jax_compat
from stablelift.lowering.callee import Callee, avals_of, flat_arrays


def settled(
    what: str,
    trace: Callable[[list[Any]], Callee],
    init: Any,
    pair: bool = False,
    traced: Callee | None = None,
) -> tuple[Callee, list[Any]]:
    """A loop's body, and its first carry, whose weakly typed numbers take the types that the body gives them.

    `traced` is the body on the types of `init`, if it has been traced before.

    Raises:
      TypeError: The body's carry differs from its input in structure, shape or dtype.
    """
    carry, tree = flat_arrays(init)
    tree = jax.tree.structure(jax.tree.unflatten(tree, carry))  # as the body is given it
    while True:  # a number is promoted once at most
        body = traced or trace(avals_of(carry))
        traced = None
        found_tree = body.out_tree
        if pair:
            children = found_tree.children()
            if len(children) != 2:
                raise TypeError(f"{what}: expected `{body.name}` to return (carry, y), found {found_tree}")
            found_tree = children[0]
        if found_tree != tree:
            raise TypeError(
                f"{what}: expected a carry of structure {tree}, `{body.name}` returns {found_tree}"
            )
        wanted = body.out_avals[: len(carry)]
        promoted = [_promoted(x, aval) for x, aval in zip(carry, wanted, strict=True)]
        if all(new is old for new, old in zip(promoted, carry, strict=True)):
            break
        carry = promoted
    _require_same_types(what, init, avals_of(carry), wanted)
    return body, carry


def _promoted(x: Any, wanted: Any) -> Any:
    aval = jax_compat.aval_of(x)
    if aval.weak_type and aval.shape == wanted.shape and aval.dtype != wanted.dtype:
        return x.astype(wanted.dtype)
    return x


def _require_same_types(what: str, init: Any, given: Sequence[Any], returned: Sequence[Any]) -> None:
    paths = [jax.tree_util.keystr(path) for path, _ in jax.tree_util.tree_flatten_with_path(init)[0]]
    wrong = [
        f"  carry{path}: expected {mine.str_short()}, found {other.str_short()}"
        for path, mine, other in zip(paths, given, returned, strict=True)
        if mine.shape != other.shape or mine.dtype != other.dtype
    ]
    if wrong:
        raise TypeError(f"{what}: the body changes the type of the carry\n" + "\n".join(wrong))
