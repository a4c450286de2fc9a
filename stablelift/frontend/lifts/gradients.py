"""value_and_grad and grad: the gradient of a function of a Module by its arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from stablelift.errors import LiftArgumentError
from stablelift.frontend import functional
from stablelift.frontend.calling import function_name
from stablelift.frontend.filters import Filter
from stablelift.frontend.lifts.pack import Groups, Packed, check_arrays, pack
from stablelift.frontend.lifts.transform import lift_directly


def value_and_grad(
    fn: Callable[..., Any],
    mdl: Any,
    *primals: Any,
    has_aux: bool = False,
    reduce_axes: Any = (),
    variables: Filter = True,
    rngs: Filter = True,
) -> Any:
    """The value of `fn(mdl, *primals)`, and a tuple of gradients, one for each of `primals`.

    With `has_aux`, `fn` returns `(value, aux)` and the result is `((value, aux), gradients)`. Integer primals
    have gradients of dtype `float0`. What `fn` does to variables is kept.
    Raises: LiftArgumentError if the value is not a scalar.
    """
    refuse_reduce_axes("value_and_grad", reduce_axes)

    def run(call: Any, *args: Any, **kwargs: Any) -> Any:
        lifted = value_and_grad_scopes(call.body, has_aux=has_aux, variables=variables, rngs=rngs)
        return lifted(call.scopes, *args, **kwargs)

    return lift_directly("value_and_grad", run, (fn,), mdl, primals)


def grad(
    fn: Callable[..., Any],
    mdl: Any,
    *primals: Any,
    has_aux: bool = False,
    reduce_axes: Any = (),
    variables: Filter = True,
    rngs: Filter = True,
) -> Any:
    """The gradients of `value_and_grad` alone; with `has_aux`, `(gradients, aux)`."""
    refuse_reduce_axes("grad", reduce_axes)
    value, gradients = value_and_grad(fn, mdl, *primals, has_aux=has_aux, variables=variables, rngs=rngs)
    return (gradients, value[1]) if has_aux else gradients


def value_and_grad_scopes(
    fn: Callable[..., Any], *, has_aux: bool = False, variables: Filter = True, rngs: Filter = True
) -> Callable[..., Any]:
    """The same for `fn(scopes, *primals)`, as a function of `(scopes, *primals)`."""

    def differentiated(packed: Packed, *primals: Any) -> tuple[Any, Groups]:
        check_arrays("value_and_grad", packed, primals)
        leaves, structure = jax.tree_util.tree_flatten(primals)
        varied = [number for number, leaf in enumerate(leaves) if _has_tangent(leaf)]

        def loss(varied_leaves: list[Any]) -> tuple[Any, Any]:
            all_leaves = list(leaves)
            for number, leaf in zip(varied, varied_leaves, strict=True):
                all_leaves[number] = leaf
            value, groups = packed.run(
                fn, packed.variable_groups, packed.rng_groups, *structure.unflatten(all_leaves)
            )
            value, aux = value if has_aux else (value, ())
            _check_scalar(fn, value)
            return value, (aux, groups)

        if varied:
            at = [leaves[number] for number in varied]
            (value, (aux, groups)), gradients = functional.value_and_grad(loss, has_aux=True)(at)
        else:
            (value, (aux, groups)), gradients = loss([]), []
        by_leaf = dict(zip(varied, gradients, strict=True))
        flat = [by_leaf.get(number, _no_tangent(leaf)) for number, leaf in enumerate(leaves)]
        result = (value, aux) if has_aux else value
        return (result, structure.unflatten(flat)), groups

    return pack(differentiated, (variables,), (variables,), (rngs,), "value_and_grad")


def _has_tangent(leaf: Any) -> bool:
    return jnp.issubdtype(jnp.result_type(leaf), jnp.inexact)


def _no_tangent(leaf: Any) -> Any:
    return np.zeros(np.shape(leaf), jax.dtypes.float0)


def _check_scalar(fn: Callable[..., Any], value: Any) -> None:
    found = jax.tree_util.tree_structure(value)
    if found != jax.tree_util.tree_structure(0):
        raise LiftArgumentError(f"a gradient wants a scalar from `{function_name(fn)}`, found a tree {found}")
    if jnp.shape(value) != ():
        raise LiftArgumentError(
            f"a gradient wants a scalar from `{function_name(fn)}`, found shape {jnp.shape(value)}",
            hint="reduce it, by `.sum()` or `.mean()`",
        )


def refuse_reduce_axes(name: str, reduce_axes: Any) -> None:
    """Raises: NotImplementedError for axes to reduce over, which Linen takes no more either."""
    if reduce_axes:
        raise NotImplementedError(
            f"`{name}` takes `reduce_axes` for compatibility only; sum over them with psum"
        )
