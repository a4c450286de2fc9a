"""custom_jvp and custom_vjp: pure functions with derivative rules of their own, as `jax` has them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import partial, update_wrapper
from typing import Any, cast

import jax

from stablelift.lowering import jax_compat
from stablelift.lowering.callee import avals_of, call, flat_arrays, name_of
from stablelift.lowering.custom_calls import call_with_jvp, call_with_vjp
from stablelift.lowering.recursion import ORDERS, Recursion, Tracing, beyond_orders


class _Custom:
    """A function that waits for its rule.

    Arguments at `nondiff_argnums`, and those named by `nondiff_argnames`, are passed on as they are.
    """

    def __init__(
        self,
        function: Callable,
        nondiff_argnums: int | Sequence[int] = (),
        nondiff_argnames: str | Sequence[str] = (),
    ):
        self._function, self._name = function, name_of(function)
        numbers = {nondiff_argnums} if isinstance(nondiff_argnums, int) else {*nondiff_argnums}
        self._nondiff = tuple(sorted(numbers | _numbers_of(function, nondiff_argnames)))
        self._tracing = Tracing()
        update_wrapper(cast(Callable, self), function)

    def _split(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[list[Any], list[Any]]:
        """The arguments that are passed on, and those to differentiate: keywords are made positional, and
        defaults are arguments like others, as in JAX.
        """
        function = _opaque if isinstance(self._function, partial) else self._function
        try:
            bound = inspect.signature(function).bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{self._name}: `{name_of(self._function)}`: {error}") from None
        bound.apply_defaults()
        if names := ", ".join(name for name in bound.kwargs if name in kwargs):
            raise TypeError(f"{self._name}: expected positional arguments, found {names}")
        args = bound.args
        static = [args[number] for number in self._nondiff]
        return static, [arg for number, arg in enumerate(args) if number not in self._nondiff]

    def _recursive(self, static: list[Any], given: list[Any]) -> Recursion:
        """The op that these arguments make: the one whose rule is being traced, if it is the same."""
        leaves, tree = flat_arrays(given)
        types = tuple((aval.shape, aval.dtype) for aval in avals_of(leaves))
        return Recursion(self._tracing.ops, (tuple(map(_identity, static)), tree, types))

    def _with(self, function: Callable, static: list[Any]) -> Callable:
        """`function` with the arguments that are passed on filled in."""

        def filled(*given: Any) -> Any:
            fixed, rest = dict(zip(self._nondiff, static, strict=True)), iter(given)
            count = len(static) + len(given)
            return function(*(fixed[n] if n in fixed else next(rest) for n in range(count)))

        filled.__name__ = name_of(function)
        return filled


class custom_vjp(_Custom):
    """A function whose gradients a user's pair of functions gives, as `jax.custom_vjp`."""

    _rules: tuple[Callable, Callable] | None = None

    def defvjp(self, fwd: Callable, bwd: Callable, *, optimize_remat: bool = False) -> None:
        """Attach the rule.

        Args:
          fwd: Takes the function's arguments; returns (output, residuals).
          bwd: (*nondiff_args, residuals, cotangent of the output) -> a tuple with a gradient for each
            argument that is differentiated; None is zero.
          optimize_remat: Has no effect: what a forward pass does not need of a rule is never computed.
        """
        self._rules = fwd, bwd

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._rules is None:
            raise AttributeError(f"custom_vjp: `{self._name}` has no rule; give it one by `defvjp`")
        fwd, bwd = self._rules
        static, given = self._split(args, kwargs)

        def backward(residuals: Any, cotangent: Any) -> Any:
            return bwd(*static, residuals, cotangent)

        backward.__name__ = name_of(bwd)
        functions = self._with(self._function, static), self._with(fwd, static), backward
        return call_with_vjp(*functions, *given, recursion=self._recursive(static, given))


class custom_jvp(_Custom):
    """A function whose tangents a user's function gives, as `jax.custom_jvp`."""

    _rule: Callable | None = None

    def defjvp(self, jvp: Callable, symbolic_zeros: bool = False) -> Callable:
        """Attach the rule: (*nondiff_args, primals, tangents) -> (output, its tangent). Returns the rule.

        `symbolic_zeros` is accepted and has no effect: tangents are always arrays.
        """
        self._rule = jvp
        return jvp

    def defjvps(self, *jvps: Callable | None) -> None:
        """Attach one rule for each argument: (tangent, output, *args) -> its part of the output's tangent.

        None stands for an argument that has no part in it.
        """

        def rule(primals: Any, tangents: Any) -> Any:
            out = self(*primals)
            given = zip(jvps, tangents, strict=True)
            parts = [jvp(tangent, out, *primals) for jvp, tangent in given if jvp is not None]
            return out, jax.tree.map(lambda *terms: sum(terms[1:], terms[0]), *parts) if parts else None

        self._rule = rule

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._rule is None:
            raise AttributeError(f"custom_jvp: `{self._name}` has no rule; give it one by `defjvp`")
        static, given = self._split(args, kwargs)
        rule, function = self._rule, self._with(self._function, static)
        if not any(map(jax_compat.can_carry_tangent, avals_of(flat_arrays(given)[0]))):
            return call(function)(*given)  # nothing will ask for the rule

        is_last = len(self._tracing.ops) >= ORDERS

        def moved(primals: Any, tangents: Any) -> Any:
            if is_last:
                raise beyond_orders()
            return rule(*static, primals, tangents)

        moved.__name__ = name_of(rule)
        recursion = self._recursive(static, given)
        return call_with_jvp(function, moved, *given, recursion=recursion)


def _opaque(*args: Any, **kwargs: Any) -> None:
    """The signature of a partial function, whose own is not looked at, as in JAX."""


def _numbers_of(function: Callable, names: str | Sequence[str]) -> set[int]:
    """The positions of parameters, by name."""
    names = (names,) if isinstance(names, str) else tuple(names)
    known = list(inspect.signature(function).parameters) if names else []
    for name in names:
        if name not in known:
            of = name_of(function)
            raise ValueError(f"nondiff_argnames: expected parameters of `{of}`, found {name!r}")
    return {known.index(name) for name in names}


def _identity(value: Any) -> Any:
    """What an argument that is passed on is recognised by."""
    try:
        hash(value)
    except TypeError:
        return id(value)
    return type(value), value
