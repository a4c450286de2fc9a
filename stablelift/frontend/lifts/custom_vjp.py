"""custom_vjp: a function of a Module whose gradient a pair of functions gives."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import jax

from stablelift.errors import LiftTypeError
from stablelift.frontend.calling import function_name
from stablelift.frontend.filters import Filter
from stablelift.frontend.frozen_dict import unfreeze
from stablelift.frontend.lifts.derivatives import unfreeze_all, with_one_scope
from stablelift.frontend.lifts.fingerprint import counts, set_counts
from stablelift.frontend.lifts.pack import Groups, Packed, pack
from stablelift.frontend.lifts.transform import LiftedCall, lift_functions
from stablelift.lowering.callee import Callee, avals_of, flat_arrays
from stablelift.lowering.custom_calls import call_with_vjp

_NAME = ("__name__",)


def custom_vjp(
    fn: Callable[..., Any],
    forward_fn: Callable[..., Any],
    backward_fn: Callable[..., Any],
    grad_vars: Filter = "params",
    nondiff_argnums: int | Sequence[int] = (),
) -> Callable[..., Any]:
    """`fn(mdl, *args)` with a gradient of its own.

    Args:
      fn: A function of a Module.
      forward_fn: Takes the same arguments; returns `(output, residuals)`. The pullback of `vjp` may be a
        residual.
      backward_fn: `(*nondiff_args, residuals, cotangent of the output)` -> a tuple: the gradient of the
        variables in `grad_vars`, such as `{"params": ...}`, then one for each argument. There is no Module.
      grad_vars: The collections that have a gradient.
      nondiff_argnums: Arguments that have none, and may be other things than arrays; the Module is 0.

    A call that creates variables in `grad_vars` has the gradient of `fn`: there is nothing yet that
    `backward_fn` could return a gradient for.
    Raises: NotImplementedError if other Modules take part, TypeError if the functions do not fit each other.
    """

    def run(call: LiftedCall, *args: Any, **kwargs: Any) -> Any:
        scope, (body, forward) = with_one_scope("custom_vjp", call)
        lifted = custom_vjp_scopes(body, forward, backward_fn, grad_vars, nondiff_argnums)
        return lifted(scope, *args, **kwargs)

    return lift_functions(run, (fn, forward_fn))


def custom_vjp_scopes(
    fn: Callable[..., Any],
    forward_fn: Callable[..., Any],
    backward_fn: Callable[..., Any],
    grad_vars: Filter = "params",
    nondiff_argnums: int | Sequence[int] = (),
) -> Callable[..., Any]:
    """The same for functions of `(scopes, *args)`; in `nondiff_argnums` the scopes are 0."""
    numbers = (nondiff_argnums,) if isinstance(nondiff_argnums, int) else tuple(nondiff_argnums)
    fixed = [number - 1 for number in numbers if number]

    def differentiable(packed: Packed, *args: Any) -> tuple[Any, Groups]:
        call = _Call(packed, fn, forward_fn, backward_fn, fixed, args)
        before = [counts(root) for root in packed.roots]
        arrays, in_tree = flat_arrays((call.operands, {}))
        callee = Callee(call.primal, in_tree, avals_of(arrays))
        after = [counts(root) for root in packed.roots]
        if _creates(callee, call.operands[0]):
            results = callee.bind("lift.call", arrays, callee.out_avals)
            return jax.tree_util.tree_unflatten(callee.out_tree, results)
        _set_all(packed, before)  # both functions draw the same keys
        result = call_with_vjp(callee, call.forward, call.backward, *call.operands)
        _set_all(packed, after)
        return result

    return pack(differentiable, (grad_vars, True), (grad_vars, True), (True,), "custom_vjp")


class _Call:
    """One call: its three functions as functions of the variables and arguments that have a gradient."""

    def __init__(
        self,
        packed: Packed,
        fn: Callable[..., Any],
        forward_fn: Callable[..., Any],
        backward_fn: Callable[..., Any],
        fixed: Sequence[int],
        args: tuple[Any, ...],
    ):
        self._packed, self._args = packed, args
        self._given, self._others = unfreeze_all(packed.variable_groups[0]), packed.variable_groups[1]
        self._static = [arg for number, arg in enumerate(args) if number in fixed]
        # Python's integers and booleans have no gradient, and stay what they are, as in JAX outside of `jit`.
        self._is_traced = [
            number not in fixed and not isinstance(arg, int) for number, arg in enumerate(args)
        ]
        self._is_told = [traced for number, traced in enumerate(self._is_traced) if number not in fixed]
        self.operands = (self._given, *itertools.compress(args, self._is_traced))
        self._forward_fn, self._backward_fn = forward_fn, backward_fn
        self.primal = functools.update_wrapper(functools.partial(self._run, fn), fn, _NAME, ())
        self.forward = functools.update_wrapper(functools.partial(self._forward), forward_fn, _NAME, ())
        self.backward = functools.update_wrapper(functools.partial(self._backward), backward_fn, _NAME, ())

    def _run(self, body: Callable[..., Any], given: Any, *traced: Any) -> tuple[Any, Groups]:
        rest = iter(traced)
        pairs = zip(self._args, self._is_traced, strict=True)
        filled = [next(rest) if is_traced else arg for arg, is_traced in pairs]
        return self._packed.run(body, (given, self._others), self._packed.rng_groups, *filled)

    def _forward(self, given: Any, *args: Any) -> tuple[Any, Any]:
        found, written = self._run(self._forward_fn, given, *args)
        if not isinstance(found, tuple) or len(found) != 2:
            name = function_name(self._forward_fn)
            raise LiftTypeError(
                f"`custom_vjp` wants (output, residuals) from `{name}`, found {type(found).__name__}"
            )
        return (found[0], written), found[1]

    def _backward(self, residuals: Any, cotangent: Any) -> tuple[Any, ...]:
        """The gradients that the user's function returns; it is not told those of the variables written."""
        found = self._backward_fn(*self._static, residuals, cotangent[0])
        wanted = 1 + len(self._is_told)
        if not isinstance(found, tuple | list) or len(found) != wanted:
            spelled = f"{len(found)} of them" if isinstance(found, tuple | list) else type(found).__name__
            name = function_name(self._backward_fn)
            raise LiftTypeError(
                f"`custom_vjp` wants a tuple of {wanted} gradients from `{name}`, "
                f"of the variables and of each argument, found {spelled}"
            )
        by_root = self._packed.structure.flatten_up_to(found[0])
        return tuple(map(_completed, by_root, self._given)), *itertools.compress(found[1:], self._is_told)


def _set_all(packed: Packed, drawn: list[Any]) -> None:
    for root, numbers in zip(packed.roots, drawn, strict=True):
        set_counts(root, numbers)


def _creates(callee: Callee, given: Any) -> bool:
    """Whether the function leaves variables that it was not given."""
    _, written = jax.tree_util.tree_unflatten(callee.out_tree, callee.out_avals)
    held = [set(_places(collections)) for collections in given]
    return any(not set(_places(new)) <= old for new, old in zip(written[0], held, strict=True))


def _places(collections: Any) -> list[str]:
    leaves = jax.tree_util.tree_leaves_with_path(collections)
    return [jax.tree_util.keystr(path) for path, _ in leaves]


def _completed(gradient: Any, given: Any) -> Any:
    """The user's gradient of the collections that were given; one that holds nothing may be left out."""
    found = {col: xs for col, xs in unfreeze(gradient).items() if not isinstance(xs, dict) or xs}
    return {**{col: {} for col in given}, **found}
