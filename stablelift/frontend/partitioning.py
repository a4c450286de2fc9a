"""Linen's older way to name the axes of variables: names that Modules sow beside them, as `params_axes`.

As in `flax.linen.partitioning`, which T5X and its descendants import: `from stablelift import partitioning`.
The newer way is `with_logical_partitioning`, which keeps the names in boxes around the values.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
from jax.sharding import PartitionSpec

from stablelift.frontend.filters import Filter, union_filters
from stablelift.frontend.frozen_dict import FrozenDict
from stablelift.frontend.lifts.axes import In, Out
from stablelift.frontend.lifts.map_variables import map_variables
from stablelift.frontend.lifts.remat import remat_scopes
from stablelift.frontend.lifts.scan import scan
from stablelift.frontend.lifts.transform import LiftedCall, lift_transform
from stablelift.frontend.lifts.vmap import vmap
from stablelift.frontend.module_state import stacks
from stablelift.frontend.neighbours import neighbours
from stablelift.frontend.spmd import RulesFallback, is_names, logical_to_mesh, logical_to_mesh_axes
from stablelift.frontend.spmd import get_logical_axis_rules as get_axis_rules
from stablelift.frontend.spmd import logical_axis_rules as axis_rules
from stablelift.frontend.spmd import set_logical_axis_rules as set_axis_rules
from stablelift.frontend.spmd import with_logical_constraint as with_sharding_constraint
from stablelift.frontend.variables import Variable

__all__ = [
    "AxisMetadata",
    "PartitionedVariable",
    "RulesFallback",
    "ScanIn",
    "ScanOut",
    "axis_rules",
    "get_axis_names",
    "get_axis_rules",
    "logical_to_mesh",
    "logical_to_mesh_axes",
    "param_with_axes",
    "remat",
    "scan_with_axes",
    "set_axis_rules",
    "variable_with_axes",
    "vmap_with_axes",
    "with_sharding_constraint",
]

ScanIn, ScanOut = In, Out


@jax.tree_util.register_static
@dataclasses.dataclass(frozen=True)
class AxisMetadata:
    """The logical names of a variable's axes: a tuple, or a tree of tuples as the variable is one."""

    names: Any

    def replace(self, **changes: Any) -> AxisMetadata:
        return dataclasses.replace(self, **changes)


def param_with_axes(
    name: str,
    init_fn: Callable[..., Any],
    *init_args: Any,
    axes: tuple[str | None, ...] | None = None,
    module: Any = None,
    **init_kwargs: Any,
) -> Any:
    """The parameter `name` of the running Module (or `module`), its sharding constrained by logical `axes`.

    They are sown as `name_axes` in "params_axes", where that is mutable.
    Raises: ValueError if other axes were sown before; what `Module.param` raises.
    """
    module = stacks.modules[-1] if module is None else module
    value = module.param(name, init_fn, *init_args, **init_kwargs)
    if axes is None:
        return value
    _sow(module, "params", name, axes)
    return with_sharding_constraint(value, PartitionSpec(*axes))


class PartitionedVariable(Variable[Any]):
    """A Variable whose sharding is constrained by logical axes, when it is read and when it is set."""

    def __init__(self, variable: Variable[Any], axes: tuple[str | None, ...] | None, fallback: RulesFallback):
        super().__init__(variable.scope, variable.collection, variable.name, unbox=False)
        self.axes, self.fallback = axes, fallback

    @property
    def value(self) -> Any:
        """The value. Setting it raises ModifyScopeVariableError if the collection is immutable."""
        return _constrained(self.scope.get_variable(self.collection, self.name), self.axes, self.fallback)

    @value.setter
    def value(self, value: Any) -> None:
        value = _constrained(value, self.axes, self.fallback)
        self.scope.put_variable(self.collection, self.name, value)


def variable_with_axes(
    collection: str,
    name: str,
    init_fn: Callable[..., Any],
    *init_args: Any,
    axes: tuple[str | None, ...] | None = None,
    module: Any = None,
    fallback: RulesFallback = RulesFallback.AXIS_IS_UNSHARDED,
    **init_kwargs: Any,
) -> PartitionedVariable:
    """The variable `name` of the running Module (or `module`), its sharding constrained by logical `axes`.

    They are sown as `name_axes` in "COLLECTION_axes", where that is mutable.
    Raises: ValueError if other axes were sown before; what `Module.variable` raises.
    """
    module = stacks.modules[-1] if module is None else module

    def init(*args: Any, **kwargs: Any) -> Any:
        return _constrained(init_fn(*args, **kwargs), axes, fallback)

    variable = module.variable(collection, name, init, *init_args, unbox=False, **init_kwargs)
    if axes is not None:
        _sow(module, collection, name, axes)
    return PartitionedVariable(variable, axes, fallback)


