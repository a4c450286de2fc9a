"""Lifts of functions while a body runs: pure functions, methods, and modules, alike.

A function that uses variables is one of the module that holds them: its lift is that of the frontend, which
sees the variables. A pure one is lifted as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stablelift.frontend.language import lifted_control as control
from stablelift.frontend.language import lifted_derivatives as derivatives
from stablelift.frontend.language.bound_functions import Bound, bound

_LIFTS: dict[str, Callable[..., Bound]] = {
    "associative_scan": control.associative_scan,
    "checkpoint": control.remat,
    "cond": control.cond,
    "custom_jvp": derivatives.custom_jvp,
    "custom_vjp": derivatives.custom_vjp,
    "fori_loop": control.fori_loop,
    "grad": derivatives.grad,
    "jit": control.jit,
    "jvp": derivatives.jvp,
    "linearize": derivatives.linearize,
    "map": control.map_,
    "map_variables": control.map_variables,
    "remat": control.remat,
    "scan": control.scan,
    "switch": control.switch,
    "value_and_grad": derivatives.value_and_grad,
    "vjp": derivatives.vjp,
    "vmap": control.vmap,
    "while_loop": control.while_loop,
}


def lift(word: str, functions: tuple[Any, ...], **options: Any) -> Bound:
    """The lift called `word` of the functions."""
    return _LIFTS[word](tuple(map(bound, functions)), **options)
