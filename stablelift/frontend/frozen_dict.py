"""FrozenDict: an immutable, hashable dict that JAX sees as a pytree, with `freeze` and `unfreeze`."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

import jax

from stablelift.frontend.neighbours import neighbours


class FrozenDict(Mapping):
    """An immutable mapping; nested dicts are frozen when they are read.

    Modules keep dict attributes in this form, and a lift hands in collections that its body may not write.
    """

    __slots__ = ("_dict", "_hash")

    def __init__(self, *args: Any, **kwargs: Any):
        self._dict = {key: unfreeze(value) for key, value in dict(*args, **kwargs).items()}
        self._hash: int | None = None

    def __getitem__(self, key: Any) -> Any:
        value = self._dict[key]
        return FrozenDict(value) if isinstance(value, dict) else value

    def __iter__(self):
        return iter(self._dict)

    def __len__(self) -> int:
        return len(self._dict)

    def __contains__(self, key: object) -> bool:
        return key in self._dict

    def __eq__(self, other: object) -> bool:
        if isinstance(other, FrozenDict):
            return self._dict == other._dict
        return self._dict == other if isinstance(other, dict) else NotImplemented

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash(frozenset((key, _hashable(value)) for key, value in self._dict.items()))
        return self._hash

    def __setitem__(self, key: Any, value: Any) -> None:
        raise ValueError("FrozenDict is immutable: `copy({key: value})` gives another one with the entry")

    def __repr__(self) -> str:
        return self.pretty_repr()

    def __reduce__(self):
        return FrozenDict, (unfreeze(self),)

    def copy(self, add_or_replace: Mapping[Any, Any] | None = None) -> FrozenDict:
        """A FrozenDict with the entries of `add_or_replace` put in."""
        return FrozenDict({**self._dict, **(add_or_replace or {})})

    def pop(self, key: Any) -> tuple[FrozenDict, Any]:
        """The rest, and the value of `key`."""
        return FrozenDict({k: v for k, v in self._dict.items() if k != key}), self[key]

    def unfreeze(self) -> dict[Any, Any]:
        """A plain dict, nested dicts included."""
        return unfreeze(self)

    def pretty_repr(self, num_spaces: int = 4) -> str:
        """The nested keys and values, one a line."""
        return f"FrozenDict({_indented(self._dict, num_spaces)})"


def _hashable(value: Any) -> Any:
    return FrozenDict(value) if isinstance(value, dict) else value


def _indented(value: Any, spaces: int) -> str:
    if not isinstance(value, dict) or not value:
        return repr(value)
    lines = "".join(f"{key}: {_indented(entry, spaces)},\n" for key, entry in value.items())
    return "{\n" + textwrap.indent(lines, " " * spaces) + "}"


def freeze(xs: Mapping[Any, Any]) -> FrozenDict:
    """The mapping as a FrozenDict."""
    return xs if isinstance(xs, FrozenDict) else FrozenDict(xs)


def unfreeze(x: Any) -> Any:
    """Nested FrozenDicts and dicts as fresh plain dicts; any other value as it is."""
    if isinstance(x, FrozenDict):
        x = x._dict
    if isinstance(x, dict):
        return {key: unfreeze(value) for key, value in x.items()}
    return x


def copy(x: Any, add_or_replace: Mapping[Any, Any] = {}) -> Any:
    """A dict or FrozenDict with the entries of `add_or_replace` put in."""
    if isinstance(x, FrozenDict):
        return x.copy(add_or_replace)
    return {**_dict(x), **add_or_replace}


def pop(x: Any, key: Any) -> tuple[Any, Any]:
    """The rest of a dict or FrozenDict, and the value of `key`."""
    if isinstance(x, FrozenDict):
        return x.pop(key)
    rest = dict(_dict(x))
    return rest, rest.pop(key)


def pretty_repr(x: Any, num_spaces: int = 4) -> str:
    """The nested keys and values of a dict or FrozenDict, one a line; the `repr` of anything else."""
    return x.pretty_repr(num_spaces) if isinstance(x, FrozenDict) else _indented(x, num_spaces)


def _dict(x: Any) -> dict[Any, Any]:
    if not isinstance(x, dict):
        raise TypeError(f"expected a dict or FrozenDict, found {type(x).__name__}")
    return x


def _flatten(x: FrozenDict):
    keys = tuple(sorted(x._dict))
    return tuple(x._dict[key] for key in keys), keys


def _flatten_with_keys(x: FrozenDict):
    values, keys = _flatten(x)
    return tuple((jax.tree_util.DictKey(key), v) for key, v in zip(keys, values, strict=True)), keys


def _rebuild(keys: tuple[Any, ...], values: Any) -> FrozenDict:
    """Rebuild without copying: the leaves may be any marker that a tree transformation puts there."""
    made = FrozenDict()
    made._dict = dict(zip(keys, values, strict=True))
    return made


jax.tree_util.register_pytree_with_keys(FrozenDict, _flatten_with_keys, _rebuild, flatten_func=_flatten)

__getattr__ = neighbours(__name__)
