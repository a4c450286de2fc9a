"""What each device of a mesh runs on its own, as inside of `shard_map` and `pmap`, with lifts in it.

There JAX's abstract values know the mesh, and the axes along which a value differs from device to device.
None of that outlives tracing: it is taken out of the jaxprs before they are lowered, and only what matters
for derivatives stays, as ops: a value that is the same on all devices becomes one of each device by
`lift.pvary`, whose transpose is a sum over the devices, and back by `lift.psum_invariant`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
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
        return _plain(value, checks_varying)


def _plain(value: Any, checks_varying: bool) -> Any:
    """The same with abstract values that know of no mesh. Equal jaxprs stay one.

    Derivative rules of users that are not traced yet will be traced as they would have been.
    """
    seen: dict[int, Any] = {}

    def plain(value: Any) -> Any:
        if jax_compat.is_array(value):
            return jax_compat.plain_aval(value)
        if type(value) in (tuple, list):
            return type(value)(map(plain, value))
        if isinstance(value, dict):
            return type(value)({key: plain(entry) for key, entry in value.items()})
        return plain_jaxpr(value) if jax_compat.is_jaxpr(value) else value

    def plain_jaxpr(jaxpr: Any) -> Any:
        if id(jaxpr) not in seen:
            found = jax_compat.with_body(jaxpr, of_equations(jax_compat.opened(jaxpr)))
            seen[id(jaxpr)] = found, jaxpr  # which is kept, lest its id be given to another
        return seen[id(jaxpr)][0]

    def of_equations(jaxpr: Any) -> Any:
        known: dict[Any, Any] = {}

        def of(atom: Any) -> Any:
            if jax_compat.is_literal(atom):
                return atom
            if jax_compat.is_dropped(atom):
                return jax_compat.variable(plain(atom.aval), dropped=True)
            return known.setdefault(atom, jax_compat.variable(plain(atom.aval)))

        ins, constants = list(map(of, jaxpr.invars)), list(map(of, jaxpr.constvars))
        equations: list[Any] = []
        for eqn in jaxpr.eqns:
            params = {key: plain(entry) for key, entry in eqn.params.items()}
            for key in _RULES_OF_USERS & params.keys():
                params[key] = _InContext(params[key], eqn, checks_varying, plain)
            atoms = map(of, eqn.invars), map(of, eqn.outvars)
            equations.append(_as_lift(jax_compat.equation(*atoms, params, eqn)))
        return jaxpr.replace(
            constvars=constants,
            invars=ins,
            outvars=list(map(of, jaxpr.outvars)),
            eqns=equations,
            debug_info=jaxpr.debug_info,
        )

    return plain(value)


_RULES_OF_USERS = {"jvp_jaxpr_fun", "fwd_jaxpr_thunk"}


@dataclass(frozen=True, eq=False)
class _InContext:
    """A derivative rule that is traced when it is asked for: in the context of its equation, then made
    plain.
    """

    rule: Any
    equation: Any
    checks_varying: bool
    plain: Callable[[Any], Any]

    @property
    def debug_info(self) -> Any:
        return self.rule.debug_info

    def call_wrapped(self, *args: Any) -> tuple[Any, ...]:
        with jax_compat.context_of(self.equation, self.checks_varying):
            rule, *others = self.rule.call_wrapped(*args)
        return self.plain(rule), *others


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
