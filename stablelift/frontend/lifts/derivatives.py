"""jvp and vjp: the derivatives of a function of a Module along tangents, and against cotangents."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax

from stablelift.frontend import functional
from stablelift.frontend.filters import Filter
from stablelift.frontend.frozen_dict import unfreeze
from stablelift.frontend.lifts.gradients import refuse_reduce_axes
from stablelift.frontend.lifts.pack import Groups, Packed, check_arrays, pack
from stablelift.frontend.lifts.transform import LiftedCall, lift_directly


def jvp(
    fn: Callable[..., Any],
    mdl: Any,
    primals: Sequence[Any],
    tangents: Sequence[Any],
    variable_tangents: Mapping[str, Any],
    variables: Filter = True,
    rngs: Filter = True,
) -> tuple[Any, Any]:
    """The value of `fn(mdl, *primals)`, and its derivative along the tangents.

    `variable_tangents` holds tangents of whole collections, such as `{"params": ...}`; the other variables
    stay as they are. What `fn` does to variables is kept.
    Raises: NotImplementedError if other Modules take part, TypeError if tangents do not fit the primals.
    """

    def run(call: LiftedCall, *args: Any) -> Any:
        scope, (body,) = with_one_scope("jvp", call)
        lifted = jvp_scopes(body, tangents, [variable_tangents], variables=variables, rngs=rngs)
        return lifted(scope, *args)

    return lift_directly("jvp", run, (fn,), mdl, tuple(primals))


def vjp(
    fn: Callable[..., Any],
    mdl: Any,
    *primals: Any,
    has_aux: bool = False,
    reduce_axes: Any = (),
    vjp_variables: Filter = "params",
    variables: Filter = True,
    rngs: Filter = True,
    multi_scope: bool = False,
) -> Any:
    """The value of `fn(mdl, *primals)`, and its pullback.

    The pullback takes a cotangent of the value, and returns a tuple: the gradient of the variables in
    `vjp_variables`, such as `{"params": ...}`, then one gradient for each of `primals`. It is a pytree: it
    may leave the Module, cross a lift, or be a residual. With `has_aux`, `fn` returns `(value, aux)` and the
    result is `(value, pullback, aux)`. With `multi_scope` other Modules may take part, and the gradient of
    the variables is a list: of Modules among the arguments, of those in the fields of `mdl`, of `mdl`.
    Raises: NotImplementedError if other Modules take part without `multi_scope`.
    """
    refuse_reduce_axes("vjp", reduce_axes)

    def run(call: LiftedCall, *args: Any) -> Any:
        scopes, (body,) = (call.scopes, call.bodies) if multi_scope else with_one_scope("vjp", call)
        lifted = vjp_scopes(
            body, has_aux=has_aux, vjp_variables=vjp_variables, variables=variables, rngs=rngs
        )
        return lifted(scopes, *args)

    return lift_directly("vjp", run, (fn,), mdl, primals)


def with_one_scope(name: str, call: LiftedCall) -> tuple[Any, list[Callable[..., Any]]]:
    """The scope of the only Module that takes part, and the bodies as functions of it.

    Raises: NotImplementedError if there are others.
    """
    if len(call.scopes) != 1:
        raise NotImplementedError(
            f"`{name}` does not support Modules among the arguments or in the fields of the Module: "
            "their variables have no place in what it takes and returns"
        )

    def of_scope(body: Callable[..., Any]) -> Callable[..., Any]:
        return functools.wraps(body)(lambda scope, *args, **kwargs: body([scope], *args, **kwargs))

    return call.scopes[0], [*map(of_scope, call.bodies)]


def jvp_scopes(
    fn: Callable[..., Any],
    tangents: Sequence[Any],
    variable_tangents: Sequence[Mapping[str, Any]],
    *,
    variables: Filter = True,
    rngs: Filter = True,
) -> Callable[..., Any]:
    """The same for `fn(scopes, *primals)`, with one dict of `variable_tangents` for each root scope."""
    # An empty collection of tangents stands for one that does not exist yet.
    moved = [{col: unfreeze(xs) for col, xs in given.items() if xs} for given in variable_tangents]
    collections = tuple(moved[0])

    def differentiated(packed: Packed, *primals: Any) -> tuple[Any, Groups]:
        check_arrays("jvp", packed, primals)
        given, others = packed.variable_groups

        def body(given: Any, *primals: Any) -> tuple[Any, Groups]:
            return packed.run(fn, (given, others), packed.rng_groups, *primals)

        along = (tuple(moved), *tangents)
        value, tangent, groups = functional.jvp(body, (unfreeze_all(given), *primals), along, has_aux=True)
        return (value, tangent), groups

    return pack(differentiated, (collections, variables), (variables,), (rngs,), "jvp")


def vjp_scopes(
    fn: Callable[..., Any],
    *,
    has_aux: bool = False,
    vjp_variables: Filter = "params",
    variables: Filter = True,
    rngs: Filter = True,
) -> Callable[..., Any]:
    """The same for `fn(scopes, *primals)`; the gradient of the variables has the structure of `scopes`."""

    def differentiated(packed: Packed, *primals: Any) -> tuple[Any, Groups]:
        check_arrays("vjp", packed, primals)
        given, others = packed.variable_groups

        def body(given: Any, *primals: Any) -> tuple[Any, Any]:
            value, groups = packed.run(fn, (given, others), packed.rng_groups, *primals)
            value, aux = value if has_aux else (value, ())
            return value, (aux, groups)

        value, pullback, (aux, groups) = functional.vjp(body, unfreeze_all(given), *primals, has_aux=True)
        below = tuple(packed.paths)
        lifted = jax.tree_util.Partial(functools.partial(_pull_back, packed.structure, below), pullback)
        return (value, lifted, aux) if has_aux else (value, lifted), groups

    return pack(differentiated, (vjp_variables, variables), (variables,), (rngs,), "vjp")


def _pull_back(structure: Any, places: tuple[tuple[int, Any], ...], pullback: Any, cotangent: Any) -> Any:
    by_root, *gradients = pullback(cotangent)
    return structure.unflatten([_below(by_root[root], path) for root, path in places]), *gradients


def _below(collections: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    """The part of each collection that belongs to the scope at `path`."""
    found = {}
    for col, variables in collections.items():
        for name in path:
            variables = variables.get(name, {})
        found[col] = variables
    return found


def unfreeze_all(group: Any) -> Any:
    """A group with plain dicts, as the user's tangents and gradients have them."""
    return tuple(map(unfreeze, group))
