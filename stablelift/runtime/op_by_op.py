"""A lift whose results are not numbers, once more and op by op: under `jax.debug_nans` and `jax.debug_infs`.

JAX does so with what it has compiled, to name the operation that makes the first such value; of a loop it
names the loop. Here the step is named too, and the operation in it, with the line that it comes from. Of a
derivative the forward pass is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax.extend.core import Primitive

from stablelift.ir.parts import split_by
from stablelift.lowering import jax_compat
from stablelift.lowering.jax_compat import Jaxpr
from stablelift.lowering.primitive import Recursive, lift_p, program_p


def refuse_special(primitive: Primitive, args: Sequence[Any], params: Any, results: Sequence[Any]) -> None:
    """Raise a FloatingPointError where a result holds what JAX is asked to look for."""
    kind = jax_compat.special_value(results)
    if kind is None:
        return
    while primitive is not lift_p and "params" in params and not params.get("maps"):
        primitive, params = params["base"], params["params"]
    if primitive is lift_p:
        _inside(params, args)
        where = f"{_DERIVATIVES.get(params['op'], params['op'])} of `{params['name']}`"
    else:
        where = f"the program `{params['program'].name}`" if primitive is program_p else primitive.name
    raise FloatingPointError(f"invalid value ({kind}) encountered in {where}")


_DERIVATIVES = {"lift.vjp": "the gradient", "lift.jvp": "the tangents"}
"""It is their own where the forward pass has no such value."""


def _inside(params: Any, args: Sequence[Any]) -> None:
    """Compute in Python what a lift computes first; raise where a value is what is looked for."""
    if isinstance(params["callees"], Recursive):
        return
    run: Callable[..., object] = _RUNS.get(params["op"], _call)
    try:
        run(dict(params["callees"]), dict(params["attributes"]), args)
    except FloatingPointError as error:
        error.add_note(f"in `{params['op']}` of `{params['name']}`")
        raise


def _values(jaxpr: Jaxpr, args: Sequence[Any], outside: str | None = None) -> list[Any]:
    """The results; `outside` is the place of a function of JAX's that has no lines of the user's."""

    def seen(equation: Any, operands: Sequence[Any], results: Sequence[Any]) -> None:
        kind = jax_compat.special_value(results)
        if kind is None or jax_compat.special_value(operands) is not None:
            return
        place = jax_compat.place_of(equation) or outside
        if equation.primitive is lift_p:
            _inside(equation.params, operands)
        elif equation.primitive is jax_compat.jit_p:
            _values(equation.params["jaxpr"], operands, place)
        where = f" at {place}" if place else ""
        raise FloatingPointError(f"invalid value ({kind}) encountered in {equation.primitive.name}{where}")

    return jax_compat.evaluate_each(jaxpr, args, seen)


def _call(callees: Any, attributes: Any, args: Sequence[Any]) -> None:
    del attributes
    if callee := callees.get("callee"):
        _values(callee, args[: len(callee.in_avals)])


def _switch(callees: Any, attributes: Any, args: Sequence[Any]) -> None:
    del attributes
    branches = callees["branches"]
    _values(branches[int(np.clip(args[0], 0, len(branches) - 1))], args[1:])


def _while(callees: Any, attributes: Any, args: Sequence[Any]) -> None:
    of_cond, of_body = attributes["num_cond_consts"], attributes["num_body_consts"]
    for_cond, for_body, carry = split_by(args, [of_cond, of_body, len(args) - of_cond - of_body])
    for number in count():
        if not jax_compat.evaluate(callees["cond"], *for_cond, *carry)[0]:
            break
        carry = _part("step", number, callees["body"], [*for_body, *carry])


def _scan(callees: Any, attributes: Any, args: Sequence[Any]) -> None:
    of_consts, of_carry, length = (attributes[name] for name in ("num_consts", "num_carry", "length"))
    consts, carry, xs = split_by(args, [of_consts, of_carry, len(args) - of_consts - of_carry])
    for number in reversed(range(length)) if attributes["reverse"] else range(length):
        slices = _slices(xs, attributes["in_axes"], number)
        carry = _part("step", number, callees["callee"], [*consts, *carry, *slices])[:of_carry]


def _map(callees: Any, attributes: Any, args: Sequence[Any]) -> None:
    """Example by example, where they know nothing of each other."""
    for number in range(attributes["axis_size"] if attributes.get("axis_name") is None else 0):
        _part("example", number, callees["callee"], _slices(args, attributes["in_axes"], number))


def _slices(values: Sequence[Any], axes: Sequence[int | None], number: int) -> list[Any]:
    pairs = zip(values, axes, strict=True)
    return [x if axis is None else jnp.take(x, number, axis) for x, axis in pairs]


def _part(what: str, number: int, callee: Jaxpr, args: Sequence[Any]) -> list[Any]:
    try:
        return _values(callee, args)
    except FloatingPointError as error:
        error.add_note(f"in {what} {number}, counted from 0")
        raise


_RUNS = {"lift.switch": _switch, "lift.while": _while, "lift.scan": _scan, "lift.vmap": _map}
