"""Whether a lift is linear in some operands: JAX finds out by transposing what a function is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from jax import lax
from jax.extend.core import Primitive

from stablelift.lowering import jax_compat
from stablelift.lowering.dependence import Dependence, Flags
from stablelift.lowering.primitive import lift_p

_OF_TWO = (lax.mul_p, lax.dot_general_p, lax.conv_general_dilated_p)
"""Products: linear in either operand, and not in both."""

_CALLEES_KNOWN = (
    *("lift.call", "lift.remat", "lift.vmap", "lift.scan", "lift.while", "lift.switch"),
    *("lift.jvp", "lift.vjp", "lift.pvary", "lift.psum_invariant", "lift.no_derivative"),
)


def require_linear(params: dict[str, Any], operands: Flags) -> None:
    """Refuse a lift that is not linear in the operands whose flag is set.

    Raises:
      NotImplementedError: It is not, as from JAX's transposition.
    """
    _Linearity().of_equation(lift_p, params, operands)


@dataclass(frozen=True)
class _Linearity(Dependence):
    """What depends on the inputs whose flag is set; where it is not linear in them, that is an error."""

    def of_equation(self, primitive: Primitive, params: dict[str, Any], operands: Flags) -> Flags | None:
        if not any(operands):
            return None
        if primitive is lift_p:
            if params["op"] not in _CALLEES_KNOWN:
                _refuse(params["op"])
        elif not jax_compat.has_transpose(primitive) or primitive in _OF_TWO and all(operands):
            _refuse(primitive.name)
        elif (called := jax_compat.called_by(primitive, params)) is not None:
            return self.results(called, operands)
        elif primitive in _AS_LIFTS:
            return super().of_equation(lift_p, _AS_LIFTS[primitive](params), operands)
        return super().of_equation(primitive, params, operands)


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