def _constrained(value: Any, axes: Any, fallback: RulesFallback) -> Any:
    return value if axes is None else with_sharding_constraint(value, axes, fallback=fallback)


def _sow(module: Any, collection: str, name: str, axes: tuple[str | None, ...]) -> None:
    def one(before: Any, now: Any) -> Any:
        if before and before != now:
            raise ValueError(f"the axes of `{name}` were named {before.names}, and now {now.names}")
        return now

    module.sow(f"{collection}_axes", f"{name}_axes", AxisMetadata(axes), reduce_fn=one)


def get_axis_names(axes_metadata: Mapping[str, Any]) -> FrozenDict:
    """A collection of sown axes as the one they are about: a PartitionSpec of names for each variable."""

    def spec(names: Any) -> Any:
        return None if names is None else PartitionSpec(*names)

    def about(tree: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name.removesuffix("_axes"): jax.tree.map(spec, value.names, is_leaf=is_names)
            if isinstance(value, AxisMetadata)
            else about(value)
            for name, value in tree.items()
        }

    return FrozenDict(about(axes_metadata))


def scan_with_axes(
    target: Any,
    variable_axes: Mapping[Any, Any] = {},
    variable_broadcast: Filter = False,
    *,
    axis_name: str = "layers",
    axes_collections: Sequence[str] = ("params",),
    **options: Any,
) -> Any:
    """`scan` with its options, which also puts `axis_name` among the sown names of `axes_collections`.

    It stands in the names where the collection is stacked in the variables.
    """
    sown = tuple(f"{collection}_axes" for collection in axes_collections)
    shared = union_filters(variable_broadcast, sown)
    scanned = scan(target, variable_axes=variable_axes, variable_broadcast=shared, **options)
    for collection in axes_collections:
        if collection in variable_axes:
            scanned = _with_axis(scanned, variable_axes[collection], axis_name, f"{collection}_axes")
    return scanned


def vmap_with_axes(
    target: Any,
    variable_axes: Mapping[Any, Any],
    *,
    partitioning_axis_names: Mapping[Any, str] = {},
    **options: Any,
) -> Any:
    """`vmap` with its options, which also puts names among the sown ones of the collections they are for."""
    shared = {f"{collection}_axes": None for collection in partitioning_axis_names}
    mapped = vmap(target, variable_axes={**variable_axes, **shared}, **options)
    for collection, axis in variable_axes.items():
        if collection in partitioning_axis_names:
            name = partitioning_axis_names[collection]
            mapped = _with_axis(mapped, axis, name, f"{collection}_axes")
    return mapped


def remat(target: Any, methods: Any = None, **options: Any) -> Any:
    """`remat` with its options, but `static_argnums` do not count the Module: 0 is the argument after it.

    Unnamed instances of a class have another name, as in Linen: `Core_remat_staticDense_0`.
    """
    return lift_transform("core_remat_static", _recomputed, target, methods, **options)


def _recomputed(**options: Any) -> Callable[..., Any]:
    def run(call: LiftedCall, *args: Any, **kwargs: Any) -> Any:
        return remat_scopes(call.body, **options)(call.scopes, *args, **kwargs)

    return run


def _with_axis(target: Any, axis: Any, name: str, collection: str) -> Any:
    """The target with `name` at `axis` among the names in `collection`, which it does not see itself."""
    position = axis.axis if isinstance(axis, In | Out) else axis

    def inserted(names: list[Any]) -> None:
        names.insert(position, name)

    def removed(names: list[Any]) -> None:
        if names[position] != name:
            raise ValueError(f"expected the axis `{name}` at position {position} of the names {names}")
        names.pop(position)

    running = stacks.modules[-1]
    return map_variables(
        target,
        collection,
        trans_in_fn=lambda variables: _edited(removed, variables),
        trans_out_fn=lambda variables: _edited(inserted, variables),
        mutable=running is None or running.is_mutable_collection(collection),
    )


def _edited(edit: Callable[[list[Any]], None], variables: Any) -> Any:
    """The variables with each tuple of names among them edited."""

    def of_names(names: Any) -> Any:
        if names is None:
            return None
        edited = list(names)
        edit(edited)
        return tuple(edited)

    def of_metadata(node: Any) -> Any:
        if not isinstance(node, AxisMetadata):
            return node
        return AxisMetadata(jax.tree.map(of_names, node.names, is_leaf=is_names))

    return jax.tree.map(of_metadata, variables, is_leaf=lambda node: isinstance(node, AxisMetadata))


__getattr__ = neighbours(__name__)
