"""Derivatives of functions while a body runs, and functions whose derivative others give."""

from __future__ import annotations

from typing import Any

import jax

from stablelift.frontend import functional
from stablelift.frontend.language.bound_functions import Bound, owner_of
from stablelift.frontend.language.static import RunMismatch
from stablelift.frontend.lifts import custom_vjp as customs
from stablelift.frontend.lifts import derivatives, gradients
from stablelift.frontend.module import Module


def value_and_grad(functions: tuple[Bound, ...], argnums: Any = 0, has_aux: bool = False) -> Bound:
    """The value, and the gradient for one argument, or a tuple of those for several.

    With `has_aux` the function gives its value and something else, and the lift the pair of them, and that.
    """
    (function,) = functions

    def body(module: Any, *arguments: Any) -> Any:
        if module is None:
            return functional.value_and_grad(function, argnums, has_aux)(*arguments)
        value, found = gradients.value_and_grad(function.body, module, *arguments, has_aux=has_aux)
        if isinstance(argnums, tuple):
            return value, tuple(found[number] for number in argnums)
        return value, found[argnums]

    return Bound(body, function.module)


def grad(functions: tuple[Bound, ...], argnums: Any = 0, has_aux: bool = False) -> Bound:
    """The gradients of `value_and_grad` alone; with `has_aux`, and what else the function gives."""
    both = value_and_grad(functions, argnums, has_aux)

    def body(module: Any, *arguments: Any) -> Any:
        value, found = both.body(module, *arguments)
        return (found, value[1]) if has_aux else found

    return Bound(body, both.module)


def jvp(functions: tuple[Bound, ...], has_aux: bool = False) -> Bound:
    """`(primals, tangents) -> (value, tangent)`; variables have no tangents.

    With `has_aux` the function gives its value and something else, which is the third of the results.
    """
    (function,) = functions

    def body(module: Any, primals: Any, tangents: Any) -> Any:
        if module is None:
            return functional.jvp(function, primals, tangents, has_aux)
        value, tangent = derivatives.jvp(function.body, module, primals, tangents, {})
        return (value[0], tangent[0], value[1]) if has_aux else (value, tangent)

    return Bound(body, function.module)


def linearize(functions: tuple[Bound, ...]) -> Bound:
    """`(*primals) -> (value, pushforward)`; the pushforward takes a tangent of each primal."""
    (function,) = functions
    if function.module is not None:
        hint = "`jvp(f)` takes the tangents with the primals"
        raise RunMismatch("`linearize` is of functions that use no variables", hint)
    return Bound(lambda _module, *primals: functional.linearize(function, *primals), None)


def vjp(functions: tuple[Bound, ...], has_aux: bool = False) -> Bound:
    """`(*primals) -> (value, pullback)`; the pullback gives one gradient, or a tuple for several primals.

    With `has_aux` the function gives its value and something else, which is the third of the results.
    """
    (function,) = functions

    def body(module: Any, *primals: Any) -> Any:
        if module is None:
            value, pullback, *aux = functional.vjp(function, *primals, has_aux=has_aux)
        else:
            value, lifted, *aux = derivatives.vjp(
                function.body, module, *primals, vjp_variables=False, has_aux=has_aux
            )
            pullback = lambda cotangent: lifted(cotangent)[1:]  # noqa: E731

        def pull_back(cotangent: Any) -> Any:
            found = pullback(cotangent)
            return found[0] if len(found) == 1 else tuple(found)

        return value, pull_back, *aux

    return Bound(body, function.module)


def custom_jvp(functions: tuple[Bound, ...], nondiff_argnums: Any = ()) -> Bound:
    """A function whose tangent another gives: `(*arguments, *tangents) -> (value, tangent)`.

    Arguments at `nondiff_argnums`, which need be no arrays, have no tangents and come first.
    """
    function, rule = functions
    if owner_of(functions) is not None:
        hint = "make what it needs of variables an argument, or give the gradient by `custom_vjp`"
        raise RunMismatch("`custom_jvp` is of functions that use no variables", hint)
    lifted = functional.custom_jvp(function, nondiff_argnums)
    lifted.defjvp(lambda *given: rule(*given[:-2], *given[-2], *given[-1]))
    return Bound(lambda _module, *arguments: lifted(*arguments), None)


