"""Which devices a function is for, where it says so itself: JAX learns it from a constraint that constrains
nothing.

JAX looks for meshes in what it compiles, and does not look into our primitives.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import jax
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from stablelift.lowering import jax_compat
from stablelift.lowering.jax_compat import Jaxpr


def devices_of(jaxprs: Iterable[Jaxpr]) -> Mesh | None:
    """The mesh that functions speak of: of `shard_map` in them, or of constraints."""
    return next((mesh for jaxpr in jaxprs for mesh in jax_compat.meshes_of(jaxpr)), None)


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
