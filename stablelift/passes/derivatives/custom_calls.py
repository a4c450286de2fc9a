"""Derivatives of calls of XLA's own targets, by the target's name."""

from __future__ import annotations

from stablelift.ir import hlo
from stablelift.ir.callback import CALLBACKS, primitive_of
from stablelift.ir.location import error_at
from stablelift.ir.policy import PLACEMENT
from stablelift.ir.tensor import Tensor
from stablelift.passes.derivatives.table import LinearMap, linear_maps, transposition
from stablelift.passes.derivatives.windows import Windows


@linear_maps("stablehlo.custom_call")
def custom_call(op, y, *operands):
    """No derivative is known of what a library computes: keep the JAX primitive, whose own rule serves."""
    target = op.call_target_name.value
    if target == "ApproxTopK" and len(operands) == 4:
        return _approx_top_k(op, operands[0]), None, None, None
    if target == "Sharding":
        return _placed_like(op)
    if target == PLACEMENT:  # what waits for the reverse elsewhere; its tangent stays where it is
        return LinearMap(lambda t: t, lambda ct: ct)
    if target in CALLBACKS:
        what = f"`{primitive_of(op)}` has no derivative: what a Python function computes is not known"
        raise error_at(op, what, hint="give the function that calls it a rule (custom_jvp, custom_vjp)")
    hint = "keep the call out of the differentiated function, or give that a rule of its own (custom_vjp)"
    raise error_at(op, f"no derivative rule for a call of `{target}`", hint=hint)


def _approx_top_k(op, x: Tensor) -> LinearMap:
    """The second result is where along the axis each chosen element stood."""
    settings = {entry.name: entry.attr for entry in op.attributes["mhlo.backend_config"]}
    chosen = Windows.along(x, settings["reduction_dim"].value, Tensor(op.operation.results[1]))
    return LinearMap(chosen.read, lambda ct: chosen.add_to(hlo.zeros_like(x), ct))


def _placed_like(op) -> LinearMap:
    """A tangent is placed on the devices as its primal is."""

    def place(t: Tensor) -> Tensor:
        return hlo.remake(op, [t], types=[t.type])[0]

    return LinearMap(place, place)


@transposition("sdy.sharding_constraint")
def sharding_constraint(op, ct):
    return hlo.remake(op, [ct])[0]
