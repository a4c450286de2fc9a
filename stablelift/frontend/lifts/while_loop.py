"""while_loop: functions of a Module as condition and body of a loop, its variables shared or carried."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax

from stablelift.frontend import functional
from stablelift.frontend.calling import function_name
from stablelift.frontend.filters import Filter
from stablelift.frontend.lifts.carry import check_carried_variables, check_carry
from stablelift.frontend.lifts.pack import Groups, Packed, check_arrays, pack
from stablelift.frontend.lifts.transform import lift_directly
from stablelift.frontend.rng import LazyRng


def while_loop(
    cond_fn: Callable[..., Any],
    body_fn: Callable[..., Any],
    mdl: Any,
    init: Any,
    carry_variables: Filter = False,
    broadcast_variables: Filter = True,
    split_rngs: Mapping[Any, bool] = {},
    max_trip_count: int | None = None,
) -> Any:
    """Repeat `carry = body_fn(mdl, carry)` as long as `cond_fn(mdl, carry)` holds.

    Args:
      cond_fn: Returns a boolean scalar; it writes no variables.
      body_fn: Returns the next carry, of the same types; it creates no variables.
      mdl: A Module.
      init: The first carry.
      carry_variables: The collections that the body may write; each step hands them on to the next.
      broadcast_variables: The collections that are only read.
      split_rngs: For each stream whether each step has keys of its own; a stream not named is absent inside.
      max_trip_count: The loop ends after that many steps, whatever `cond_fn` says. With it the loop can be
        differentiated in reverse.

    Raises: LiftTypeError if the carry changes its structure or types, ModifyScopeVariableError.
    """

    def run(call: Any, *args: Any, **kwargs: Any) -> Any:
        lifted = while_loop_scopes(
            *call.bodies,
            carry_variables=carry_variables,
            broadcast_variables=broadcast_variables,
            split_rngs=split_rngs,
            max_trip_count=max_trip_count,
        )
        return lifted(call.scopes, *args, **kwargs)

    return lift_directly("while_loop", run, (cond_fn, body_fn), mdl, (init,))


def while_loop_scopes(
    cond_fn: Callable[..., Any],
    body_fn: Callable[..., Any],
    *,
    carry_variables: Filter = False,
    broadcast_variables: Filter = True,
    split_rngs: Mapping[Filter, bool] = {},
    max_trip_count: int | None = None,
) -> Callable[..., Any]:
    """The same for functions of `(scopes, carry)`, as a function of `(scopes, init)`."""
    splits = tuple(split_rngs.values())

    def looped(packed: Packed, init: Any) -> tuple[Any, Groups]:
        check_arrays("while_loop", packed, init)
        carried, shared = packed.variable_groups

        def holds(state: Any) -> Any:
            step, variables, carry = state
            rngs = _of_step(packed.rng_groups, splits, None if step is None else -step)
            return packed.run(cond_fn, (variables, shared), rngs, carry, mutable=False)[0]

        def body(state: Any) -> Any:
            step, variables, carry = state
            rngs = _of_step(packed.rng_groups, splits, step)
            following, (written,) = packed.run(body_fn, (variables, shared), rngs, carry)
            check_carry("while_loop", packed, carry, following)
            kept = tuple({**old, **new} for old, new in zip(variables, written, strict=True))
            check_carried_variables("while_loop", "carry_variables", packed, variables, kept)
            return None if step is None else step + 1, kept, following

        body.__name__ = function_name(body_fn)
        start = (0 if any(splits) else None, carried, init)
        _, carried, carry = functional.while_loop(holds, body, start, max_trip_count)
        return carry, (carried,)

    filters = (carry_variables, broadcast_variables)
    return pack(looped, filters, (carry_variables,), tuple(split_rngs), "while_loop")


def _of_step(groups: Groups, splits: tuple[bool, ...], step: Any) -> Groups:
    """The streams as one step sees them: where they are split, the step is folded into their roots."""
    return tuple(
        _folded(group, step) if split else group for group, split in zip(groups, splits, strict=True)
    )


def _folded(group: Any, step: Any) -> Any:
    return jax.tree_util.tree_map(
        lambda rng: LazyRng(jax.random.fold_in(rng.rng, step), rng.suffix),
        group,
        is_leaf=lambda x: isinstance(x, LazyRng),
    )
