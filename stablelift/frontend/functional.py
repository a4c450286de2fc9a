"""Lifts of pure functions, as JAX names them, compiled by our passes: maps, derivatives and rules for them,
loops and branches, checkpoints, jit.

The functions take and return pytrees of arrays. They nest in any order, with each other and with JAX's own
transformations, inside `jax.jit` and outside. Outside of any trace, a call traces, compiles (equal programs
once) and runs; `jit` keeps what it compiled for the types it has seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Any

import jax

import stablelift.runtime  # noqa: F401  (registers how JAX meets our primitives)
from stablelift.lowering import jax_compat
from stablelift.lowering.associative import associative_scan
from stablelift.lowering.callee import call, traced_leaves
from stablelift.lowering.checkpoint import checkpoint, remat
from stablelift.lowering.custom_rules import custom_jvp, custom_vjp
from stablelift.lowering.gradients import grad, jvp, linearize, value_and_grad, vjp
from stablelift.lowering.loops import cond, fori_loop, switch, while_loop
from stablelift.lowering.mapping import vmap
from stablelift.lowering.scan import map, scan

__all__ = [
    "associative_scan",
    "checkpoint",
    "cond",
    "custom_jvp",
    "custom_vjp",
    "fori_loop",
    "grad",
    "jit",
    "jvp",
    "linearize",
    "map",
    "remat",
    "scan",
    "switch",
    "value_and_grad",
    "vjp",
    "vmap",
    "while_loop",
]


def jit(
    function: Callable,
    *,
    static_argnums: int | Sequence[int] | None = None,
    static_argnames: str | Iterable[str] | None = None,
    donate_argnums: int | Sequence[int] | None = None,
    donate_argnames: str | Iterable[str] | None = None,
) -> Callable:
    """`function`, compiled as a whole: our passes see every lift in it at once, then XLA compiles the result.

    Arguments and result are those of `jax.jit`, whose caches and dispatch it uses
    (`.lower(*args).compile()` works).
    """

    @wraps(function)
    def staged(*args: Any, **kwargs: Any) -> Any:
        tracers, filled = traced_leaves((args, kwargs))

        @wraps(function)
        def on_tracers(*given: Any) -> Any:
            inner_args, inner_kwargs = filled(given)
            return function(*inner_args, **inner_kwargs)

        return call(on_tracers, jitted=True)(*tracers)

    return jax.jit(
        staged,
        static_argnums=static_argnums,
        static_argnames=static_argnames,
        donate_argnums=donate_argnums,
        donate_argnames=donate_argnames,
        inline=jax_compat.INLINE,  # into a trace around it: what JAX differentiates is then in one place
    )
