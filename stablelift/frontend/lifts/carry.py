"""What a lifted loop carries, values and variables: the body must give back what it got, type for type."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from stablelift.errors import LiftTypeError
from stablelift.frontend.lifts.pack import Packed


def check_carry(lift: str, packed: Packed, given: Any, found: Any) -> None:
    """Compare a carry that enters the body with the one that leaves it, as the user returns it.

    Raises: LiftTypeError
    """
    _compare(f"the body of `{lift}` in `{packed.path_text}` changes the carry", "carry", given, found)


def check_carried_variables(lift: str, option: str, packed: Packed, given: Any, found: Any) -> None:
    """The same for the variables of each root scope. Raises: LiftTypeError."""
    for old, new in zip(given, found, strict=True):
        created = sorted(_paths(new) - _paths(old))
        if created:
            raise LiftTypeError(
                f"the body of `{lift}` in `{packed.path_text}` creates variables that the loop carries",
                f"created: {', '.join(created)}",
                hint="create them before the loop, such as by one call of its body, "
                f"or leave their collection out of `{option}`",
            )
        what = f"the body of `{lift}` in `{packed.path_text}` changes variables that the loop carries"
        _compare(what, "variable", old, new)


def _compare(what: str, kind: str, given: Any, found: Any) -> None:
    structure, other = map(jax.tree_util.tree_structure, (given, found))
    if structure != other:
        raise LiftTypeError(
            f"{what} in structure",
            f"expected: {_spelled(given)}",
            f"found: {_spelled(found)}",
            hint="return what the body was given, in the same structure",
        )
    wrong = [
        f"{kind}{_path(path)}: expected {type_text(old)}, found {type_text(new)}"
        for (path, old), new in zip(
            jax.tree_util.tree_leaves_with_path(given), jax.tree_util.tree_leaves(found), strict=True
        )
        if not _fits(old, new)
    ]
    if wrong:
        raise LiftTypeError(f"{what} in type", *wrong, hint="convert it, by `astype` or `reshape`")


def _fits(old: Any, new: Any) -> bool:
    """A Python number still takes the type that the body gives it."""
    same = _dtype(old) == _dtype(new) or getattr(old, "weak_type", False)
    return same and np.shape(old) == np.shape(new)


def _paths(tree: Any) -> set[str]:
    return {_path(path)[1:] for path, _ in jax.tree_util.tree_leaves_with_path(tree)}


def _path(path: Any) -> str:
    text = jax.tree_util.keystr(path, simple=True, separator="/")
    return f" {text}" if text else ""


def _dtype(x: Any) -> Any:
    return jax.numpy.result_type(x)


def type_text(x: Any) -> str:
    """The dtype and shape of a leaf, or the type of one that is no array: `float32[3, 4]`."""
    if not hasattr(x, "dtype") and not isinstance(x, bool | int | float | complex):
        return type(x).__name__
    return f"{_dtype(x)}{list(np.shape(x))}"


def _spelled(tree: Any) -> str:
    return str(jax.tree_util.tree_map(type_text, tree)).replace("'", "")
