"""Filters: which collections or random streams are meant, as a bool, a name, a container or a DenyList."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Union

import jax

from stablelift.errors import InvalidFilterError


@dataclasses.dataclass(frozen=True, eq=True)
class DenyList:
    """The filter that matches every name its `deny` does not."""

    deny: Filter


Filter = Union[bool, str, Collection[str], DenyList]  # noqa: UP007, a forward reference inside

_NO_NAME = "__no_collection_has_this_name__"


def in_filter(filter_like: Filter, name: str) -> bool:
    """Whether the filter matches `name`. Raises: InvalidFilterError."""
    if isinstance(filter_like, str):
        return name == filter_like
    if isinstance(filter_like, bool):
        return filter_like
    if isinstance(filter_like, DenyList):
        return not in_filter(filter_like.deny, name)
    if isinstance(filter_like, Collection):
        return name in filter_like
    raise InvalidFilterError(filter_like)


def is_filter_empty(filter_like: Filter) -> bool:
    """Whether the filter matches nothing. Raises: InvalidFilterError."""
    if isinstance(filter_like, DenyList):
        return in_filter(filter_like.deny, _NO_NAME)
    if isinstance(filter_like, str):
        return False
    if isinstance(filter_like, bool | Collection):
        return not filter_like
    raise InvalidFilterError(filter_like)


def union_filters(a: Filter, b: Filter) -> Filter:
    """The filter that matches what `a` or `b` matches."""
    return _negated(_intersection(_signed(_negated(a)), _signed(_negated(b))))


def intersect_filters(a: Filter, b: Filter) -> Filter:
    """The filter that matches what both `a` and `b` match."""
    return _simplified(_intersection(_signed(a), _signed(b)))


def subtract_filters(a: Filter, b: Filter) -> Filter:
    """The filter that matches what `a` matches and `b` does not."""
    return intersect_filters(a, _negated(b))


# A filter in normal form is (positive, names): it matches the names, or all others.
_Signed = tuple[bool, frozenset[str]]


def _signed(filter_like: Filter | _Signed) -> _Signed:
    if isinstance(filter_like, tuple) and len(filter_like) == 2 and isinstance(filter_like[1], frozenset):
        return filter_like  # type: ignore[return-value]
    if isinstance(filter_like, DenyList):
        positive, names = _signed(filter_like.deny)
        return not positive, names
    if isinstance(filter_like, str):
        return True, frozenset([filter_like])
    if isinstance(filter_like, bool):
        return not filter_like, frozenset()
    if isinstance(filter_like, Collection):
        return True, frozenset(filter_like)  # type: ignore[arg-type]
    raise InvalidFilterError(filter_like)


def _intersection(a: _Signed, b: _Signed) -> _Signed:
    if a[0] and b[0]:
        return True, a[1] & b[1]
    if a[0]:
        return True, a[1] - b[1]
    if b[0]:
        return True, b[1] - a[1]
    return False, a[1] | b[1]


def _negated(filter_like: Filter | _Signed) -> Filter:
    positive, names = _signed(filter_like)
    return _simplified((not positive, names))


def _simplified(signed: _Signed) -> Filter:
    positive, names = signed
    if positive:
        return set(names)
    return DenyList(names) if names else True


def group_collections(xs: Mapping[str, Any], filters: Sequence[Filter]) -> tuple[dict[str, Any], ...]:
    """One dict of collections for each filter; a collection goes to the first filter that matches it.

    Dicts inside are copied, arrays are not; a collection that no filter matches is left out.
    """
    groups: list[dict[str, Any]] = [{} for _ in filters]
    for name, collection in xs.items():
        for filter_like, group in zip(filters, groups, strict=True):
            if in_filter(filter_like, name):
                group[name] = _copied(collection)
                break
    return tuple(groups)


def _copied(tree: Any) -> Any:
    """The tree with its dicts copied, their keys in the order that they have."""
    if type(tree) is dict:
        return {key: _copied(entry) for key, entry in tree.items()}
    return jax.tree_util.tree_map(lambda x: x, tree)


def hashable_filter(filter_like: Filter) -> tuple[bool, frozenset[str]]:
    """The filter's normal form: equal for filters that match the same names."""
    return _signed(filter_like)
