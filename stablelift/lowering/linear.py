"""`linear_p`: the derivative of a lift or Program, where JAX is the one who differentiates.

JAX's linearisation wants the tangent computation as primitives of its own, linear in the tangents and
transposable. `linear_p` is that primitive: `lift.jvp` of what it differentiates, whose transpose (in
`runtime/`) is `lift.vjp`.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from jax.extend.core import Primitive

from stablelift.lowering import jax_compat
from stablelift.lowering.gradients import jvp

linear_p = Primitive("lift_tangent")
linear_p.multiple_results = True


@linear_p.def_abstract_eval
def _abstract_eval(*_: Any, of: tuple[int, ...], avals: tuple[Any, ...], **__: Any) -> list[Any]:
    return [jax_compat.tangent_aval(avals[index]) for index in of]


def applied(primitive: Primitive, params: dict[str, Any]) -> Any:
    """The function of flat arguments that `primitive` computes."""
    function = partial(_bind, primitive, params)
    function.__name__ = str(params.get("name", primitive.name))  # type: ignore[attr-defined]
    return function


def _bind(primitive: Primitive, params: dict[str, Any], *args: Any) -> tuple[Any, ...]:
    return tuple(primitive.bind(*args, **params))


def tangents(
    *args: Any, base: Primitive, params: dict[str, Any], wrt: tuple[int, ...], of: tuple[int, ...], avals: Any
) -> tuple[Any, ...]:
    """What `linear_p` computes: the tangents of the results `of`, from primals and tangents of the inputs
    `wrt`.
    """
    del avals
    count = len(args) - len(wrt)
    given = dict(zip(wrt, args[count:], strict=True))
    _, moved = jvp(applied(base, params), args[:count], [given.get(index) for index in range(count)])
    return tuple(moved[index] for index in of)
