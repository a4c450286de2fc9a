"""custom_vjp: a function of a Module whose gradient a pair of functions gives."""

from __future__ import annotations

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
    numbers = (nondiff_argnums,) if isinstance(nondiff_argnums, int) else tuple(nondiff_argnums)

    def run(call: LiftedCall, *args: Any, **kwargs: Any) -> Any:
        scope, (body, forward) = with_one_scope("custom_vjp", call)
        without_module = tuple(number - 1 for number in numbers if number)
        lifted = custom_vjp_scopes(body, forward, backward_fn, grad_vars, without_module)
        return lifted(scope, *args, **kwargs)

    return lift_functions(run, (fn, forward_fn))


def custom_vjp_scopes(
    fn: Callable[..., Any],
    forward_fn: Callable[..., Any],
    backward_fn: Callable[..., Any],
    grad_vars: Filter = "params",
    nondiff_argnums: int | Sequence[int] = (),
) -> Callable[..., Any]:
    """The same for functions of `(scopes, *args)`; `nondiff_argnums` count the arguments after the scopes."""
    fixed = (nondiff_argnums,) if isinstance(nondiff_argnums, int) else tuple(nondiff_argnums)

    def differentiable(packed: Packed, *args: Any) -> tuple[Any, Groups]:
        given, others = packed.variable_groups
        given = unfreeze_all(given)
        before = [counts(root) for root in packed.roots]
        static = [arg for number, arg in enumerate(args) if number in fixed]

        def run(body: Callable[..., Any], given: Any, traced: Sequence[Any]) -> tuple[Any, Groups]:
            rest = iter(traced)
            filled = [arg if number in fixed else next(rest) for number, arg in enumerate(args)]
            return packed.run(body, (given, others), packed.rng_groups, *filled)

        def primal(given: Any, *args: Any) -> tuple[Any, Groups]:
            return run(fn, given, args)

        def forward(given: Any, *args: Any) -> tuple[Any, Any]:
            found, written = run(forward_fn, given, args)
            if not isinstance(found, tuple) or len(found) != 2:
                raise LiftTypeError(
                    f"`custom_vjp` wants (output, residuals) from `{forward.__name__}`, "
                    f"found {type(found).__name__}"
                )
            return (found[0], written), found[1]

        def backward(residuals: Any, cotangent: Any) -> tuple[Any, ...]:
            variables, *inputs = backward_fn(*static, residuals, cotangent[0])
            by_root = packed.structure.flatten_up_to(variables)
            return tuple(map(_completed, by_root, given)), *inputs

        primal.__name__ = function_name(fn)
        forward.__name__, backward.__name__ = function_name(forward_fn), function_name(backward_fn)
        diff = [arg for number, arg in enumerate(args) if number not in fixed]
        arrays, in_tree = flat_arrays(((given, *diff), {}))
        callee = Callee(primal, in_tree, avals_of(arrays))
        after = [counts(root) for root in packed.roots]
        if _creates(callee, given):
            results = callee.bind("lift.call", arrays, callee.out_avals)
            return jax.tree_util.tree_unflatten(callee.out_tree, results)
        for root, drawn in zip(packed.roots, before, strict=True):
            set_counts(root, drawn)  # both functions draw the same keys
        result = call_with_vjp(callee, forward, backward, given, *diff)
        for root, drawn in zip(packed.roots, after, strict=True):
            set_counts(root, drawn)
        return result

    return pack(differentiable, (grad_vars, True), (grad_vars, True), (True,), "custom_vjp")


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
