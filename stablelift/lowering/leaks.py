"""Values of other traces in what is to be a program of its own: a leak, or a closure that it cannot have.

JAX makes operands of them, which nobody would pass to the program.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax

from stablelift.errors import LiftError
from stablelift.lowering import jax_compat
from stablelift.lowering.callee import UNNAMED
from stablelift.lowering.jax_compat import Jaxpr, Origin


def refuse_other_traces(name: str, jaxpr: Jaxpr, constants: Sequence[Any]) -> None:
    """Raise an error where the function `name` takes values of other traces; what it closes over are the
    leading operands of its jaxpr.

    Raises:
      jax.errors.UnexpectedTracerError: The trace of one has ended.
      LiftError: All are of functions that are being traced around it.
    """
    traced = [position for position, value in enumerate(constants) if jax_compat.is_tracer(value)]
    ended = [position for position in traced if not jax_compat.is_open(constants[position])]
    found = [jax_compat.origin_of(constants[position]) for position in ended or traced]
    if ended:
        raise jax.errors.UnexpectedTracerError(_place(jaxpr, ended[0]) + _leaked(name, found))
    if traced:
        hint = f"pass it to `{name}` as an argument; lifts, such as `functional.jit`, may close over it"
        raise LiftError(
            f"{_place(jaxpr, traced[0])}error: `{name}` is a program of its own, and closes over a value "
            f"that is being traced around it\n{_listed(found)}\n  hint: {hint}"
        )


def _leaked(name: str, found: Sequence[Origin]) -> str:
    source = found[0].function
    is_named = source is not None and source.isidentifier() and source != UNNAMED
    trace, maker = (f"the trace of `{source}`", f"`{source}`") if is_named else ("its trace", "its function")
    return (
        f"error: `{name}` uses a value that leaked out of {trace}, which has ended\n{_listed(found)}\n"
        f"  hint: let {maker} return it, and pass it to `{name}` as an argument; "
        "under `jax.checking_leaks()` a leak is an error where it happens"
    )


def _listed(found: Sequence[Origin]) -> str:
    made = [f"{one.type}, made at {one.place}" if one.place else one.type for one in found]
    return "\n".join(f"  value: {one}" for one in dict.fromkeys(made))


def _place(jaxpr: Jaxpr, position: int) -> str:
    """The user's line that first uses an operand, or else that asks for the program."""
    place = jax_compat.place_of_use(jaxpr, position) or jax_compat.user_frame()
    return f"{place}: " if place else ""
