"""What each device of a mesh runs on its own, as inside of `shard_map` and `pmap`, with lifts in it.

There JAX's abstract values know the mesh, and the axes along which a value differs from device to device.
None of that outlives tracing: it is taken out of the jaxprs before they are lowered, and only what matters
for derivatives stays, as ops: a value that is the same on all devices becomes one of each device by
`lift.pvary`, whose transpose is a sum over the devices, and back by `lift.psum_invariant`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stablelift.ir.mesh import CHECKS_VARYING, MANUAL
from stablelift.ir.mlir import ir
from stablelift.lowering import jax_compat
from stablelift.lowering.jax_compat import Jaxpr
from stablelift.lowering.primitive import lift_p
from stablelift.lowering.table import lowers

_AS_LIFTS = {
    jax_compat.pvary_p: "lift.pvary",
    jax_compat.psum_invariant_p: "lift.psum_invariant",
}


def without_meshes(value: Any, checks_varying: bool) -> Any:
    """A jaxpr, abstract values, or an equation's parameters as they would be in a plain function.

    `checks_varying` says whether JAX kept account of what differs from device to device.
    """
    with jax_compat.outside_meshes():
        return jax_compat.without_meshes(value, _as_lift, checks_varying)


def _as_lift(equation: Any) -> Any:
    """The casts between the same value and one of each device, which JAX only has on meshes, as lifts."""
    if equation.primitive not in _AS_LIFTS:
        return equation
    params = {
        "op": _AS_LIFTS[equation.primitive],
        "name": equation.primitive.name,
        "callees": (),
        "attributes": (("axis_name", tuple(equation.params["axes"])),),
        "out_avals": tuple(var.aval for var in equation.outvars),
    }
    return equation.replace(primitive=lift_p, params=params)


@lowers(jax_compat.shard_map_p)
def _shard_map(ctx: Any, *args: Any, jaxpr: Jaxpr, **params: Any) -> Sequence[Any]:
    """JAX's own lowering, of the function as a plain one.

    Where there is one device along all axes, that is the function itself, and nothing names the mesh.
    """
    jax_compat.name_mesh(ctx, dict(params["mesh"].shape))
    plain = {**params, "jaxpr": without_meshes(jaxpr, params["check_vma"]), "check_vma": False}
    results = jax_compat.lower_as_jax(jax_compat.shard_map_p, ctx, *args, **plain)
    if params["check_vma"]:
        _mark(results)
    return results


def _mark(results: Sequence[Any]) -> None:
    """Note on the op, if there is one, that its function says where values become the same on all devices."""
    for owner in (result.owner for result in results):
        if getattr(owner, "name", None) == MANUAL:
            owner.attributes[CHECKS_VARYING] = ir.UnitAttr.get(owner.context)
