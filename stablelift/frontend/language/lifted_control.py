"""Maps, loops, branches, recomputation and compilation of functions while a body runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp

from stablelift.frontend import functional
from stablelift.frontend.language.bound_functions import Bound, owner_of, refuse_variables
from stablelift.frontend.language.static import RunMismatch
from stablelift.frontend.lifts import branches
from stablelift.frontend.lifts import jit as jits
from stablelift.frontend.lifts import map_variables as maps
from stablelift.frontend.lifts import remat as remats
from stablelift.frontend.lifts import scan as scans
from stablelift.frontend.lifts import vmap as vmaps
from stablelift.frontend.lifts import while_loop as while_loops
from stablelift.frontend.module import Module

# What becomes of variables and keys where a lift does not say: they are shared.
_SHARED_MAP: dict[str, Any] = {"variable_axes": {True: None}, "split_rngs": {True: False}}
_SHARED_LOOP: dict[str, Any] = {"variable_broadcast": True, "split_rngs": {True: False}}
_STACKED = ("variable_axes", "variable_broadcast", "variable_carry")


def vmap(functions: tuple[Bound, ...], **options: Any) -> Bound:
    """`jax.vmap`."""
    (function,) = functions

    def body(module: Any, *arguments: Any) -> Any:
        if module is None:
            refuse_variables("vmap", options)
            return functional.vmap(function, **options)(*arguments)
        return vmaps.vmap(function.body, **{**_SHARED_MAP, **options})(module, *arguments)

    return Bound(body, function.module)


def scan(functions: tuple[Bound, ...], **options: Any) -> Bound:
    """`(carry, *xs) -> (carry, ys)`."""
    (function,) = functions

    def body(module: Any, carry: Any, *xs: Any) -> Any:
        if module is not None:
            return _scan_of_module(function, options)(module, carry, *xs)
        pure = {name: value for name, value in options.items() if name != "check_constancy_invariants"}
        refuse_variables("scan", pure)
        step = (lambda carry, x: function(carry, *x)) if xs else lambda carry, _: function(carry)
        return functional.scan(step, carry, xs or None, **pure)

    return Bound(body, function.module)


def _scan_of_module(function: Bound, options: dict[str, Any]) -> Callable[..., Any]:
    # Where a lift says what becomes of some collections, the others are absent, as in Linen.
    said = any(name in options for name in _STACKED)
    shared = {"split_rngs": _SHARED_LOOP["split_rngs"]} if said else _SHARED_LOOP
    return scans.scan(function.body, **{**shared, **options})


def map_(functions: tuple[Bound, ...]) -> Bound:
    """The function of each element along the first axis, one after the other."""
    (function,) = functions

    def step(module: Any, carry: Any, x: Any) -> Any:
        return carry, function.body(module, x)

    def body(module: Any, xs: Any) -> Any:
        if module is None:
            return functional.map(function, xs)
        return scans.scan(step, **_SHARED_LOOP)(module, (), xs)[1]

    return Bound(body, function.module)


def associative_scan(functions: tuple[Bound, ...], **options: Any) -> Bound:
    """All partial results of joining elements along an axis."""
    (function,) = functions

    def body(module: Any, elements: Any) -> Any:
        return functional.associative_scan(lambda a, b: function.body(module, a, b), elements, **options)

    return Bound(body, function.module)


def _static(word: str, numbers: Any, module: Any) -> Any:
    """The numbers of the arguments that are no arrays; a lift of the frontend counts the module as 0."""
    each = numbers if isinstance(numbers, tuple) else (numbers,)
    if any(not isinstance(number, int) or number < 0 for number in each):
        raise RunMismatch(f"`{word}`: arguments are counted from 0, found {numbers}")
    return each if module is None else tuple(number + 1 for number in each)


def remat(functions: tuple[Bound, ...], static_argnums: Any = (), **options: Any) -> Bound:
    """Recomputes the function in the backward pass."""
    (function,) = functions
    static = _static("remat", static_argnums, function.module)

    def body(module: Any, *arguments: Any) -> Any:
        if module is None:
            return functional.checkpoint(function, static_argnums=static, **options)(*arguments)
        return remats.remat(function.body, static_argnums=static, **options)(module, *arguments)

    return Bound(body, function.module)


def jit(functions: tuple[Bound, ...], static_argnums: Any = (), donate_argnums: Any = ()) -> Bound:
    """Compiles the function."""
    (function,) = functions
    given = {"static_argnums": static_argnums, "donate_argnums": donate_argnums}
    numbers = {name: _static("jit", value, function.module) for name, value in given.items()}
    if function.module is None:
        compiled = functional.jit(function, **numbers)
        return Bound(lambda _module, *arguments: compiled(*arguments), None)
    return Bound(
        lambda module, *arguments: jits.jit(function.body, **numbers)(module, *arguments), function.module
    )


def map_variables(functions: tuple[Bound, ...], **options: Any) -> Bound:
    """The function, which sees the variables of its module transformed."""
    (function,) = functions
    if function.module is None:
        raise RunMismatch("`map_variables` is of methods and modules, found a function without variables")
    mapped = {name: on_variables(options.pop(name)) for name in _MAPPINGS if name in options}

    def body(module: Any, *arguments: Any) -> Any:
        return maps.map_variables(function.body, **mapped, **options)(module, *arguments)

    return Bound(body, function.module)


_MAPPINGS = ("trans_in_fn", "trans_out_fn")


def on_variables(by_name: Any) -> Callable[[Any], Any]:
    """A function of collections from one of arrays, applied to every variable, or to those it is for."""

    def mapped(variables: Any) -> Any:
        if not hasattr(variables, "items"):
            return by_name(variables)
        found = {}
        for name, value in variables.items():
            nested = hasattr(value, "items") or not isinstance(by_name, dict)
            function = mapped if nested else by_name.get(name, lambda array: array)
            found[name] = function(value)
        return found

    return mapped


def while_loop(functions: tuple[Bound, ...], **options: Any) -> Bound:
    """`carry = body(carry)` as long as `condition(carry)` holds."""
    condition, step = functions

    def body(module: Any, carry: Any) -> Any:
        if module is None:
            refuse_variables("while_loop", options)
            return functional.while_loop(condition, step, carry, **options)
        shared = {"split_rngs": {True: False}, **options}
        return while_loops.while_loop(condition.body, step.body, module, carry, **shared)

    return Bound(body, owner_of(functions))


def fori_loop(functions: tuple[Bound, ...], max_trip_count: int | None = None) -> Bound:
    """`(lower, upper, carry)`: `carry = f(i, carry)` for each i from `lower` to `upper`."""
    (step,) = functions

    def below(_module: Any, state: Any) -> Any:
        return state[0] < state[1]

    def following(module: Any, state: Any) -> Any:
        index, upper, carry = state
        return index + 1, upper, step.body(module, index, carry)

    def body(module: Any, lower: Any, upper: Any, carry: Any) -> Any:
        if module is None:
            return functional.fori_loop(lower, upper, step, carry, max_trip_count)
        known = isinstance(lower, int) and isinstance(upper, int)
        most = max(0, upper - lower) if known and max_trip_count is None else max_trip_count
        state = (jnp.int32(lower), jnp.int32(upper), carry)
        last = while_loops.while_loop(
            below, following, module, state, split_rngs={True: False}, max_trip_count=most
        )
        return last[2]

    return Bound(body, step.module)


def cond(functions: tuple[Bound, ...]) -> Bound:
    """`(predicate, *operands)`: one of two functions of the operands."""
    chosen, otherwise = functions

    def body(module: Any, predicate: Any, *operands: Any) -> Any:
        if module is None:
            return functional.cond(predicate, chosen, otherwise, *operands)
        _create(functions, module, operands)
        return branches.cond(predicate, chosen.body, otherwise.body, module, *operands)

    return Bound(body, owner_of(functions))


def _create(branches: tuple[Bound, ...], module: Module, operands: tuple[Any, ...]) -> None:
    """Runs every branch where the module is initialised, so that all of them have their variables."""
    if module.is_initializing():
        for branch in branches:
            branch.body(module, *operands)


def switch(functions: tuple[Bound, ...]) -> Bound:
    """`(index, *operands)`: the function at the index, of the operands."""

    def body(module: Any, index: Any, *operands: Any) -> Any:
        if module is None:
            return functional.switch(index, functions, *operands)
        _create(functions, module, operands)
        return branches.switch(index, [function.body for function in functions], module, *operands)

    return Bound(body, owner_of(functions))
