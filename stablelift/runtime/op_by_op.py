"""A lift whose results are not numbers, once more and op by op: under `jax.debug_nans` and `jax.debug_infs`.

JAX does so with what it has compiled, to name the operation that makes the first such value; of a loop it
names the loop. Here the step is named too, and the operation in it, with the line that it comes from. Of a
derivative the forward pass is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import count
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax.extend.core import Primitive

from stablelift.ir.parts import split_by
from stablelift.lowering import jax_compat
from stablelift.lowering.jax_compat import Jaxpr
from stablelift.lowering.maps import Map
from stablelift.lowering.primitive import Recursive, gradient_p, jvp_p, lift_p, linear_p, program_p

Run = Callable[[Sequence[Any]], object]


def refuse_special(primitive: Primitive, args: Sequence[Any], params: Any, results: Sequence[Any]) -> None:
    """Raise a FloatingPointError where a result holds what JAX is asked to look for."""
    kind = jax_compat.special_value(results)
    if kind is None:
        return
    whose, maps = _MOVING.get(primitive, ("", None))[0], ()
    while "base" in params:  # what JAX differentiates: its own operands come first
        _, moving = _MOVING.get(primitive, ("", None))
        args = args[: len(args) - len(params[moving])] if moving else args
        maps = *params.get("maps", ()), *maps
        primitive, params = params["base"], params["params"]
    if primitive is program_p:
        name = params["program"].name
        raise FloatingPointError(f"invalid value ({kind}) encountered in the program `{name}`")
    _in_maps(maps, partial(_inside, params), args)
    what = whose or _DERIVATIVES.get(params["op"], f"`{params['op']}`")
    raise FloatingPointError(f"invalid value ({kind}) encountered in {what} of `{params['name']}`")


_MOVING = {
    jvp_p: ("the tangents", "wrt"),
    linear_p: ("the tangents", "wrt"),
    gradient_p: ("the gradient", "of"),
}
_DERIVATIVES = {"lift.vjp": "the gradient", "lift.jvp": "the tangents"}
"""It is their own where the forward pass has no such value."""


def _in_maps(maps: Sequence[Map], run: Run, args: Sequence[Any]) -> None:
    """Example by example, where they know nothing of each other."""
    if not maps:
        run(args)
        return
    *inner, outermost = maps
    for number in range(0 if outermost.name else outermost.size):
        example = _slices(args, outermost.in_axes[: len(args)], number)
        _noted(f"in example {number}, counted from 0", partial(_in_maps, inner, run), example)


def _inside(params: Any, args: Sequence[Any]) -> None:
    """Compute in Python what a lift computes first; raise where a value is what is looked for."""
    if not isinstance(params["callees"], Recursive):
        run = _RUNS.get(params["op"], _call)
        inside = partial(run, dict(params["callees"]), dict(params["attributes"]))
        _noted(f"in `{params['op']}` of `{params['name']}`", inside, args)


def _noted(note: str, run: Callable[[Sequence[Any]], Any], args: Sequence[Any]) -> Any:
    try:
        return run(args)
    except FloatingPointError as error:
        error.add_note(note)
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
        elif (called := jax_compat.called_by(equation)) is not None:
            _values(called, operands, place)
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
        if not _values(callees["cond"], [*for_cond, *carry])[0]:
            break
        carry = _step(number, callees["body"], [*for_body, *carry])


def _scan(callees: Any, attributes: Any, args: Sequence[Any]) -> None:
    of_consts, of_carry, length = (attributes[name] for name in ("num_consts", "num_carry", "length"))
    consts, carry, xs = split_by(args, [of_consts, of_carry, len(args) - of_consts - of_carry])
    for number in reversed(range(length)) if attributes["reverse"] else range(length):
        slices = _slices(xs, attributes["in_axes"], number)
        carry = _step(number, callees["callee"], [*consts, *carry, *slices])[:of_carry]


def _step(number: int, callee: Jaxpr, args: Sequence[Any]) -> list[Any]:
    return _noted(f"in step {number}, counted from 0", partial(_values, callee), args)


def _map(callees: Any, attributes: Any, args: Sequence[Any]) -> None:
    axes, name = attributes["in_axes"], attributes.get("axis_name")
    _in_maps([Map(axes, (), attributes["axis_size"], name, None)], partial(_values, callees["callee"]), args)


def _slices(values: Sequence[Any], axes: Sequence[int | None], number: int) -> list[Any]:
    with jax_compat.any_values():
        pairs = zip(values, axes, strict=True)
        return [x if axis is None else jnp.take(x, number, axis) for x, axis in pairs]


_RUNS = {"lift.switch": _switch, "lift.while": _while, "lift.scan": _scan, "lift.vmap": _map}
