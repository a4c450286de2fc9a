"""checkpoint: a pure function whose derivative recomputes it from its inputs, as one `lift.remat`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import jax

from stablelift.ir.policy import Policy, parse
from stablelift.lowering.callee import Callee, avals_of, flat_arrays
from stablelift.lowering.jax_compat import Jaxpr
from stablelift.lowering.marks import marked

AnyPolicy = Policy | str | Callable[..., Any] | None
"""What says which values a reverse may keep: see `with_policy`."""


def checkpoint(
    function: Callable,
    *,
    prevent_cse: bool = True,
    policy: AnyPolicy = None,
    static_argnums: int | Sequence[int] = (),
) -> Callable:
    """`function`, recomputed from its inputs where it is differentiated, as `jax.checkpoint`.

    Args:
      function: A function of pytrees.
      prevent_cse: Whether XLA is kept from merging the recomputation with the first computation.
      policy: Which intermediate values to save all the same: one of `stablelift.checkpoint_policies`, its
        text, or one of `jax.checkpoint_policies`. None saves nothing.
      static_argnums: Positional arguments that are no arrays: the function gets them as they are.

    Raises:
      ValueError: There is no positional argument of a number in `static_argnums`.
    """

    @wraps(function)
    def rematerialised(*args: Any, **kwargs: Any) -> Any:
        fixed = static_positions("checkpoint", static_argnums, len(args))
        given = [arg for position, arg in enumerate(args) if position not in fixed]

        @wraps(function)
        def body(*given: Any, **kwargs: Any) -> Any:
            rest = iter(given)
            filled = [arg if position in fixed else next(rest) for position, arg in enumerate(args)]
            return function(*filled, **kwargs)

        arrays, in_tree = flat_arrays((tuple(given), kwargs))
        callee = Callee(body, in_tree, avals_of(arrays))
        callee.jaxpr, text = with_policy(callee.jaxpr, policy)
        results = callee.bind("lift.remat", arrays, callee.out_avals, prevent_cse=prevent_cse, policy=text)
        return jax.tree.unflatten(callee.out_tree, results)

    return rematerialised


remat = checkpoint


def static_positions(what: str, static_argnums: int | Sequence[int], count: int) -> set[int]:
    """The positions that `static_argnums` names among `count` positional arguments; negative ones count from
    the end.

    Raises:
      ValueError: There is no such argument.
    """
    static = (static_argnums,) if isinstance(static_argnums, int) else tuple(static_argnums)
    for position in static:
        if not -count <= position < count:
            raise ValueError(
                f"{what}: static_argnums names argument {position}, and {count} are given by position\n"
                "  hint: give static arguments by position, not by keyword"
            )
    return {position % count for position in static}


def with_policy(jaxpr: Jaxpr, policy: AnyPolicy) -> tuple[Jaxpr, str | None]:
    """The text of a policy for a function, and the function; a policy of Python's names there what it keeps.

    Raises:
      ValueError: A text spells no policy.
      TypeError: The policy is none of the kinds that there are.
    """
    if isinstance(policy, str):
        policy = parse(policy)
    if policy is None or isinstance(policy, Policy):
        return jaxpr, None if policy is None else str(policy)
    if not callable(policy):
        raise TypeError(f"policy: expected one of stablelift.checkpoint_policies, found {policy!r}")
    if (known := _of_jax(policy)) is not None:
        return jaxpr, str(known)
    jaxpr, named = marked(jaxpr, policy)
    return jaxpr, str(named)


def _of_jax(policy: Callable[..., Any]) -> Policy | None:
    """One of JAX's policies as one of ours, where it can be told from a user's function."""
    for name, known in vars(jax.checkpoint_policies).items():
        if known is policy:
            return parse(name)
    return None
