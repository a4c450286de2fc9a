"""Which devices a function is for, where it says so itself: JAX learns it from a constraint that constrains
nothing.

JAX looks for meshes in what it compiles, and does not look into our primitives.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import jax
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from stablelift.lowering import jax_compat
from stablelift.lowering.jax_compat import Jaxpr
from stablelift.lowering.jaxprs import jaxprs_in


def devices_of(jaxprs: Iterable[Jaxpr]) -> Mesh | None:
    """The mesh that functions speak of: of `shard_map` in them, or of constraints."""
    return next((mesh for jaxpr in jaxprs for mesh in _meshes_of(jaxpr)), None)


_meshes: WeakKeyDictionary[Any, list[Mesh]] = WeakKeyDictionary()


def _meshes_of(jaxpr: Jaxpr) -> list[Mesh]:
    """The meshes of devices that a jaxpr speaks of by name."""
    body = jax_compat.opened(jaxpr)
    if body not in _meshes:  # equal layers share theirs
        _meshes[body] = _meshes_in(body)
    return _meshes[body]


def _meshes_in(jaxpr: Any) -> list[Mesh]:
    found: list[Any] = []
    for eqn in jaxpr.eqns:
        params = eqn.params
        if eqn.primitive is jax_compat.shard_map_p:
            found.append(params["mesh"])
        elif eqn.primitive is jax_compat.sharding_constraint_p:
            found.append(getattr(params["sharding"], "mesh", None))
        else:
            found += [
                mesh for value in params.values() for below in jaxprs_in(value) for mesh in _meshes_of(below)
            ]
    return [mesh for mesh in found if isinstance(mesh, Mesh)]


def on_devices(mesh: Mesh | None, leaves: Sequence[Any]) -> Sequence[Any]:
    """The arguments of a function for the devices of `mesh`, such that what is being traced is for those too.

    Inside of a part that each of them runs, outside of traces and without a mesh they are left as they are.
    """
    if mesh is None or not any(map(jax_compat.is_tracer, leaves)) or jax_compat.surroundings():
        return leaves
    first, *others = leaves
    # A scalar can only be whole on each device.
    spec = PartitionSpec(*[PartitionSpec.UNCONSTRAINED] * first.ndim)
    return [jax.lax.with_sharding_constraint(first, NamedSharding(mesh, spec)), *others]
