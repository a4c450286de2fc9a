"""Whether a lift is linear in some operands: asked before it is transposed, for the reverse mode of what is
not linear answers another question.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
from jax import lax
from jax.extend.core import Primitive

from stablelift.lowering import jax_compat
from stablelift.lowering.dependence import Dependence, Flags
from stablelift.lowering.primitive import LINEAR_IN, Recursive, lift_p

_LINEAR = {
    *(
        getattr(lax, f"{name}_p")
        for name in (
            *("add", "broadcast_in_dim", "complex", "concatenate", "conj", "copy", "cumsum", "fft", "imag"),
            *("neg", "pad", "real", "reduce_precision", "reduce_sum", "reduce_window_sum", "reshape", "rev"),
            *("slice", "split", "squeeze", "sub", "transpose"),
        )
    ),
    *(jax_compat.add_any_p, jax_compat.name_p, jax_compat.pvary_p, jax_compat.sharding_constraint_p),
    *(jax_compat.psum_p, jax_compat.psum_invariant_p, jax_compat.ppermute_p, jax_compat.all_gather_p),
    *(jax_compat.all_to_all_p, jax_compat.reduce_scatter_p, lax.optimization_barrier_p),
}
"""Linear in all operands together; what is added that does not depend on them, JAX lets pass as well."""

_OF_TWO = (lax.mul_p, lax.dot_general_p, lax.conv_general_dilated_p)
"""Products: linear in either operand, and not in both."""

_PLACES: dict[Primitive, Callable[[dict[str, Any], int], range | tuple[int, ...]]] = {
    lax.div_p: lambda params, count: (0,),
    lax.select_n_p: lambda params, count: range(1, count),
    lax.dynamic_slice_p: lambda params, count: (0,),
    lax.dynamic_update_slice_p: lambda params, count: (0, 1),
    lax.gather_p: lambda params, count: (0,),
    lax.scatter_p: lambda params, count: (0, 2),
    lax.scatter_add_p: lambda params, count: (0, 2),
    lax.linalg.triangular_solve_p: lambda params, count: (1,),
    jax_compat.linear_solve_p: lambda params, count: range(sum(params["const_lengths"]), count),
}
"""By primitive the places of the operands that it is linear in together, of so many."""

_LIFTS = {
    *("lift.call", "lift.remat", "lift.vmap", "lift.scan", "lift.switch", "lift.no_derivative"),
    *("lift.jvp", "lift.vjp", "lift.pvary", "lift.psum_invariant"),
}
"""Linear if what they call is: so are derivatives in a part of the point, if that is linear in it."""

_MOVED = {"lift.jvp": "wrt", "lift.vjp": "of"}
"""The attributes with a position for each tangent or cotangent; derivatives are linear in these as well."""


def require_linear(params: dict[str, Any], operands: Flags) -> None:
    """Refuse a lift that is not linear in the operands whose flag is set, or of which that is not known.

    Raises:
      NotImplementedError: It is refused; as from JAX's transposition.
    """
    _Linearity().of_equation(lift_p, params, operands)


@dataclass(frozen=True)
class _Linearity(Dependence):
    """What depends on the inputs whose flag is set; where it is not linear in them, that is an error."""

    def of_equation(self, primitive: Primitive, params: dict[str, Any], operands: Flags) -> Flags | None:
        if not any(operands):
            return None
        if primitive is lift_p:
            return self._of_lift(params, operands)
        if primitive in (jax_compat.jit_p, jax_compat.remat_p):
            return self.results(jax_compat.close(params["jaxpr"]), operands)
        if primitive in _AS_LIFTS:
            return self._of_lift(_AS_LIFTS[primitive](params), operands)
        if not _is_linear(primitive, params, operands):
            _refuse(primitive.name)
        return None

    def _of_lift(self, params: dict[str, Any], operands: Flags) -> Flags | None:
        op, attributes = params["op"], dict(params["attributes"])
        if op not in _LIFTS or isinstance(params["callees"], Recursive):
            _refuse(op)
        if op == "lift.switch" and operands[0]:
            _refuse(op)
        if op in _MOVED:
            primals = len(operands) - len(attributes[_MOVED[op]])
            if any(operands[:primals]) and any(operands[primals:]):
                _refuse(op)
        return super().of_equation(lift_p, params, operands)


def _is_linear(primitive: Primitive, params: dict[str, Any], operands: Flags) -> bool:
    if primitive in _OF_TWO:
        return not all(operands)
    if primitive is lax.convert_element_type_p:
        return jnp.issubdtype(params["new_dtype"], jnp.inexact)
    if primitive in LINEAR_IN:
        return not any(operands[: len(operands) - len(params[LINEAR_IN[primitive]])])
    if primitive in _PLACES:
        places = _PLACES[primitive](params, len(operands))
        return not any(flag and place not in places for place, flag in enumerate(operands))
    return primitive in _LINEAR


def _as_scan(params: dict[str, Any]) -> dict[str, Any]:
    constants, carried = jax_compat.scan_counts(params)
    attributes = {"num_consts": constants, "num_carry": carried}
    return {"op": "lift.scan", "callees": {"callee": params["jaxpr"]}, "attributes": attributes}


def _as_switch(params: dict[str, Any]) -> dict[str, Any]:
    return {"op": "lift.switch", "callees": {"branches": params["branches"]}, "attributes": {}}


_AS_LIFTS = {jax_compat.scan_p: _as_scan, jax_compat.cond_p: _as_switch}
"""JAX's own loops and branches, as what holds for ours."""


def _refuse(name: str) -> None:
    raise NotImplementedError(
        f"the transpose of a function that is not linear: it applies `{name}` to what it is to be linear in"
    )
