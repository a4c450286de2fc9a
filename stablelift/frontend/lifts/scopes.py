"""The lifts of functions of scopes, under their names in `flax.core.lift`.

`vmap`, `scan`, `remat`, `remat_scan`, `map_variables` and `custom_vjp` give a function that takes a scope
first, or a pytree of scopes; the others take functions, scopes and arguments, and call at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax

from stablelift.frontend.filters import Filter
from stablelift.frontend.lifts.axes import In, Out, broadcast
from stablelift.frontend.lifts.branches import cond_scopes, switch_scopes
from stablelift.frontend.lifts.custom_vjp import custom_vjp_scopes as custom_vjp
from stablelift.frontend.lifts.derivatives import jvp_scopes, vjp_scopes
from stablelift.frontend.lifts.gradients import refuse_reduce_axes, value_and_grad_scopes
from stablelift.frontend.lifts.jit import fold_rngs_scopes as fold_rngs
from stablelift.frontend.lifts.jit import jit_scopes as jit
from stablelift.frontend.lifts.map_variables import map_variables_scopes as map_variables
from stablelift.frontend.lifts.pack import pack_groups as pack
from stablelift.frontend.lifts.remat import remat_scopes as checkpoint
from stablelift.frontend.lifts.remat import remat_scopes as remat
from stablelift.frontend.lifts.remat_scan import remat_scan_scopes as remat_scan
from stablelift.frontend.lifts.scan import scan_scopes as scan
from stablelift.frontend.lifts.vmap import vmap_scopes as vmap
from stablelift.frontend.lifts.while_loop import while_loop_scopes
from stablelift.frontend.neighbours import neighbours

__all__ = [
    "In",
    "Out",
    "broadcast",
    "checkpoint",
    "cond",
    "custom_vjp",
    "fold_rngs",
    "jit",
    "jvp",
    "map_variables",
    "pack",
    "remat",
    "remat_scan",
    "scan",
    "swap_collection",
    "switch",
    "value_and_grad",
    "vjp",
    "vmap",
    "while_loop",
]


def swap_collection(fn: Callable[..., Any], col_a: str, col_b: str) -> Callable[..., Any]:
    """`fn(scope, ...)` that sees each of two collections under the other's name."""

    def swapped(variables: dict[str, Any]) -> dict[str, Any]:
        names = {col_a: col_b, col_b: col_a}
        return {names.get(col, col): xs for col, xs in variables.items()}

    return map_variables(fn, (col_a, col_b), swapped, swapped, mutable=True)


def vjp(
    fn: Callable[..., Any],
    scope: Any,
    *primals: Any,
    has_aux: bool = False,
    reduce_axes: Any = (),
    vjp_variables: Filter = "params",
    variables: Filter = True,
    rngs: Filter = True,
) -> Any:
    """The value of `fn(scope, *primals)` and its pullback, see `nn.vjp`."""
    refuse_reduce_axes("vjp", reduce_axes)
    options = {"vjp_variables": vjp_variables, "variables": variables, "rngs": rngs}
    return vjp_scopes(fn, has_aux=has_aux, **options)(scope, *primals)


def jvp(
    fn: Callable[..., Any],
    scope: Any,
    primals: Sequence[Any],
    tangents: Sequence[Any],
    variable_tangents: Any,
    variables: Filter = True,
    rngs: Filter = True,
) -> tuple[Any, Any]:
    """The value of `fn(scope, *primals)` and its derivative, see `nn.jvp`.

    `variable_tangents` holds a dict of collections in the place of each scope.
    """
    by_scope = jax.tree_util.tree_structure(scope).flatten_up_to(variable_tangents)
    return jvp_scopes(fn, tangents, by_scope, variables=variables, rngs=rngs)(scope, *primals)


def value_and_grad(
    fn: Callable[..., Any],
    scope: Any,
    *primals: Any,
    has_aux: bool = False,
    reduce_axes: Any = (),
    variables: Filter = True,
    rngs: Filter = True,
) -> Any:
    """`(value, gradients)` of `fn(scope, *primals)`, with `has_aux` `(value, aux, gradients)`."""
    refuse_reduce_axes("value_and_grad", reduce_axes)
    lifted = value_and_grad_scopes(fn, has_aux=has_aux, variables=variables, rngs=rngs)
    value, gradients = lifted(scope, *primals)
    return (*value, gradients) if has_aux else (value, gradients)


def while_loop(
    cond_fn: Callable[..., Any],
    body_fn: Callable[..., Any],
    scope: Any,
    init: Any,
    carry_variables: Filter = False,
    broadcast_variables: Filter = True,
    split_rngs: Mapping[Filter, bool] = {},
    max_trip_count: int | None = None,
) -> Any:
    """Repeat `carry = body_fn(scope, carry)` while `cond_fn(scope, carry)` holds, see `nn.while_loop`."""
    return while_loop_scopes(
        cond_fn,
        body_fn,
        carry_variables=carry_variables,
        broadcast_variables=broadcast_variables,
        split_rngs=split_rngs,
        max_trip_count=max_trip_count,
    )(scope, init)


def cond(
    pred: Any,
    true_fun: Callable[..., Any],
    false_fun: Callable[..., Any],
    scope: Any,
    *operands: Any,
    variables: Filter = True,
    rngs: Filter = True,
) -> Any:
    """`true_fun(scope, *operands)` where `pred` holds, else `false_fun(scope, *operands)`."""
    return cond_scopes(pred, true_fun, false_fun, variables=variables, rngs=rngs)(scope, *operands)


def switch(
    index: Any,
    branches: Sequence[Callable[..., Any]],
    scope: Any,
    *operands: Any,
    variables: Filter = True,
    rngs: Filter = True,
) -> Any:
    """The branch at `index`, clamped to the range, applied to `(scope, *operands)`."""
    return switch_scopes(index, branches, variables=variables, rngs=rngs)(scope, *operands)


__getattr__ = neighbours(__name__)
