"""Partitioned: a box that says over which axis of a mesh each axis of its array is spread."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping
from typing import Any, Self

import jax
from jax.sharding import AbstractMesh, Mesh, NamedSharding, PartitionSpec

from stablelift.errors import PartitioningUnspecifiedError
from stablelift.frontend.meta.boxes import AxisMetadata, is_axis_metadata

PARTITION_NAME = "partition_name"
"""The key of `metadata_params` under which a lift names the mesh axis of the axis that it adds."""

Names = tuple[Any, ...]


def get_global_mesh() -> AbstractMesh | Mesh | None:
    """The mesh that is set around the call, None if there is none."""
    mesh = jax.sharding.get_abstract_mesh()
    return None if mesh.empty else mesh


def global_mesh_defined() -> bool:
    """Whether a mesh is set around the call."""
    return get_global_mesh() is not None


@functools.partial(
    jax.tree_util.register_dataclass, data_fields=["value"], meta_fields=["names", "mesh"]
)
@dataclasses.dataclass(frozen=True)
class Partitioned(AxisMetadata):
    """An array, and for each of its axes a name of a mesh axis, several, or None to replicate.

    `vmap` and `scan` insert the name of the axis that they add: `metadata_params={nn.PARTITION_NAME: name}`,
    where None stands for one that is replicated.
    """

    value: Any
    names: Names
    mesh: Mesh | AbstractMesh | None = None

    def unbox(self, apply_constraint: bool = True) -> Any:
        """The array, constrained to its sharding where the box has a mesh or one is set."""
        if not apply_constraint or self.mesh is None and not global_mesh_defined():
            return self.value
        spec = self.get_partition_spec()
        return jax.lax.with_sharding_constraint(
            self.value, spec if self.mesh is None else NamedSharding(self.mesh, spec)
        )

    def replace(self, **changes: Any) -> Self:
        """The box with fields changed."""
        return dataclasses.replace(self, **changes)

    def replace_boxed(self, val: Any) -> Self:
        """The same box around another array."""
        return self.replace(value=val)

    def add_axis(self, index: int, params: Mapping[Any, Any]) -> Self:
        """The box after a lift stacked its array on axis `index`, which may count from the end.

        Raises: PartitioningUnspecifiedError without a name for the axis.
        """
        names = list(self.names)
        place = index + len(names) + 1 if index < 0 else index
        names += [None] * (place - len(names))
        names.insert(place, self._name_of_axis(params))
        return self.replace(names=tuple(names))

    def remove_axis(self, index: int, params: Mapping[Any, Any]) -> Self:
        """The box as one instance of a lift along axis `index` sees it.

        Raises: PartitioningUnspecifiedError without a name for the axis, ValueError if it has another one.
        """
        names, name = list(self.names), self._name_of_axis(params)
        found = names.pop(index)
        if found != name:
            raise ValueError(
                f"axis {index} of a variable partitioned as {self.names} is {found!r}, "
                f"the lift's `metadata_params` call it {name!r}"
            )
        return self.replace(names=tuple(names))

    def _name_of_axis(self, params: Mapping[Any, Any]) -> Any:
        if PARTITION_NAME not in params:
            raise PartitioningUnspecifiedError(self)
        return params[PARTITION_NAME]

    def get_partition_spec(self) -> PartitionSpec:
        """The names as a PartitionSpec."""
        return PartitionSpec(*self.names)

    def get_sharding(self, mesh: Mesh | AbstractMesh) -> NamedSharding:
        """The sharding over `mesh`."""
        return NamedSharding(mesh, self.get_partition_spec())


def with_partitioning(
    fn: Callable[..., Any], names: Names, mesh: Mesh | AbstractMesh | None = None
) -> Callable[..., Partitioned]:
    """The initializer `fn`, with its array in a Partitioned box."""

    @functools.wraps(fn)
    def boxed(*args: Any, **kwargs: Any) -> Partitioned:
        return Partitioned(fn(*args, **kwargs), names, mesh=mesh)

    return boxed


def get_partition_spec(tree: Any) -> Any:
    """A PartitionSpec for each variable of a tree: of its box, or of an array that is replicated.

    It takes what `jax.eval_shape(model.init, ...)` returns, so that nothing needs to be computed first. What
    is no array becomes None.
    """
    return jax.tree_util.tree_map(_spec_of, tree, is_leaf=is_axis_metadata)


def get_sharding(tree: Any, mesh: Mesh | AbstractMesh) -> Any:
    """A NamedSharding over `mesh` for each variable of a tree, see `get_partition_spec`."""

    def of(x: Any) -> Any:
        if hasattr(x, "get_sharding"):
            return x.get_sharding(mesh)
        spec = _spec_of(x)
        return None if spec is None else NamedSharding(mesh, spec)

    return jax.tree_util.tree_map(of, tree, is_leaf=is_axis_metadata)


def _spec_of(x: Any) -> PartitionSpec | None:
    if hasattr(x, "get_partition_spec"):
        return x.get_partition_spec()
    return PartitionSpec() if hasattr(x, "shape") else None
