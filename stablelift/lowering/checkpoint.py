"""checkpoint: a pure function whose derivative recomputes it from its inputs, as one `lift.remat`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import jax

from stablelift.lowering.callee import Callee, avals_of, flat_arrays


def checkpoint(
    function: Callable,
    *,
    prevent_cse: bool = True,
    policy: Callable[..., Any] | None = None,
    static_argnums: int | Sequence[int] = (),
) -> Callable:
    """`function`, recomputed from its inputs where it is differentiated, as `jax.checkpoint`.

    Args:
      function: A function of pytrees.
      prevent_cse: Whether XLA is kept from merging the recomputation with the first computation.
      policy: Which intermediate values to save all the same, one of `jax.checkpoint_policies`.
      static_argnums: Positional arguments that are no arrays: the function gets them as they are.
    """
    static = (static_argnums,) if isinstance(static_argnums, int) else tuple(static_argnums)

    @wraps(function)
    def rematerialised(*args: Any, **kwargs: Any) -> Any:
        fixed = {position % len(args) for position in static if -len(args) <= position < len(args)}
        given = [arg for position, arg in enumerate(args) if position not in fixed]

        @wraps(function)
        def body(*given: Any, **kwargs: Any) -> Any:
            rest = iter(given)
            filled = [arg if position in fixed else next(rest) for position, arg in enumerate(args)]
            return function(*filled, **kwargs)

        arrays, in_tree = flat_arrays((tuple(given), kwargs))
        callee = Callee(body, in_tree, avals_of(arrays))
        name = policy_name(policy)
        results = callee.bind("lift.remat", arrays, callee.out_avals, prevent_cse=prevent_cse, policy=name)
        return jax.tree.unflatten(callee.out_tree, results)

    return rematerialised


remat = checkpoint


def policy_name(policy: Any) -> str | None:
    """The name of a rematerialisation policy among JAX's, else that of the function; None for the default."""
    if policy is None:
        return None
    known = [name for name, one in vars(jax.checkpoint_policies).items() if one is policy]
    return known[0] if known else getattr(policy, "__name__", type(policy).__name__)
