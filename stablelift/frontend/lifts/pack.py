"""Packing: variables and random streams of scopes as arguments and results of a pure function.

Every lift goes through here. `Packed` takes the variables and streams that the lift's filters name out of the
scopes; `run` rebuilds scopes from them inside the transformed function and collects what the body wrote;
`publish` writes that back. Source: the protocol of Linen's `lift.pack`.
"""

from __future__ import annotations

import contextlib
import functools
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import jax

from stablelift.errors import LiftArgumentError
from stablelift.frontend.boundaries import Boundary
from stablelift.frontend.filters import (
    Filter,
    group_collections,
    in_filter,
    intersect_filters,
    union_filters,
)
from stablelift.frontend.frames import lifted_body
from stablelift.frontend.frozen_dict import freeze
from stablelift.frontend.scope import Scope

# One entry for each filter; in it one dict of collections (or of streams) for each root scope.
Groups = tuple[tuple[dict[str, Any], ...], ...]


class Packed:
    """The scopes of one lifted call, taken apart by filters.

    `scope_tree` is a pytree of scopes (None where a Module is unbound). Only its roots are packed: a scope
    below another one is found again by its path: `paths` has for each leaf of `structure` the number of its
    root and the names from there down. `variable_groups` and `rng_groups` are the packed pytrees.
    Paths in messages show `name`, unless it is None. `draw_outside`, if it is set, has for each root what its
    scopes draw keys with (see `Scope`).
    """

    def __init__(
        self,
        scope_tree: Any,
        in_filters: Sequence[Filter],
        out_filters: Sequence[Filter],
        rng_filters: Sequence[Filter],
        name: str | None,
    ):
        leaves, self.structure = jax.tree_util.tree_flatten(scope_tree)
        self.roots, self.paths = _roots(leaves)
        self.name = name
        self.draw_outside: list[Any] | None = None
        self._in_filters, self._out_filters = tuple(in_filters), tuple(out_filters)
        self._rng_filters = tuple(rng_filters)
        self.out_filter = functools.reduce(union_filters, out_filters, False)
        for root in self.roots:
            root.populate_collections()
        variables = [group_collections(root.tree, in_filters) for root in self.roots]
        streams = [group_collections(root.rngs, rng_filters) for root in self.roots]
        self.variable_groups = self._read_only_frozen(_by_filter(variables, len(in_filters)))
        self.rng_groups = _by_filter(streams, len(rng_filters))

    def _read_only_frozen(self, groups: Groups) -> Groups:
        for group in groups:
            for collections in group:
                for col in collections:
                    if not in_filter(self.out_filter, col):
                        collections[col] = freeze(collections[col])
        return groups

    def mutable(self, root: Scope, also: Filter = True) -> Filter:
        """What is mutable inside: what is outside, what the lift returns, and what `also` allows."""
        return intersect_filters(intersect_filters(root.mutable, self.out_filter), also)

    @property
    def path_text(self) -> str:
        """The path of the first Module that is lifted, for errors."""
        return self.roots[0].path_text if self.roots else "/"

    def run(
        self,
        body: Callable[..., Any],
        variable_groups: Groups,
        rng_groups: Groups,
        *args: Any,
        mutable: Filter = True,
        traced: bool = True,
        **kwargs: Any,
    ) -> tuple[Any, Groups]:
        """`body(scopes, *args, **kwargs)` on scopes made of the groups: its value, and the groups it leaves.

        `mutable` narrows what the body may write. A body that is not `traced` runs in the frame of its
        caller.
        """
        with self._frame() if traced else contextlib.nullcontext():
            inner = [
                self._inner_root(number, variable_groups, rng_groups, mutable)
                for number in range(len(self.roots))
            ]
            try:
                value = body(self.structure.unflatten(self._scopes_below(inner)), *args, **kwargs)
                return value, self._written(inner)
            finally:
                for root in inner:
                    root.invalidate()

    def scopes(self, variable_groups: Groups, rng_groups: Groups, mutable: Filter = True) -> Any:
        """Scopes made of the groups, in the structure of those that were packed."""
        inner = [
            self._inner_root(number, variable_groups, rng_groups, mutable)
            for number in range(len(self.roots))
        ]
        return self.structure.unflatten(self._scopes_below(inner))

    def repacked(self, scope_tree: Any) -> Groups:
        """The groups that such scopes leave, which are invalid from now on."""
        found: dict[int, Scope] = {}
        for (number, path), scope in zip(self.paths, self.structure.flatten_up_to(scope_tree), strict=True):
            if not path:
                found.setdefault(number, scope)
        inner = [found[number] for number in range(len(self.roots))]
        for root in inner:
            root.invalidate()
        return self._written(inner)

    def _frame(self) -> contextlib.AbstractContextManager[None]:
        path = "/".join(self._debug_path(self.roots[0])) if self.roots else self.name or ""
        return lifted_body(f"/{path}", frozenset(id(root.root.tree) for root in self.roots))

    def publish(self, groups: Groups) -> None:
        """Write what a run left into the outer scopes, where the collection is mutable."""
        for group in groups:
            for root, collections in zip(self.roots, group, strict=True):
                for col, variables in collections.items():
                    if root.is_mutable_collection(col):
                        for name, value in variables.items():
                            root.put_variable(col, name, value)

    def _inner_root(self, number: int, variable_groups: Groups, rng_groups: Groups, mutable: Filter) -> Scope:
        """A fresh root scope with the counters of the outer one: keys go on across the boundary."""
        outer = self.roots[number]
        variables = {col: xs for group in variable_groups for col, xs in group[number].items()}
        inner = Scope(
            jax.tree_util.tree_map(lambda x: x, variables),
            {stream: rng for group in rng_groups for stream, rng in group[number].items()},
            name=outer.name,
            mutable=self.mutable(outer, mutable),
            path=outer.path,
            debug_path=self._debug_path(outer),
            flags=outer.flags,
        )
        inner.rng_counters = outer.rng_counters
        inner.draw_outside = self.draw_outside[number] if self.draw_outside else None
        inner.boundary = outer.root.boundary
        if self.name is not None:
            collections = (*self._in_filters, *self._out_filters)
            inner.boundary = Boundary(self.name, outer, collections, self._rng_filters)
        return inner

    def _debug_path(self, outer: Scope) -> tuple[str, ...]:
        if self.name is None:
            return outer.debug_path
        above, last = outer.debug_path[:-1], outer.debug_path[-1:] or ("",)
        return (*above, f"{self.name}({last[0]})")

    def _scopes_below(self, inner: list[Scope]) -> list[Scope]:
        """The scope of each leaf: its root, or a scope pushed below it."""
        scopes = []
        for number, path in self.paths:
            scope = inner[number]
            for name in path:
                scope = scope.push(name, reuse=True)
            scopes.append(scope)
        return scopes

    def _written(self, inner: list[Scope]) -> Groups:
        groups = [group_collections(root.mutable_variables(), self._out_filters) for root in inner]
        return _by_filter(groups, len(self._out_filters))


