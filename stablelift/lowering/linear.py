"""What the primitives compute, as functions: a lift or Program, and `linear_p`, its derivative."""

from __future__ import annotations

from functools import partial
from typing import Any

from jax.extend.core import Primitive

from stablelift.lowering.gradients import jvp


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