def custom_vjp(functions: tuple[Bound, ...], nondiff_argnums: Any = ()) -> Bound:
    """A function whose gradient two others give.

    `forward` returns the results of the function, then residuals; `backward`, which is pure, takes the
    residuals, then the cotangents, and returns the gradient of each argument. Variables that the function
    uses have their own gradients. Arguments at `nondiff_argnums`, which need be no arrays, have no gradient,
    and are what `backward` takes first.
    """
    function, forward, backward = functions
    if backward.module is not None:
        hint = "write a `fn`, and make what it needs a residual"
        raise RunMismatch("the backward function of `custom_vjp` has no variables", hint)
    fixed = nondiff_argnums if isinstance(nondiff_argnums, tuple) else (nondiff_argnums,)
    owner = owner_of(functions)
    if owner is not None:
        return _custom_vjp_of_module(function, forward, backward, owner, fixed)
    lifted = functional.custom_vjp(function, fixed)

    def run_forward(*arguments: Any) -> tuple[Any, Any]:
        traced = _without(arguments, fixed)
        results = jax.eval_shape(lambda *traced: function(*_with(arguments, traced, fixed)), *traced)
        return _residuals(results, forward(*arguments))

    def run_backward(*given: Any) -> Any:
        *static, residuals, cotangent = given
        return _pulled_back(backward, (*static, *residuals), cotangent)

    lifted.defvjp(run_forward, run_backward)
    return Bound(lambda _module, *arguments: lifted(*arguments), None)


def _custom_vjp_of_module(
    function: Bound, forward: Bound, backward: Bound, owner: Module, fixed: tuple[int, ...]
) -> Bound:
    """The pullback of the function is one more residual: it has the gradients of the variables."""

    def run_forward(module: Any, *arguments: Any) -> tuple[Any, Any]:
        def traced_alone(module: Any, *traced: Any) -> Any:
            return function.body(module, *_with(arguments, traced, fixed))

        results, pullback = derivatives.vjp(traced_alone, module, *_without(arguments, fixed))
        results, residuals = _residuals(results, forward.body(module, *arguments))
        return results, (pullback, residuals)

    def run_backward(*given: Any) -> Any:
        *static, (pullback, kept), cotangent = given
        return pullback(cotangent)[0], *_pulled_back(backward, (*static, *kept), cotangent)

    numbers = tuple(number + 1 for number in fixed)
    lifted = customs.custom_vjp(function.body, run_forward, run_backward, nondiff_argnums=numbers)
    return Bound(lifted, owner)


def _without(arguments: tuple[Any, ...], fixed: tuple[int, ...]) -> list[Any]:
    """The arguments at other numbers than the fixed."""
    return [argument for number, argument in enumerate(arguments) if number not in fixed]


def _with(arguments: tuple[Any, ...], traced: tuple[Any, ...], fixed: tuple[int, ...]) -> list[Any]:
    """The arguments, those that are not fixed replaced by `traced`."""
    rest = iter(traced)
    return [argument if number in fixed else next(rest) for number, argument in enumerate(arguments)]


def _residuals(results: Any, found: Any) -> tuple[Any, tuple[Any, ...]]:
    """What a forward function returned, in two: its first values are like the results."""
    if isinstance(results, tuple):
        return found[: len(results)], found[len(results) :]
    return (found[0], found[1:]) if isinstance(found, tuple) else (found, ())


def _pulled_back(backward: Bound, residuals: tuple[Any, ...], cotangent: Any) -> tuple[Any, ...]:
    """The gradients of the arguments."""
    cotangents = cotangent if isinstance(cotangent, tuple) else (cotangent,)
    found = backward(*residuals, *cotangents)
    return found if isinstance(found, tuple) else (found,)
