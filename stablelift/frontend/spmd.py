"""Logical partitioning: names for the axes of arrays, and rules that map them to the axes of a mesh."""

from __future__ import annotations

import contextlib
import dataclasses
import enum
import functools
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax
from jax.sharding import AbstractMesh, Mesh, NamedSharding, PartitionSpec

from stablelift.frontend.meta.partitioned import Names, Partitioned, global_mesh_defined
from stablelift.frontend.neighbours import neighbours

__all__ = [
    "LogicallyPartitioned",
    "RulesFallback",
    "get_logical_axis_rules",
    "logical_axis_rules",
    "logical_to_mesh",
    "logical_to_mesh_axes",
    "logical_to_mesh_sharding",
    "set_logical_axis_rules",
    "with_logical_constraint",
    "with_logical_partitioning",
]

# Pairs of a logical name and a mesh axis, several axes or None, in the order in which they are tried.
Rules = Sequence[tuple[str, Any]]

UNCONSTRAINED = PartitionSpec.UNCONSTRAINED
_UNASSIGNED = object()


class _Current(threading.local):
    rules: Rules = ()


_current = _Current()


def set_logical_axis_rules(rules: Rules) -> None:
    """Set the rules of this thread."""
    _current.rules = rules


def get_logical_axis_rules() -> Rules:
    """The rules of this thread."""
    return _current.rules


@contextlib.contextmanager
def logical_axis_rules(rules: Rules) -> Iterator[None]:
    """Set the rules of this thread meanwhile."""
    outer = _current.rules
    _current.rules = rules
    try:
        yield
    finally:
        _current.rules = outer


def logical_to_mesh_axes(
    array_dim_names: Sequence[Any] | None, rules: Rules | None = None
) -> PartitionSpec | None:
    """The mesh axes of an array whose axes have these logical names; None for no names at all.

    Rules are tried in order. One applies if its name occurs, has no mesh axis yet, and the rule's mesh axis
    is still free; an axis to which none applies is replicated.
    Raises: ValueError if a name occurs twice.
    """
    axes = _assigned(array_dim_names, rules)
    if axes is None:
        return None
    return PartitionSpec(*(None if axis is _UNASSIGNED else axis for axis in axes))


def _assigned(names: Sequence[Any] | None, rules: Rules | None) -> list[Any] | None:
    """The mesh axis of each name, `_UNASSIGNED` where no rule applies."""
    if names is None:
        return None
    rules = get_logical_axis_rules() if rules is None else rules
    if not isinstance(rules, tuple | list):
        raise ValueError(f"logical axis rules are a list of pairs, found {type(rules).__name__}")
    twice = [name for name in dict.fromkeys(names) if isinstance(name, str) and list(names).count(name) > 1]
    if twice:
        raise ValueError(f"logical axis names {twice} occur more than once in {tuple(names)}")
    axes = [_UNASSIGNED if isinstance(name, str) else name for name in names]
    for name, axis in rules:
        if name in names:
            place = list(names).index(name)
            if axes[place] is _UNASSIGNED and not _mesh_axes(axis) & _mesh_axes(axes):
                axes[place] = axis
    return axes


def _mesh_axes(axes: Any) -> set[Any]:
    return set(jax.tree_util.tree_leaves(axes)) - {UNCONSTRAINED, None, _UNASSIGNED}


def _is_spec(x: Any) -> bool:
    return isinstance(x, PartitionSpec)


def logical_to_mesh(tree: Any, rules: Rules | None = None) -> Any:
    """The tree with mesh axes in place of the logical names of each PartitionSpec."""
    return jax.tree_util.tree_map(lambda names: logical_to_mesh_axes(names, rules), tree, is_leaf=_is_spec)


def logical_to_mesh_sharding(tree: Any, mesh: Mesh | AbstractMesh, rules: Rules | None = None) -> Any:
    """The tree with a sharding over `mesh` in place of each PartitionSpec of logical names."""
    specs = logical_to_mesh(tree, rules)
    return jax.tree_util.tree_map(lambda spec: NamedSharding(mesh, spec), specs, is_leaf=_is_spec)


class RulesFallback(enum.Enum):
    """What a constraint does with a logical name to which no rule applies."""

    AXIS_IS_UNSHARDED = "axis_is_unsharded"
    RAISE_ERROR = "raise_error"
    NO_CONSTRAINT = "no_constraint"


def with_logical_constraint(
    x: Any,
    logical_axis_resources: Any,
    rules: Rules | None = None,
    mesh: Mesh | AbstractMesh | None = None,
    fallback: RulesFallback = RulesFallback.AXIS_IS_UNSHARDED,
) -> Any:
    """Constrain the shardings of a tree of arrays by the logical names of their axes.

    Nothing happens without rules, or without a mesh: `mesh`, or the one that is set.
    Raises: ValueError if `fallback` says so.
    """
    rules = get_logical_axis_rules() if rules is None else rules
    if not rules or logical_axis_resources is None:
        return x

    def constrained(names: Any, array: Any) -> Any:
        return _constrained(array, names, rules, mesh, fallback)

    return jax.tree_util.tree_map(constrained, logical_axis_resources, x, is_leaf=is_names)


def is_names(x: Any) -> bool:
    """Whether this is what names the axes of one array: a tuple of logical names, or None."""
    return x is None or isinstance(x, tuple) and all(
        name is None or name is UNCONSTRAINED or isinstance(name, str) for name in x
    )


def _constrained(array: Any, names: Any, rules: Rules, mesh: Any, fallback: RulesFallback) -> Any:
    axes = _assigned(names, rules)
    if axes is not None and any(axis is _UNASSIGNED for axis in axes):
        if fallback is RulesFallback.RAISE_ERROR:
            raise ValueError(f"no rule applies to one of the logical axis names {tuple(names)}")
        if fallback is RulesFallback.NO_CONSTRAINT:
            return array
    if axes is None or mesh is None and not global_mesh_defined():
        return array
    spec = PartitionSpec(*(None if axis is _UNASSIGNED else axis for axis in axes))
    return jax.lax.with_sharding_constraint(array, spec if mesh is None else NamedSharding(mesh, spec))


@functools.partial(
    jax.tree_util.register_dataclass, data_fields=["value"], meta_fields=["names", "mesh", "rules"]
)
@dataclasses.dataclass(frozen=True, eq=False)
class LogicallyPartitioned(Partitioned):
    """A Partitioned box whose names are logical ones; `rules` go before those of the thread."""

    rules: Rules | None = None

    def unbox(self, apply_constraint: bool = True) -> Any:
        """The array, constrained by its logical names where the box has a mesh or one is set."""
        if not apply_constraint:
            return self.value
        return with_logical_constraint(self.value, self.get_partition_spec(), self.rules, self.mesh)


def with_logical_partitioning(
    fn: Callable[..., Any],
    names: Names,
    mesh: Mesh | AbstractMesh | None = None,
    rules: Rules | None = None,
) -> Callable[..., LogicallyPartitioned]:
    """The initializer `fn`, with its array in a LogicallyPartitioned box."""

    @functools.wraps(fn)
    def boxed(*args: Any, **kwargs: Any) -> LogicallyPartitioned:
        return LogicallyPartitioned(fn(*args, **kwargs), names, mesh=mesh, rules=rules)

    return boxed


__getattr__ = neighbours(__name__)