def pack(
    fn: Callable[..., tuple[Any, Groups]],
    in_filters: Sequence[Filter],
    out_filters: Sequence[Filter],
    rng_filters: Sequence[Filter],
    name: str | None,
    enable_kwargs: bool = False,
) -> Callable[..., Any]:
    """`fn(packed, *args)`, which returns a value and groups, as a function of `(scope_tree, *args)`.

    The groups are published. Keyword arguments are dropped with a RuntimeWarning, unless enabled.
    """

    def lifted(scope_tree: Any, *args: Any, **kwargs: Any) -> Any:
        if kwargs and not enable_kwargs:
            ignored = ", ".join(f"`{key}`" for key in kwargs)
            warnings.warn(
                f"`{name}` ignores keyword arguments: {ignored}; pass them by position",
                RuntimeWarning,
                stacklevel=3,
            )
            kwargs = {}
        packed = Packed(scope_tree, in_filters, out_filters, rng_filters, name)
        value, groups = fn(packed, *args, **kwargs)
        packed.publish(groups)
        return value

    return lifted


def pack_groups(
    fn: Callable[..., Any],
    in_variable_filters: Sequence[Filter],
    out_variable_filters: Sequence[Filter],
    rng_filters: Sequence[Filter],
    name: str | None = None,
    enable_kwargs: bool = False,
) -> Callable[..., Any]:
    """A lift of one's own: `fn(scope_fn, repack_fn, variable_groups, rng_groups, *args)`, on scopes.

    `scope_fn(variable_groups, rng_groups, mutable=True)` makes scopes of groups, in the structure of those
    that were lifted; `repack_fn(scopes)` gives the groups that they leave, one for each of
    `out_variable_filters`. `fn` returns a value and such groups.
    """

    def run(packed: Packed, *args: Any, **kwargs: Any) -> tuple[Any, Groups]:
        return fn(packed.scopes, packed.repacked, packed.variable_groups, packed.rng_groups, *args, **kwargs)

    lifted = pack(run, in_variable_filters, out_variable_filters, rng_filters, name, enable_kwargs)
    return functools.wraps(fn)(lifted)


_NO_ARRAY = "make it a field of the Module, or let the lifted function close over it"


def check_arrays(name: str, packed: Packed, args: Any, hint: str = _NO_ARRAY) -> None:
    """Raises: LiftArgumentError if a leaf of the arguments is no array and no number."""
    for path, leaf in jax.tree_util.tree_leaves_with_path(args):
        if not hasattr(leaf, "dtype") and not isinstance(leaf, bool | int | float | complex):
            where = jax.tree_util.keystr(path, simple=True, separator="/")
            raise LiftArgumentError(
                f"argument {where} of `{name}` of `{packed.path_text}` is no array: {leaf!r}",
                hint=hint,
            )


def _by_filter(by_root: Sequence[Sequence[dict[str, Any]]], filters: int) -> Groups:
    return tuple(tuple(groups[number] for groups in by_root) for number in range(filters))


def _roots(scopes: Sequence[Scope]) -> tuple[list[Scope], list[tuple[int, tuple[str, ...]]]]:
    """The scopes without an ancestor among `scopes`; for each scope, its root's number and the path down."""
    given = set(scopes)
    tops = [_topmost(scope, given) for scope in scopes]
    roots = list(dict.fromkeys(top for top, _ in tops))
    return roots, [(roots.index(top), path) for top, path in tops]


def _topmost(scope: Scope, given: set[Scope]) -> tuple[Scope, tuple[str, ...]]:
    """The highest ancestor of `scope` among `given` (itself if none), and the names from there down."""
    top, path, names = scope, (), ()
    above: Scope | None = scope
    while above is not None:
        if above in given:
            top, path = above, names
        names = (above.name or "", *names)
        above = above.parent
    return top, path
