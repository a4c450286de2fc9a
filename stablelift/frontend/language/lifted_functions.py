"""Lifts of functions while a body runs: pure functions, methods, and modules, alike.

A function that uses variables is one of the module that holds them: its lift is that of the frontend, which
sees the variables. A pure one is lifted as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MethodType
from typing import Any

import jax

from stablelift.frontend import functional
from stablelift.frontend.language.static import RunMismatch
from stablelift.frontend.lifts import branches, derivatives, gradients
from stablelift.frontend.lifts import custom_vjp as customs
from stablelift.frontend.lifts import jit as jits
from stablelift.frontend.lifts import remat as remats
from stablelift.frontend.lifts import scan as scans
from stablelift.frontend.lifts import vmap as vmaps
from stablelift.frontend.lifts import while_loop as while_loops
from stablelift.frontend.module import Module


@dataclass(frozen=True)
class Bound:
    """A function of a module and arguments, and that module; None for a pure function."""

    body: Callable[..., Any]
    module: Module | None

    def __call__(self, *arguments: Any) -> Any:
        return self.body(self.module, *arguments)


def bound(function: Any) -> Bound:
    """Any function as a function of the module whose variables it uses. Raises RunMismatch."""
    if isinstance(function, Bound):
        return function
    if isinstance(function, Module):
        return Bound(lambda module, *arguments: module(*arguments), function)
    if isinstance(function, MethodType) and isinstance(function.__self__, Module):
        name = function.__name__
        return Bound(lambda module, *arguments: getattr(module, name)(*arguments), function.__self__)
    if not callable(function):
        raise RunMismatch(f"expected a function, found a value of type `{type(function).__name__}`")
    return Bound(lambda _module, *arguments: function(*arguments), None)


def member(module: Module, path: str) -> Bound:
    """A method or submodule of the running module, found anew in whatever stands for it inside of a lift."""

    def body(module: Any, *arguments: Any) -> Any:
        for name in path.split("."):
            module = getattr(module, name)
        return module(*arguments)

    value = getattr(module, path) if "." not in path else None
    pure = callable(value) and not isinstance(value, (Module, MethodType))
    return bound(value) if pure else Bound(body, module)


def _owner(functions: tuple[Bound, ...]) -> Module | None:
    """The module that the functions are of. Raises RunMismatch if there are several."""
    owners = [function.module for function in functions if function.module is not None]
    if any(owner is not owners[0] for owner in owners):
        hint = "declare the submodules above the methods, and hand methods to the lift"
        raise RunMismatch("the functions of a lift use the variables of different modules", hint)
    return owners[0] if owners else None


_SHARED: dict[str, Any] = {"variable_axes": {True: None}, "split_rngs": {True: False}}


def vmap(functions: tuple[Bound, ...], in_axes: Any = 0, out_axes: Any = 0, **options: Any) -> Bound:
    """`jax.vmap`; variables and random keys are shared."""
    (function,) = functions

    def body(module: Any, *arguments: Any) -> Any:
        if module is None:
            mapped = functional.vmap(function, in_axes, out_axes, **options)
            return mapped(*arguments)
        mapped = vmaps.vmap(function.body, in_axes=in_axes, out_axes=out_axes, **_SHARED, **options)
        return mapped(module, *arguments)

    return Bound(body, function.module)


def scan(functions: tuple[Bound, ...], **options: Any) -> Bound:
    """`(carry, *xs) -> (carry, ys)`; variables and random keys are shared by the steps."""
    (function,) = functions

    def body(module: Any, carry: Any, *xs: Any) -> Any:
        shared = {"variable_broadcast": True, "split_rngs": {True: False}}
        if module is not None:
            return scans.scan(function.body, **shared, **options)(module, carry, *xs)
        pure = {name: value for name, value in options.items() if name != "check_constancy_invariants"}
        step = (lambda carry, x: function(carry, *x)) if xs else lambda carry, _: function(carry)
        return functional.scan(step, carry, xs or None, **pure)

    return Bound(body, function.module)


def remat(functions: tuple[Bound, ...], **options: Any) -> Bound:
    """Recomputes the function in the backward pass."""
    (function,) = functions

    def body(module: Any, *arguments: Any) -> Any:
        if module is None:
            return functional.checkpoint(function, **options)(*arguments)
        return remats.remat(function.body, **options)(module, *arguments)

    return Bound(body, function.module)


def jit(functions: tuple[Bound, ...]) -> Bound:
    """Compiles the function."""
    (function,) = functions
    if function.module is None:
        compiled = functional.jit(function)
        return Bound(lambda _module, *arguments: compiled(*arguments), None)
    return Bound(lambda module, *arguments: jits.jit(function.body)(module, *arguments), function.module)


def value_and_grad(functions: tuple[Bound, ...], argnums: Any = 0) -> Bound:
    """The value, and the gradient for one argument, or a tuple of those for several."""
    (function,) = functions

    def body(module: Any, *arguments: Any) -> Any:
        if module is None:
            return functional.value_and_grad(function, argnums)(*arguments)
        value, found = gradients.value_and_grad(function.body, module, *arguments)
        if isinstance(argnums, tuple):
            return value, tuple(found[number] for number in argnums)
        return value, found[argnums]

    return Bound(body, function.module)


def grad(functions: tuple[Bound, ...], argnums: Any = 0) -> Bound:
    """The gradients of `value_and_grad` alone."""
    both = value_and_grad(functions, argnums)
    return Bound(lambda module, *arguments: both.body(module, *arguments)[1], both.module)


def jvp(functions: tuple[Bound, ...]) -> Bound:
    """`(primals, tangents) -> (value, tangent)`; variables have no tangents."""
    (function,) = functions

    def body(module: Any, primals: Any, tangents: Any) -> Any:
        if module is None:
            return functional.jvp(function, primals, tangents)
        return derivatives.jvp(function.body, module, primals, tangents, {})

    return Bound(body, function.module)


def vjp(functions: tuple[Bound, ...]) -> Bound:
    """`(*primals) -> (value, pullback)`; the pullback gives one gradient, or a tuple for several primals."""
    (function,) = functions

    def body(module: Any, *primals: Any) -> Any:
        if module is None:
            value, pullback = functional.vjp(function, *primals)
        else:
            value, lifted = derivatives.vjp(function.body, module, *primals, vjp_variables=False)
            pullback = lambda cotangent: lifted(cotangent)[1:]  # noqa: E731

        def pull_back(cotangent: Any) -> Any:
            found = pullback(cotangent)
            return found[0] if len(found) == 1 else tuple(found)

        return value, pull_back

    return Bound(body, function.module)


def custom_vjp(functions: tuple[Bound, ...]) -> Bound:
    """A function whose gradient two others give.

    `forward` returns the results of the function, then residuals; `backward`, which is pure, takes the
    residuals, then the cotangents, and returns the gradient of each argument. Variables that the function
    uses have their own gradients.
    """
    function, forward, backward = functions
    if backward.module is not None:
        hint = "write a `fn`, and make what it needs a residual"
        raise RunMismatch("the backward function of `custom_vjp` has no variables", hint)
    owner = _owner(functions)
    if owner is not None:
        return _custom_vjp_of_module(function, forward, backward, owner)
    lifted = functional.custom_vjp(function)

    def run_forward(*arguments: Any) -> tuple[Any, Any]:
        return _residuals(jax.eval_shape(function, *arguments), forward(*arguments))

    lifted.defvjp(run_forward, lambda residuals, ct: _pulled_back(backward, residuals, ct))
    return Bound(lambda _module, *arguments: lifted(*arguments), None)


def _custom_vjp_of_module(function: Bound, forward: Bound, backward: Bound, owner: Module) -> Bound:
    """The pullback of the function is one more residual: it has the gradients of the variables."""

    def run_forward(module: Any, *arguments: Any) -> tuple[Any, Any]:
        results, pullback = derivatives.vjp(function.body, module, *arguments)
        results, residuals = _residuals(results, forward.body(module, *arguments))
        return results, (pullback, residuals)

    def run_backward(residuals: Any, cotangent: Any) -> Any:
        pullback, kept = residuals
        return pullback(cotangent)[0], *_pulled_back(backward, kept, cotangent)

    lifted = customs.custom_vjp(function.body, run_forward, run_backward)
    return Bound(lifted, owner)


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


def while_loop(functions: tuple[Bound, ...], **options: Any) -> Bound:
    """`carry = body(carry)` as long as `condition(carry)` holds."""
    condition, step = functions

    def body(module: Any, carry: Any) -> Any:
        if module is None:
            return functional.while_loop(condition, step, carry, **options)
        return while_loops.while_loop(condition.body, step.body, module, carry, **options)

    return Bound(body, _owner(functions))


def cond(functions: tuple[Bound, ...]) -> Bound:
    """`(predicate, *operands)`: one of two functions of the operands."""
    chosen, otherwise = functions

    def body(module: Any, predicate: Any, *operands: Any) -> Any:
        if module is None:
            return functional.cond(predicate, chosen, otherwise, *operands)
        _create(functions, module, operands)
        return branches.cond(predicate, chosen.body, otherwise.body, module, *operands)

    return Bound(body, _owner(functions))


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

    return Bound(body, _owner(functions))


_LIFTS: dict[str, Callable[..., Bound]] = {
    "vmap": vmap,
    "scan": scan,
    "remat": remat,
    "checkpoint": remat,
    "jit": jit,
    "grad": grad,
    "value_and_grad": value_and_grad,
    "jvp": jvp,
    "vjp": vjp,
    "custom_vjp": custom_vjp,
    "while_loop": while_loop,
    "cond": cond,
    "switch": switch,
}


def lift(word: str, functions: tuple[Any, ...], **options: Any) -> Bound:
    """The lift called `word` of the functions."""
    return _LIFTS[word](tuple(map(bound, functions)), **options)
