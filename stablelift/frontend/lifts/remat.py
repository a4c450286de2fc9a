"""remat: a Module that is recomputed from its inputs and variables when it is differentiated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from stablelift.frontend import functional
from stablelift.frontend.filters import Filter
from stablelift.frontend.lifts.outside_keys import keys_from_outside
from stablelift.frontend.lifts.pack import Groups, Packed, check_arrays, pack
from stablelift.frontend.lifts.transform import LiftedCall, lift_transform
from stablelift.lowering.checkpoint import AnyPolicy, static_positions


def remat(
    target: Any,
    variables: Filter = True,
    rngs: Filter = True,
    concrete: bool = False,
    prevent_cse: bool = True,
    static_argnums: int | Sequence[int] = (),
    policy: AnyPolicy = None,
    methods: Any = None,
) -> Any:
    """Recompute a Module class or a function of a Module in the backward pass, in place of storing it.

    `prevent_cse` keeps the compiler from merging the two computations; inside a `scan` that is needless.
    `static_argnums` are arguments that are no arrays; the Module is 0. `policy`, one of
    `stablelift.checkpoint_policies` or its text, or one of `jax.checkpoint_policies`, says what is stored all
    the same. `concrete` must be False.
    Raises: NotImplementedError, TransformTargetError.
    """
    _refuse_concrete(concrete)
    options = {
        "variables": variables,
        "rngs": rngs,
        "prevent_cse": prevent_cse,
        "static_argnums": static_argnums,
        "policy": policy,
    }
    return lift_transform("checkpoint", _make, target, methods, **options)


checkpoint = remat


def _make(static_argnums: int | Sequence[int] = (), **options: Any) -> Any:
    numbers = (static_argnums,) if isinstance(static_argnums, int) else static_argnums
    without_module = tuple(number - (number > 0) for number in numbers if number)  # -1 is the last

    def run(call: LiftedCall, *args: Any, **kwargs: Any) -> Any:
        lifted = remat_scopes(call.body, static_argnums=without_module, **options)
        return lifted(call.scopes, *args, **kwargs)

    return run


def remat_scopes(
    fn: Callable[..., Any],
    variables: Filter = True,
    rngs: Filter = True,
    concrete: bool = False,
    prevent_cse: bool = True,
    static_argnums: int | Sequence[int] = (),
    policy: AnyPolicy = None,
) -> Callable[..., Any]:
    """The same for `fn(scopes, *args)`; `static_argnums` count the arguments after the scopes."""
    _refuse_concrete(concrete)

    def recomputed(packed: Packed, *args: Any, **kwargs: Any) -> tuple[Any, Groups]:
        fixed = static_positions("remat", static_argnums, len(args))
        traced = [arg for number, arg in enumerate(args) if number not in fixed]
        check_arrays("remat", packed, (traced, kwargs), hint="name it in `static_argnums`; the Module is 0")

        def body(variables: Groups, *args: Any, **kwargs: Any) -> tuple[Any, Groups]:
            return packed.run(fn, variables, packed.rng_groups, *args, **kwargs)

        body.__name__ = getattr(fn, "__name__", "body")
        packed.draw_outside = keys_from_outside(packed.roots, {})
        lifted = functional.checkpoint(
            body,
            prevent_cse=prevent_cse,
            policy=policy,
            static_argnums=tuple(number + 1 for number in fixed),
        )
        return lifted(packed.variable_groups, *args, **kwargs)

    return pack(recomputed, (variables,), (variables,), (rngs,), "remat", enable_kwargs=True)


def _refuse_concrete(concrete: bool) -> None:
    if concrete:
        raise NotImplementedError("`remat` takes `concrete` for compatibility only; use `static_argnums`")
