"""Symbolic sizes, which `jax.export` leaves open: every function takes their values before its arguments.

What a lift calls does so too. The values are constants of a loop, and all examples of a map have them. For
derivatives sizes have to be known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp
from jax import lax

from stablelift.errors import LiftError
from stablelift.ir.mlir import ir
from stablelift.ir.parts import split_by
from stablelift.lowering import jax_compat
from stablelift.lowering.axes import with_axis
from stablelift.lowering.jax_compat import Jaxpr
from stablelift.lowering.loops import while_loop

Callees = dict[str, Any]

_CALLS = {
    f"lift.{name}" for name in ("custom_jvp", "custom_vjp", "foreign", "no_derivative", "random_bits")
}
"""What is a call of its first callee where nothing is mapped or differentiated."""


def with_sizes(
    op: str, args: Sequence[Any], callees: Callees, attributes: dict[str, Any], sizes: Sequence[Any]
) -> tuple[str, list[Any], Callees]:
    """An op, its operands and callees where these take `sizes` first; counts in `attributes` are changed.

    Raises:
      LiftError: The op is a derivative.
    """
    count = len(sizes)
    if op in _CALLS:
        attributes.clear()
        return "lift.call", [*sizes, *args], {"callee": callees["callee"]}
    if op == "lift.switch":
        return op, [args[0], *sizes, *args[1:]], callees
    if op == "lift.while":
        of_cond = attributes["num_cond_consts"]
        attributes["num_cond_consts"] += count
        attributes["num_body_consts"] += count
        return op, [*sizes, *args[:of_cond], *sizes, *args[of_cond:]], callees
    if op == "lift.vmap":
        attributes["in_axes"] = (None,) * count + tuple(attributes["in_axes"])
        if jax_compat.is_symbolic_size(attributes["axis_size"]):
            attributes["axis_size"] = ir.ShapedType.get_dynamic_size()
    elif op == "lift.scan":
        attributes["num_consts"] += count
    elif op not in ("lift.call", "lift.remat"):
        place = jax_compat.user_frame()
        raise LiftError(
            f"{f'{place}: ' if place else ''}error: `{op}` where sizes are symbolic\n"
            "  derivatives are generated for sizes that are known\n"
            "  hint: export with numbers for sizes, or the function without this"
        )
    return op, [*sizes, *args], callees


def needs_buffers(jaxpr: Jaxpr, attributes: dict[str, Any]) -> bool:
    """Whether how long a loop is, or what it scans or stacks, has sizes that are symbolic."""
    of_carry = attributes["num_carry"]
    stacked = *jaxpr.in_avals[attributes["num_consts"] + of_carry :], *jaxpr.out_avals[of_carry:]
    return not isinstance(attributes["length"], int) or any(map(jax_compat.is_symbolic, stacked))


def in_buffers(jaxpr: Jaxpr, attributes: dict[str, Any]) -> Callable[..., list[Any]]:
    """A `lift.scan` as a function of its operands: a loop that counts, reads slices of what is scanned, and
    writes into what is stacked, which it carries. So the sizes are the business of JAX's own ops.
    """
    of_consts, of_carry, length = (attributes[name] for name in ("num_consts", "num_carry", "length"))
    in_axes, out_axes = attributes["in_axes"], attributes["out_axes"]

    def run(*args: Any) -> list[Any]:
        consts, start, xs = split_by(args, [of_consts, of_carry, len(in_axes)])
        buffers = [
            jnp.zeros(with_axis(aval, axis, length).shape, aval.dtype)
            for aval, axis in zip(jaxpr.out_avals[of_carry:], out_axes, strict=True)
        ]
        end = jnp.asarray(length, jnp.int32)

        def step(state: Any) -> Any:
            count, ys, carry = state
            at = end - 1 - count if attributes["reverse"] else count
            slices = [
                lax.dynamic_index_in_dim(x, at, axis, keepdims=False)
                for x, axis in zip(xs, in_axes, strict=True)
            ]
            results = jax_compat.evaluate(jaxpr, *consts, *carry, *slices)
            written = [
                lax.dynamic_update_index_in_dim(y, result, at, axis)
                for y, result, axis in zip(ys, results[of_carry:], out_axes, strict=True)
            ]
            return count + 1, written, list(results[:of_carry])

        _, ys, carry = while_loop(lambda state: state[0] < end, step, (jnp.int32(0), buffers, list(start)))
        return [*carry, *ys]

    return run
